import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

const READY = 0
const DATA = 1

/**
 * `wait-notify` with the writer's last two lines the wrong way round. It notifies while the flag is not yet set: a reader
 * that comes between the two finds the flag at 0, falls asleep, and the notification has been and gone. The wake-up is
 * lost. First change what others wait for, then wake them.
 */
export default scenario('notify, then store', {
  source: 'the lost wake-up, in the words of ECMA-262, section 25.4.15 (Atomics.notify)',
  about: 'A writer notifies before it sets the flag. A reader that comes in between sleeps for ever.',
  params: {
    readers: { default: 1, min: 1, max: 4, about: 'how many workers wait for the data' },
  },
  ghost: () => ({ read: [] as number[] }),
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(8)) }
  },
  programs: {
    *writer({ shared: { cells } }) {
      yield* cells.set(DATA, 42)
      yield* Atomics.notify(cells, READY) // These two are the wrong way round,
      yield* Atomics.store(cells, READY, 1) // and that is the bug.
    },
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { cells }, ghost }) {
        while ((yield* Atomics.load(cells, READY)) === 0) yield* Atomics.wait(cells, READY, 0)
        ghost.read.push(yield* cells.get(DATA))
      },
    },
  },
  invariants: {
    'who goes on finds the data': ({ ghost }) => ghost.read.every((data) => data === 42),
  },
  expect: 'deadlock',
})
