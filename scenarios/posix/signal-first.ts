import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const READY = 0

/**
 * A condition variable remembers nothing. Whoever signals before the other waits signals nobody, and who waits then,
 * because it did not look whether there is still something to wait for, sleeps for ever. What has happened has to be kept
 * in memory, and looked at with the mutex in hand before every wait: `looks: true`.
 */
export default scenario('a signal before the wait is lost', {
  source: "pthread_cond_wait(3p), 'Condition Wait Semantics'; sync.cond_lost_signal, as recorded of Linux",
  about:
    'A process waits on a condition variable for another to be ready, without looking whether it already is. If it is, the signal has been given to nobody.',
  params: {
    looks: { default: false, about: 'whether it looks before it waits' },
  },
  *setup() {
    return {
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'cond' }),
      state: int32(yield* map_anonymous(4, { name: 'state' })),
    }
  },
  programs: {
    *waiter({ params, shared: { mutex, cond, state } }) {
      yield* pthread_mutex_lock(mutex)
      while (!params.looks || (yield* state.load(READY)) === 0) {
        yield* pthread_cond_wait(cond, mutex)
        if (!params.looks) break
      }
      yield* pthread_mutex_unlock(mutex)
    },
    *worker({ shared: { mutex, cond, state } }) {
      yield* pthread_mutex_lock(mutex)
      yield* state.store(READY, 1)
      yield* pthread_cond_signal(cond)
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'deadlock',
})
