import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Initialise once, and pay for the lock only the first time: look at a flag, lock, look again. Here the flag is set before
 * what it stands for; who looks in between skips the lock and uses what is not there yet. To set the flag last is enough
 * on this machine; on a real one compiler and processor may swap the two stores again, unless the flag is an atomic with
 * release and acquire.
 */
export default scenario('double-checked locking', {
  source: "D. Bacon and others: The 'double-checked locking is broken' declaration, 2000",
  about: 'The flag is published before the data, and one who sees it uses data that are not there.',
  *setup() {
    return {
      initialised: int32(yield* map_anonymous(4, { name: 'initialised' })),
      data: int32(yield* map_anonymous(4, { name: 'data' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
  },
  programs: {
    user: {
      copies: 2,
      *program({ shared: { initialised, data, mutex } }) {
        if ((yield* initialised.load()) === 0) {
          yield* pthread_mutex_lock(mutex)
          if ((yield* initialised.load()) === 0) {
            yield* initialised.store(0, 1) // too early,
            yield* data.store(0, 7) // by one step
          }
          yield* pthread_mutex_unlock(mutex)
        }
        yield* assert((yield* data.load()) === 7, 'the data are there')
      },
    },
  },
  expect: 'violates: the data are there',
})
