import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer, uint16Array } from 'ipclab/atomics'

/**
 * The bounded buffer for any number of producers and consumers, in the manner of the textbook's C++ version: the indices
 * are atomic, so that whoever waits may look at them without a lock, and a mutex makes "look, put in, move the index on"
 * one step. The waiting is done outside the mutex; what was seen there may no longer hold inside, and is looked at again.
 * `bounded-buffer-mutex-careless` leaves that second look out.
 */
export default scenario('the bounded buffer with atomics and a mutex', {
  source: "the textbook's page on IPC, 'Producer-Consumer Problem' (the C++ implementation)",
  about:
    'Producers and consumers, atomic indices, and a mutex around every access to the buffer: no item is lost and none comes twice.',
  params: {
    producers: { default: 2, min: 1, max: 4, about: 'how many processes produce' },
    items: { default: 1, min: 1, max: 10, about: 'how many items each of them produces' },
    buff_max: { default: 2, min: 2, max: 10, about: 'slots of the buffer, one of which stays free' },
  },
  ghost: () => ({ produced: [] as number[], consumed: [] as number[] }),
  *setup({ params }) {
    const buffer = yield* shared_array_buffer((2 + params.buff_max) * 4)
    return {
      /** free_index and full_index, and the word that both lie in. */
      index: uint16Array(buffer, 0, 2),
      both: int32Array(buffer, 0, 1),
      mutex: int32Array(buffer, 4, 1),
      shared_buff: int32Array(buffer, 8),
    }
  },
  programs: {
    producer: {
      copies: ({ producers }) => producers,
      *program({ params: { items, buff_max }, shared: { index, both, mutex, shared_buff }, ghost, index: number }) {
        const hasRoom = (word: number): boolean => (freeOf(word) + 1) % buff_max !== fullOf(word)
        for (let i = 1; i <= items; i++) {
          const item = 100 * number + i
          const free = freeOf(yield* lockWhen(hasRoom, both, mutex))
          yield* shared_buff.set(free, item)
          yield* Atomics.store(index, FREE, (free + 1) % buff_max)
          ghost.produced.push(item)
          yield* unlock(mutex)
        }
      },
    },
    *consumer({ params: { producers, items, buff_max }, shared: { index, both, mutex, shared_buff }, ghost }) {
      const hasItems = (word: number): boolean => freeOf(word) !== fullOf(word)
      for (let i = 0; i < producers * items; i++) {
        const full = fullOf(yield* lockWhen(hasItems, both, mutex))
        ghost.consumed.push(yield* shared_buff.get(full))
        yield* Atomics.store(index, FULL, (full + 1) % buff_max)
        yield* unlock(mutex)
      }
    },
  },
  invariants: {
    'items are consumed once, in the order in which they were produced': ({ ghost: { produced, consumed } }) =>
      consumed.every((item, i) => produced[i] === item),
    'one slot stays free': ({ params, ghost: { produced, consumed } }) =>
      produced.length - consumed.length < params.buff_max,
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.consumed.length === params.producers * params.items,
  },
  sometimes: {
    'a producer has to wait': ({ params, ghost: { produced, consumed } }) =>
      produced.length - consumed.length === params.buff_max - 1 && produced.length < params.producers * params.items,
  },
  expect: 'proved',
})

const FREE = 0
const FULL = 1
const freeOf = (word: number): number => word & 0xffff
const fullOf = (word: number): number => word >>> 16

type Cells = SharedArray<'i32'>

/** Waits until the indices are right, takes the mutex, and makes sure that they still are; returns them. */
function* lockWhen(right: (word: number) => boolean, both: Cells, mutex: Cells): Program<number> {
  for (;;) {
    yield* both.await_(0, right)
    while ((yield* Atomics.exchange(mutex, 0, 1)) === 1) yield* mutex.await_(0, (held) => held === 0)
    const word = yield* Atomics.load(both, 0)
    if (right(word)) return word
    yield* unlock(mutex) // another was quicker
  }
}

function* unlock(mutex: Cells): Program {
  yield* Atomics.store(mutex, 0, 0)
}
