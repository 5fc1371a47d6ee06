import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * One looks whether it has to wait, then locks and waits; the other makes it so that nobody has to, then locks and
 * signals. The mutex is held over the waiting and over the signal, but not over the look: between look and lock the
 * signal comes, finds nobody, and is gone. `classic/lost-wakeup` tells of it at length.
 */
export default scenario('check, then wait', {
  source: 'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.1 (no lock)',
  about: 'The signal comes between the look at the flag and the wait for it. The wait never ends.',
  *setup() {
    return {
      ready: int32(yield* map_anonymous(4, { name: 'ready' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'cond' }),
    }
  },
  programs: {
    *waiter({ shared: { ready, mutex, cond } }) {
      if ((yield* ready.load()) === 1) return
      yield* pthread_mutex_lock(mutex)
      yield* pthread_cond_wait(cond, mutex)
      yield* pthread_mutex_unlock(mutex)
    },
    *signaller({ shared: { ready, mutex, cond } }) {
      yield* ready.store(0, 1)
      yield* pthread_mutex_lock(mutex)
      yield* pthread_cond_signal(cond)
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'deadlock',
})
