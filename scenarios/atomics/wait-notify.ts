import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

const READY = 0
const DATA = 1

/**
 * One worker hands data to another: it writes the data, sets a flag, and notifies. The other sleeps until the flag is
 * set. `Atomics.wait` is told the value at which it is to sleep, and compares and falls asleep in one step: if the flag
 * is set just before, it does not sleep at all. The order matters: `notify-too-early` has it wrong.
 */
export default scenario('wait and notify', {
  source: 'ECMA-262, sections 25.4.13 (Atomics.wait) and 25.4.15 (Atomics.notify)',
  about: 'A worker sleeps until a flag is set and reads the data behind it. No wake-up is lost and the data is there.',
  params: {
    readers: { default: 2, min: 1, max: 4, about: 'how many workers wait for the data' },
  },
  ghost: () => ({ read: [] as number[], slept: false }),
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(8)) }
  },
  programs: {
    *writer({ shared: { cells } }) {
      yield* cells.set(DATA, 42)
      yield* Atomics.store(cells, READY, 1)
      yield* Atomics.notify(cells, READY)
    },
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { cells }, ghost }) {
        if ((yield* Atomics.wait(cells, READY, 0)) === 'ok') ghost.slept = true
        ghost.read.push(yield* cells.get(DATA))
      },
    },
  },
  invariants: {
    'who goes on finds the data': ({ ghost }) => ghost.read.every((data) => data === 42),
  },
  atEnd: {
    'all have read': ({ params, ghost }) => ghost.read.length === params.readers,
  },
  sometimes: {
    'a reader has slept': ({ ghost }) => ghost.slept,
    'no reader had to': ({ params, ghost }) => ghost.read.length === params.readers && !ghost.slept,
  },
  expect: 'proved',
})
