import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A producer waits until nothing is there, a consumer until something is, as the books have it. But the consumer forgets
 * to take: it signals `empty` and leaves, and the producer, woken, finds what it found before. That `while` looks again
 * is right; nobody will ever make what it looks for true.
 */
export default scenario('a consumer that takes nothing', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, sync01',
  about: 'The number is 1 and stays so, and the producer waits for 0 in every schedule.',
  *setup() {
    const shared = {
      number: int32(yield* map_anonymous(4, { name: 'number' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      empty: yield* map_anonymous(48, { name: 'empty' }),
      full: yield* map_anonymous(48, { name: 'full' }),
    }
    yield* shared.number.store(0, 1)
    return shared
  },
  programs: {
    *producer({ shared: { number, mutex, empty, full } }) {
      yield* pthread_mutex_lock(mutex)
      while ((yield* number.load()) > 0) yield* pthread_cond_wait(empty, mutex)
      yield* number.store(0, (yield* number.load()) + 1)
      yield* pthread_mutex_unlock(mutex)
      yield* pthread_cond_signal(full)
    },
    *consumer({ shared: { number, mutex, empty, full } }) {
      yield* pthread_mutex_lock(mutex)
      while ((yield* number.load()) === 0) yield* pthread_cond_wait(full, mutex)
      yield* pthread_mutex_unlock(mutex) // without having taken anything
      yield* pthread_cond_signal(empty)
    },
  },
  expect: 'deadlock',
})
