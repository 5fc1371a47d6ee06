import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

const WANTS = 0 // and 1: one for each worker
const TURN = 2

/**
 * Dekker's algorithm, the first that excluded two by loads and stores alone. Each says that it wants in, and looks whether
 * the other does. If both do, the turn decides: who does not have it takes its word back, and waits until it has. Peterson
 * (`peterson`) does the same with half as much. The attempts that led here are in `dekker-attempts`.
 */
export default scenario("Dekker's algorithm", {
  source:
    'E. W. Dijkstra: Cooperating sequential processes (EWD 123, 1965), section 2.1; M. Ben-Ari: Principles of Concurrent and Distributed Programming (2006), chapter 3',
  about:
    'Two workers exclude each other by loads and stores; where both want in, the turn decides who steps back. Proved for a visit each. With rounds=2 there are too many schedules for that, and it holds as far as the search goes.',
  params: {
    rounds: { default: 1, min: 1, max: 5, about: 'how often each worker goes in' },
  },
  ghost: () => ({ inside: 0, entries: 0, steppedBack: false }),
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(12)) }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params, shared: { cells }, ghost, index }) {
        const me = index - 1
        const other = 1 - me
        for (let round = 0; round < params.rounds; round++) {
          yield* Atomics.store(cells, WANTS + me, 1)
          while ((yield* Atomics.load(cells, WANTS + other)) === 1) {
            if ((yield* Atomics.load(cells, TURN)) === me) {
              yield* cells.await_(WANTS + other, (wants) => wants === 0)
              continue
            }
            yield* Atomics.store(cells, WANTS + me, 0)
            ghost.steppedBack = true
            yield* cells.await_(TURN, (turn) => turn === me)
            yield* Atomics.store(cells, WANTS + me, 1)
          }
          ghost.inside += 1
          ghost.entries += 1
          yield* Atomics.load(cells, TURN) // the work inside
          ghost.inside -= 1
          yield* Atomics.store(cells, TURN, other)
          yield* Atomics.store(cells, WANTS + me, 0)
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
  sometimes: {
    'one steps back': ({ ghost }) => ghost.steppedBack,
  },
  expect: 'proved',
})
