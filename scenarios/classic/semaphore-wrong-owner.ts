import { int32, map_anonymous, PosixError, scenario } from 'ipclab'
import { sem_init, sem_post, sem_trywait, sem_wait } from 'ipclab/posix'

/**
 * A semaphore that counts to one is used as a lock. It has no owner: whoever posts it, it counts. The guest does not wait
 * where the lock is taken, and goes; but on its way out it posts in any case, also when it never was in. That makes a
 * second unit, and two workers are inside together. Nothing goes wrong where the mistake is made, nor to the one who made
 * it.
 *
 * `semaphore-wrong-owner-mended` uses a mutex that knows its owner.
 */
export default scenario('a semaphore given back by one who has not taken it', {
  source:
    "M. Kerrisk: The Linux Programming Interface (2010), section 53.5 (a mutex's owner, and that a semaphore has none)",
  about:
    'Workers use a semaphore as a lock, and a guest that could not get it posts it all the same. Then two are inside. With workers=1 nothing is to be seen: the second unit lies there for whoever comes next.',
  params: {
    workers: { default: 2, min: 1, max: 4, about: 'how many workers want in' },
    rounds: { default: 1, min: 1, max: 3, about: 'how often each of them does' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    const lock = yield* map_anonymous(32, { name: 'lock' })
    yield* sem_init(lock, 1, 1)
    return { lock, total: int32(yield* map_anonymous(4, { name: 'total' })) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { lock, total }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* sem_wait(lock)
          ghost.inside += 1
          const seen = yield* total.load()
          yield* total.store(0, seen + 1)
          ghost.inside -= 1
          yield* sem_post(lock)
        }
      },
    },
    *guest({ shared: { lock, total }, ghost }) {
      try {
        yield* sem_trywait(lock)
        ghost.inside += 1
        yield* total.load()
        ghost.inside -= 1
      } catch (error) {
        if (!(error instanceof PosixError && error.code === 'EAGAIN')) throw error
      }
      yield* sem_post(lock) // also when it was not taken
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  expect: 'violates: one at a time is inside',
})
