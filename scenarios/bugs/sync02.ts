import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The producer and the consumer of `sync01`, and here the consumer takes. But there were two to begin with, and each goes
 * round twice: the producer makes two when the number has come to 0, and of the four the consumer takes two. Whoever
 * counts what is put in and what is taken out sees it without any schedule.
 */
export default scenario('more to begin with than is taken', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, sync02',
  about: 'The producer waits for an empty buffer a second time, and nobody is there any more to empty it.',
  *setup() {
    const shared = {
      number: int32(yield* map_anonymous(4, { name: 'number' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      empty: yield* map_anonymous(48, { name: 'empty' }),
      full: yield* map_anonymous(48, { name: 'full' }),
    }
    yield* shared.number.store(0, 2)
    return shared
  },
  programs: {
    *producer({ shared: { number, mutex, empty, full } }) {
      for (let round = 0; round < 2; round++) {
        yield* pthread_mutex_lock(mutex)
        while ((yield* number.load()) > 0) yield* pthread_cond_wait(empty, mutex)
        yield* number.store(0, (yield* number.load()) + 1)
        yield* pthread_mutex_unlock(mutex)
        yield* pthread_cond_signal(full)
      }
    },
    *consumer({ shared: { number, mutex, empty, full } }) {
      for (let round = 0; round < 2; round++) {
        yield* pthread_mutex_lock(mutex)
        while ((yield* number.load()) === 0) yield* pthread_cond_wait(full, mutex)
        yield* number.store(0, (yield* number.load()) - 1)
        yield* pthread_mutex_unlock(mutex)
        yield* pthread_cond_signal(empty)
      }
    },
  },
  expect: 'deadlock',
})
