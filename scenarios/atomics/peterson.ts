import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer, uint8Array } from 'ipclab/atomics'

const INTERESTED = 0 // and 1: one for each worker
const TURN = 2

/**
 * Peterson's algorithm: mutual exclusion for two with nothing but loads and stores. Each says that it is interested,
 * gives the other the turn, and waits while the other is interested and has the turn. It hangs on every worker's two
 * stores being seen before its load is made, which `Atomics` promises and ordinary accesses do not.
 *
 * The three cells lie in one 32-bit word, so that the waiting loop sees the other's interest and the turn at once.
 */
export default scenario("Peterson's algorithm", {
  source: 'G. L. Peterson: Myths about the mutual exclusion problem. Information Processing Letters 12 (1981)',
  about: 'Two workers exclude each other by loads and stores alone. One at a time is inside, and both get in.',
  params: {
    rounds: { default: 2, min: 1, max: 5, about: 'how often each worker goes in' },
  },
  ghost: () => ({ inside: 0, entries: 0 }),
  *setup() {
    const buffer = yield* shared_array_buffer(4)
    return { cells: buffer }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params, shared, ghost, index }) {
        const bytes = uint8Array(shared.cells)
        const word = int32Array(shared.cells)
        const me = index - 1
        const other = 1 - me
        for (let round = 0; round < params.rounds; round++) {
          yield* Atomics.store(bytes, INTERESTED + me, 1)
          yield* Atomics.store(bytes, TURN, other)
          yield* word.await_(0, (all) => byte(all, INTERESTED + other) === 0 || byte(all, TURN) === me)
          ghost.inside += 1
          ghost.entries += 1
          yield* Atomics.load(bytes, TURN) // the work inside
          ghost.inside -= 1
          yield* Atomics.store(bytes, INTERESTED + me, 0)
        }
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'both have been inside': ({ params, ghost }) => ghost.entries === 2 * params.rounds,
  },
  expect: 'proved',
})

const byte = (word: number, at: number): number => (word >>> (8 * at)) & 0xff
