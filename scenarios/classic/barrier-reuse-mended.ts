import { int32, map_anonymous, type Program, scenario } from 'ipclab'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * The barrier of `barrier-reuse`, mended with a second turnstile. All have to come before the first opens, and all have to
 * have gone through that before the second does: nobody comes back before everybody has left. The last opens each
 * turnstile once for every process, so that it is closed again when all are through, and nobody has to close it.
 */
export default scenario('a barrier used twice, mended', {
  source:
    "A. Downey: The Little Book of Semaphores, chapter 3, 'Reusable barrier solution' (two-phase) and 'Preloaded turnstile'",
  about:
    'Processes do their work in rounds and meet at a barrier of two turnstiles after each. None is ever a round ahead. Proved for two processes and two rounds; with more it holds as far as the search goes.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many processes meet at the barrier' },
    rounds: { default: 2, min: 1, max: 5, about: 'how often they meet' },
  },
  ghost: ({ workers }) => ({ passed: Array.from({ length: workers }, () => 0), arrived: [] as number[] }),
  *setup() {
    const turnstile = yield* map_anonymous(32, { name: 'turnstile' })
    const turnstile2 = yield* map_anonymous(32, { name: 'turnstile2' })
    yield* sem_init(turnstile, 1, 0)
    yield* sem_init(turnstile2, 1, 0)
    return { count: int32(yield* map_anonymous(4, { name: 'count' })), turnstile, turnstile2 }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params: { workers, rounds }, shared: { count, turnstile, turnstile2 }, ghost, index }) {
        for (let round = 1; round <= rounds; round++) {
          ghost.arrived[round] = (ghost.arrived[round] ?? 0) + 1
          if ((yield* count.add(0, 1)) === workers - 1) yield* open(turnstile, workers)
          yield* sem_wait(turnstile)
          ghost.passed[index - 1] = round
          if ((yield* count.add(0, -1)) === 1) yield* open(turnstile2, workers)
          yield* sem_wait(turnstile2)
        }
      },
    },
  },
  invariants: {
    'nobody goes through before all have come': ({ params, ghost }) =>
      ghost.passed.every((round) => round === 0 || ghost.arrived[round] === params.workers),
  },
  atEnd: {
    'all have gone through every time': ({ params, ghost }) => ghost.passed.every((round) => round === params.rounds),
  },
  sometimes: {
    'one is through while another is not': ({ ghost }) => ghost.passed.some((round) => round !== ghost.passed[0]),
  },
  expect: 'proved',
})

/** Lets so many through a turnstile. */
function* open(turnstile: number, times: number): Program {
  for (let i = 0; i < times; i++) yield* sem_post(turnstile)
}
