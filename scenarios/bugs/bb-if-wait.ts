import { assert, int32, map_anonymous, scenario } from 'ipclab'
import {
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

/**
 * Two consumers, an `if` round their waiting, and two items: enough for both, if each takes one. One that never slept may
 * come between the signal and the one that it woke, and take the item; the woken one does not look again, and takes from
 * nothing. It is the bug of `classic/if-for-while` with as little as it needs, and rare for all that: the consumer has to
 * sleep, to be woken, and to be overtaken, all in one run.
 */
export default scenario('two items, two consumers, and an if', {
  source:
    'B. Lampson, D. Redell: Experience with processes and monitors in Mesa. Communications of the ACM 23 (1980), 105–117',
  about: 'A consumer that was woken is overtaken by one that never slept, and takes what is not there any more.',
  *setup() {
    const shared = {
      count: int32(yield* map_anonymous(4, { name: 'count' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      filled: yield* map_anonymous(48, { name: 'filled' }),
    }
    yield* pthread_cond_init(shared.filled, { fifo: true })
    return shared
  },
  programs: {
    *producer({ shared: { count, mutex, filled } }) {
      for (let item = 0; item < 2; item++) {
        yield* pthread_mutex_lock(mutex)
        yield* count.store(0, (yield* count.load()) + 1)
        yield* pthread_cond_signal(filled)
        yield* pthread_mutex_unlock(mutex)
      }
    },
    consumer: {
      copies: 2,
      *program({ shared: { count, mutex, filled } }) {
        yield* pthread_mutex_lock(mutex)
        if ((yield* count.load()) === 0) yield* pthread_cond_wait(filled, mutex)
        const there = yield* count.load()
        yield* assert(there > 0, 'an item is there')
        yield* count.store(0, there - 1)
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  expect: 'violates: an item is there',
})
