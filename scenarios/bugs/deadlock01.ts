import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Two mutexes, taken by one in this order and by the other in that: the shortest deadlock there is. Each holds the one
 * that the other waits for. One order for all is the cure.
 */
export default scenario('two mutexes in two orders', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, deadlock01',
  about: 'One takes a, then b, the other b, then a. If each has its first, both wait for ever.',
  *setup() {
    return {
      counter: int32(yield* map_anonymous(4, { name: 'counter' })),
      a: yield* map_anonymous(40, { name: 'a' }),
      b: yield* map_anonymous(40, { name: 'b' }),
    }
  },
  programs: {
    *up({ shared: { counter, a, b } }) {
      yield* pthread_mutex_lock(a)
      yield* pthread_mutex_lock(b)
      yield* counter.store(0, (yield* counter.load()) + 1)
      yield* pthread_mutex_unlock(b)
      yield* pthread_mutex_unlock(a)
    },
    *down({ shared: { counter, a, b } }) {
      yield* pthread_mutex_lock(b)
      yield* pthread_mutex_lock(a)
      yield* counter.store(0, (yield* counter.load()) - 1)
      yield* pthread_mutex_unlock(a)
      yield* pthread_mutex_unlock(b)
    },
  },
  expect: 'deadlock',
})
