import { map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Two threads go through phases, and the first mutex of the second phase is never given back. Whoever gets there first
 * ends with it; the other waits for ever. It happens in every schedule: no scheduler is needed to find it, and a tester
 * that misses it tests nothing.
 */
export default scenario('a mutex that is never given back', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, phase01',
  about: 'Each locks x a second time and forgets it. The second to come waits for one who has ended.',
  *setup() {
    return {
      x: yield* map_anonymous(40, { name: 'x' }),
      y: yield* map_anonymous(40, { name: 'y' }),
    }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ shared: { x, y } }) {
        yield* pthread_mutex_lock(x)
        yield* pthread_mutex_unlock(x)
        yield* pthread_mutex_lock(x) // and nobody unlocks it
        yield* pthread_mutex_lock(y)
        yield* pthread_mutex_unlock(y)
        yield* pthread_mutex_lock(y)
        yield* pthread_mutex_unlock(y)
      },
    },
  },
  expect: 'deadlock',
})
