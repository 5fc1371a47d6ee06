import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A parent waits until its child is done, and looks before it sleeps whether it still has to. But it looks without the
 * mutex: between the look and the sleep the child can set the flag and signal. A condition variable remembers nothing, so
 * a signal that finds nobody asleep is gone, and the parent then sleeps for a signal that has been.
 *
 * That the mutex is held while waiting does not help. It has to be held from the look to the sleep: `lost-wakeup-mended`.
 */
export default scenario('a lost wake-up', {
  source:
    'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.1 (a parent waiting for its child, no lock)',
  about:
    'A parent looks at a flag, and then takes the mutex and waits for its child. A child that comes in between signals nobody, and the parent sleeps for ever. With looks=never it looks at no flag at all, and a child that is quick is enough.',
  params: {
    looks: {
      default: 'outside',
      oneOf: ['outside', 'never'],
      about: 'where the parent looks whether the child is done: outside the mutex, or not at all',
    },
  },
  *setup() {
    return {
      done: int32(yield* map_anonymous(4, { name: 'done' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'cond' }),
    }
  },
  programs: {
    *parent({ params, shared: { done, mutex, cond } }) {
      if (params.looks === 'outside' && (yield* done.load()) === 1) return
      // Here the child can set the flag and signal, and nobody hears it.
      yield* pthread_mutex_lock(mutex)
      yield* pthread_cond_wait(cond, mutex)
      yield* pthread_mutex_unlock(mutex)
    },
    *child({ shared: { done, mutex, cond } }) {
      yield* pthread_mutex_lock(mutex)
      yield* done.store(0, 1)
      yield* pthread_cond_signal(cond)
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'deadlock',
})
