import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_broadcast, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A barrier for two that sets its count back to 0 when both have come, and whose waiters wait for that 0. The one who came
 * last goes on at once, and may be at the barrier again before the other is awake: the count is 1 again, the one who was
 * woken believes that it still stands before the first barrier, and both wait. No interruption is needed: the waiter has
 * been woken, and just does not run yet.
 *
 * A number of the round, on which to wait, is the cure: `classic/barrier-reuse-mended`.
 */
export default scenario('a barrier that counts from 0 again', {
  source: 'D. Butenhof: Programming with POSIX Threads, 1997, section 7.1.1 (barriers): why a barrier needs a cycle',
  about: 'The quick one is at the barrier again before the slow one has left it. Both wait.',
  *setup() {
    return {
      count: int32(yield* map_anonymous(4, { name: 'count' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      all: yield* map_anonymous(48, { name: 'all_are_there' }),
    }
  },
  programs: {
    walker: {
      copies: 2,
      *program({ shared: { count, mutex, all } }) {
        for (let round = 0; round < 2; round++) {
          yield* pthread_mutex_lock(mutex)
          const come = (yield* count.load()) + 1
          yield* count.store(0, come)
          if (come === 2) {
            yield* count.store(0, 0)
            yield* pthread_cond_broadcast(all)
          } else {
            while ((yield* count.load()) !== 0) yield* pthread_cond_wait(all, mutex)
          }
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
  },
  expect: 'deadlock',
})
