import { int32, map_anonymous, PosixError, scenario } from 'ipclab'
import {
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_NORMAL,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

/**
 * The workers and the guest of `semaphore-wrong-owner`, with a mutex in the place of the semaphore. A mutex belongs to
 * the one who has locked it, and one of the type `errorcheck` sees to it: the guest, which unlocks what it has not
 * locked, gets EPERM, and the lock stays locked. The mistake is still there, and now it is told to the one who makes it.
 */
export default scenario('a mutex given back by one who has not taken it', {
  source: 'pthread_mutex_lock(3), under pthread_mutex_unlock: EPERM',
  about:
    'A guest unlocks a mutex that it could not lock, and is refused: one at a time stays inside. With type=normal nothing is checked, and two get in.',
  params: {
    type: { default: 'errorcheck', oneOf: ['errorcheck', 'normal'], about: 'the type of the mutex' },
    workers: { default: 2, min: 1, max: 4, about: 'how many workers want in' },
    rounds: { default: 1, min: 1, max: 3, about: 'how often each of them does' },
  },
  ghost: () => ({ inside: 0, refused: false }),
  *setup({ params }) {
    const type = params.type === 'errorcheck' ? PTHREAD_MUTEX_ERRORCHECK : PTHREAD_MUTEX_NORMAL
    const mutex = yield* map_anonymous(40, { name: 'mutex' })
    yield* pthread_mutex_init(mutex, { type })
    return { mutex, total: int32(yield* map_anonymous(4, { name: 'total' })) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { mutex, total }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_mutex_lock(mutex)
          ghost.inside += 1
          const seen = yield* total.load()
          yield* total.store(0, seen + 1)
          ghost.inside -= 1
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
    *guest({ shared: { mutex, total }, ghost }) {
      try {
        yield* pthread_mutex_trylock(mutex)
        ghost.inside += 1
        yield* total.load()
        ghost.inside -= 1
      } catch (error) {
        if (!(error instanceof PosixError && error.code === 'EBUSY')) throw error
      }
      try {
        yield* pthread_mutex_unlock(mutex) // also when it was not locked
      } catch (error) {
        if (!(error instanceof PosixError && error.code === 'EPERM')) throw error
        ghost.refused = true
      }
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'every increment counts': ({ params: { workers, rounds }, shared, load }) =>
      load(shared.total.at(0), 'i32') === workers * rounds,
  },
  sometimes: {
    'the guest is refused': ({ params, ghost }) => params.type === 'normal' || ghost.refused,
  },
  expect: 'proved',
})
