import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A process is killed while it has a mutex locked. A mutex in shared memory is nothing but words, and the system does not
 * know whose they are: what the dead process was, its memory, its descriptors, is given back, and the mutex stays locked.
 * Everybody who comes to it waits for one who is no more. And what the mutex protected may be half done.
 *
 * The system strikes here, not a program: `faults` lets the explorer kill one worker before any of its calls.
 * `killed-with-mutex-mended` shows a way out without robust mutexes, which are made for this.
 */
export default scenario('killed with the mutex held', {
  source:
    "W. R. Stevens: UNIX Network Programming, volume 2 (2nd edition, 1999), chapter 7, 'Process Termination While Holding a Lock'",
  about:
    'A worker is killed between lock and unlock, and the others wait for its mutex for ever. The fault is among the choices: `-worker1` in a schedule kills worker1. With workers=1 nobody is left to wait.',
  params: {
    workers: { default: 2, min: 1, max: 4, about: 'how many processes use the mutex' },
  },
  faults: { kill: ['worker'] },
  *setup() {
    return {
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      total: int32(yield* map_anonymous(4, { name: 'total' })),
    }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ shared: { mutex, total } }) {
        yield* pthread_mutex_lock(mutex)
        const seen = yield* total.load()
        yield* total.store(0, seen + 1)
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  expect: 'deadlock',
})
