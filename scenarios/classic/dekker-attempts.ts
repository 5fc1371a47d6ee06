import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

const WANTS = 0 // and 1: one for each worker
const TURN = 2

/**
 * How one comes to Dekker's algorithm (`dekker`): four attempts at mutual exclusion by loads and stores, each of which
 * mends what was wrong with the one before.
 *
 * 1. Take turns. One at a time is inside, but only in turn: who wants in twice waits until the other has been.
 * 2. Look whether the other is in, then say that you are. Both can look before either has spoken.
 * 3. Say that you want in, then look. Both can speak before either looks, and then both wait.
 * 4. As 3, but who sees that the other wants in, too, takes its word back for a moment. Nobody has to wait for ever, but
 *    if both do it in step, neither gets in.
 */
export default scenario("attempts at Dekker's algorithm", {
  source:
    'E. W. Dijkstra: Cooperating sequential processes (EWD 123, 1965), section 2.1; M. Ben-Ari: Principles of Concurrent and Distributed Programming (2006), chapter 3',
  about:
    'Both say that they want in before either looks, and both wait for ever (attempt 3). With attempt=2 both get in. With attempt=1 they can only take turns: rests=true lets the second stay away, and the first waits for ever. With attempt=4 they can be polite for ever: --strategy dfs finds a run without an end.',
  params: {
    attempt: { default: 3, min: 1, max: 4, about: 'which of the four attempts' },
    rests: { default: false, about: 'let the second worker stay away' },
    rounds: { default: 1, min: 1, max: 3, about: 'how often each worker goes in' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(12)) }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params: { attempt, rests, rounds }, shared: { cells }, ghost, index }) {
        const me = index - 1
        if (rests && me === 1) return
        for (let round = 0; round < rounds; round++) {
          yield* enter(attempt, cells, me)
          ghost.inside += 1
          yield* Atomics.load(cells, TURN) // the work inside
          ghost.inside -= 1
          if (attempt === 1) yield* Atomics.store(cells, TURN, 1 - me)
          else yield* Atomics.store(cells, WANTS + me, 0)
        }
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  expect: 'deadlock',
})

function* enter(attempt: number, cells: SharedArray<'i32'>, me: number): Program {
  const other = WANTS + 1 - me
  switch (attempt) {
    case 1:
      yield* cells.await_(TURN, (turn) => turn === me)
      return
    case 2:
      yield* cells.await_(other, (wants) => wants === 0)
      yield* Atomics.store(cells, WANTS + me, 1)
      return
    case 3:
      yield* Atomics.store(cells, WANTS + me, 1)
      yield* cells.await_(other, (wants) => wants === 0)
      return
    default:
      yield* Atomics.store(cells, WANTS + me, 1)
      while ((yield* Atomics.load(cells, other)) === 1) {
        yield* Atomics.store(cells, WANTS + me, 0)
        yield* Atomics.store(cells, WANTS + me, 1)
      }
  }
}
