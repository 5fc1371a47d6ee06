import { int32, map_anonymous, PosixError, type Program, scenario } from 'ipclab'
import {
  PTHREAD_MUTEX_ROBUST,
  pthread_mutex_consistent,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

const LEFT = 0
const RIGHT = 1

/**
 * Any worker may be killed at any point, also with the mutex in its hand and its work half done. The mutex is robust: who
 * locks it next has it, and is told (EOWNERDEAD) that its owner died. Then what the dead one left is put right, the mutex
 * is declared consistent, and all goes on. Nobody sleeps for ever, and nobody finds half of anything. An ordinary mutex
 * would stay locked: `classic/killed-with-mutex`. Who forgets pthread_mutex_consistent, and unlocks, leaves a mutex that
 * nobody can lock any more (ENOTRECOVERABLE): try `repair: 'forgotten'` with three workers.
 */
export default scenario('a robust mutex outlives its owner', {
  source: 'pthread_mutexattr_setrobust(3), pthread_mutex_consistent(3)',
  about:
    'Workers change two halves under a robust mutex, and one may be killed at any point. The next is told so, puts right what is half done, and goes on. Proved, for one kill.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many processes work' },
    repair: { default: 'done', oneOf: ['done', 'forgotten'], about: 'whether the mutex is declared consistent' },
  },
  faults: { kill: ['worker'] },
  ghost: () => ({ starting: false, finished: 0, repaired: false }),
  *setup() {
    const mutex = yield* map_anonymous(40, { name: 'mutex' })
    yield* pthread_mutex_init(mutex, { robust: PTHREAD_MUTEX_ROBUST })
    return { mutex, halves: int32(yield* map_anonymous(8, { name: 'halves' })) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params: { repair }, shared: { mutex, halves }, ghost }) {
        const ownerDied = yield* lock(mutex)
        const left = yield* halves.load(LEFT)
        if (ownerDied) {
          if ((yield* halves.load(RIGHT)) !== left) {
            yield* halves.store(RIGHT, left)
            ghost.repaired = true
          }
          if (repair === 'done') yield* pthread_mutex_consistent(mutex)
        }
        ghost.starting = true
        yield* halves.store(LEFT, left + 1)
        ghost.starting = false
        yield* halves.store(RIGHT, left + 1)
        ghost.finished += 1
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  invariants: {
    'who starts finds both halves alike': ({ shared: { halves }, ghost, load }) =>
      !ghost.starting || load(halves.at(LEFT), 'i32') === load(halves.at(RIGHT), 'i32'),
  },
  sometimes: {
    'what the dead one left half done is put right': ({ ghost }) => ghost.repaired,
    'all are through': ({ params, ghost }) => ghost.finished === params.workers,
  },
  expect: 'proved',
})

/** Locks the mutex; says whether its last owner died with it. */
function* lock(mutex: number): Program<boolean> {
  try {
    yield* pthread_mutex_lock(mutex)
    return false
  } catch (error) {
    if (error instanceof PosixError && error.code === 'EOWNERDEAD') return true
    throw error
  }
}
