import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

const WRITTEN = 0
const READ = 1

/**
 * A ring between two workers, as one would write it for real: two counters that only grow, each written by one side, and
 * a sleep where there is nothing to do. Full is when the reader is a whole ring behind, so every slot can be used. A side
 * sleeps on the other's counter at the value that it saw, and so never misses a change; who changes a counter notifies.
 */
export default scenario('a ring between two workers', {
  source: 'the bounded buffer, with Atomics.wait in the place of busy waiting',
  about: 'One writer, one reader, a ring of slots. Every number arrives once and in order, and both can sleep.',
  params: {
    slots: { default: 1, min: 1, max: 8, about: 'how many numbers the ring holds' },
    numbers: { default: 2, min: 1, max: 20, about: 'how many are sent' },
  },
  ghost: () => ({ sent: 0, received: [] as number[], readerSlept: false, writerSlept: false }),
  *setup({ params }) {
    const buffer = yield* shared_array_buffer(8 + 4 * params.slots)
    return { counters: int32Array(buffer, 0, 2), ring: int32Array(buffer, 8) }
  },
  programs: {
    *writer({ params: { slots, numbers }, shared: { counters, ring }, ghost }) {
      let read = 0 // as it was last seen
      for (let written = 0; written < numbers; written++) {
        while (written - read === slots) {
          if ((yield* Atomics.wait(counters, READ, read)) === 'ok') ghost.writerSlept = true
          read = yield* Atomics.load(counters, READ)
        }
        yield* ring.set(written % slots, written + 1)
        yield* Atomics.store(counters, WRITTEN, written + 1)
        ghost.sent = written + 1
        yield* Atomics.notify(counters, WRITTEN)
      }
    },
    *reader({ params: { slots, numbers }, shared: { counters, ring }, ghost }) {
      let written = 0 // as it was last seen
      for (let read = 0; read < numbers; read++) {
        while (written === read) {
          if ((yield* Atomics.wait(counters, WRITTEN, written)) === 'ok') ghost.readerSlept = true
          written = yield* Atomics.load(counters, WRITTEN)
        }
        ghost.received.push(yield* ring.get(read % slots))
        yield* Atomics.store(counters, READ, read + 1)
        yield* Atomics.notify(counters, READ)
      }
    },
  },
  invariants: {
    'numbers arrive once and in order': ({ ghost }) => ghost.received.every((number, i) => number === i + 1),
    // The reader has taken a number before it says so.
    'the ring is never overrun': ({ params, ghost }) => ghost.sent - ghost.received.length <= params.slots,
  },
  atEnd: {
    'every number arrives': ({ params, ghost }) => ghost.received.length === params.numbers,
  },
  sometimes: {
    'the reader sleeps': ({ ghost }) => ghost.readerSlept,
    'the writer sleeps': ({ ghost }) => ghost.writerSlept,
  },
  expect: 'proved',
})
