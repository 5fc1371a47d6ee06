import { int32, map_anonymous, scenario } from 'ipclab'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A barrier that is used again and again: who comes adds itself to a counter; the last opens a turnstile, and everybody
 * who goes through leaves it open for the next. The last to leave closes it. So far it is a good barrier, once. But a
 * quick process that has left is back at the barrier while a slow one has not yet gone through: it finds the turnstile
 * open, and is a round ahead.
 *
 * `barrier-reuse-mended` lets nobody come before all have left.
 */
export default scenario('a barrier used twice', {
  source: "A. Downey: The Little Book of Semaphores, chapter 3, 'Reusable barrier non-solution #2'",
  about:
    'Processes do their work in rounds and meet at a barrier after each. One of them goes through twice while another has not gone through once. With rounds=1 nothing is wrong.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many processes meet at the barrier' },
    rounds: { default: 2, min: 1, max: 5, about: 'how often they meet' },
  },
  ghost: ({ workers }) => ({ passed: Array.from({ length: workers }, () => 0), arrived: [] as number[] }),
  *setup() {
    const turnstile = yield* map_anonymous(32, { name: 'turnstile' })
    yield* sem_init(turnstile, 1, 0)
    return { count: int32(yield* map_anonymous(4, { name: 'count' })), turnstile }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params: { workers, rounds }, shared: { count, turnstile }, ghost, index }) {
        for (let round = 1; round <= rounds; round++) {
          ghost.arrived[round] = (ghost.arrived[round] ?? 0) + 1
          if ((yield* count.add(0, 1)) === workers - 1) yield* sem_post(turnstile)
          yield* sem_wait(turnstile)
          ghost.passed[index - 1] = round
          yield* sem_post(turnstile)
          if ((yield* count.add(0, -1)) === 1) yield* sem_wait(turnstile)
        }
      },
    },
  },
  invariants: {
    'nobody goes through before all have come': ({ params, ghost }) =>
      ghost.passed.every((round) => round === 0 || ghost.arrived[round] === params.workers),
  },
  expect: 'violates: nobody goes through before all have come',
})
