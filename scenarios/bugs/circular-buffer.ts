import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const SLOTS = 10

/**
 * A sender and a receiver take turns by two flags, under a mutex, and each goes round so many times. Who finds that it is
 * not his turn does not wait for it: that round is lost. The receiver goes on to expect its next value while the one
 * before still lies in the buffer.
 *
 * A flag that says whose turn it is needs somebody who waits for it: a condition variable, and a `while` round the look.
 */
export default scenario('a circular buffer by turns', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, circular_buffer (there with 7 rounds)',
  about: 'Rounds in which there is nothing to do count all the same, and the receiver expects what has not come yet.',
  params: {
    rounds: { default: 3, min: 1, max: 10, about: 'how often each of the two goes round' },
  },
  *setup() {
    const shared = {
      buffer: int32(yield* map_anonymous(4 * SLOTS, { name: 'buffer' })),
      first: int32(yield* map_anonymous(4, { name: 'first' })),
      next: int32(yield* map_anonymous(4, { name: 'next' })),
      maySend: int32(yield* map_anonymous(4, { name: 'may_send' })),
      mayReceive: int32(yield* map_anonymous(4, { name: 'may_receive' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
    yield* shared.maySend.store(0, 1)
    return shared
  },
  programs: {
    *sender({ params, shared: { buffer, next, maySend, mayReceive, mutex } }) {
      for (let round = 0; round < params.rounds; round++) {
        yield* pthread_mutex_lock(mutex)
        if ((yield* maySend.load()) === 1) {
          const at = yield* next.load()
          yield* buffer.store(at, round)
          yield* next.store(0, (at + 1) % SLOTS)
          yield* maySend.store(0, 0)
          yield* mayReceive.store(0, 1)
        }
        yield* pthread_mutex_unlock(mutex)
      }
    },
    *receiver({ params, shared: { buffer, first, next, maySend, mayReceive, mutex } }) {
      for (let round = 0; round < params.rounds; round++) {
        yield* pthread_mutex_lock(mutex)
        if ((yield* mayReceive.load()) === 1) {
          let value = -1
          const end = yield* next.load()
          const at = yield* first.load()
          if (end > 0 && at < SLOTS) {
            yield* first.store(0, at + 1)
            value = yield* buffer.load(at)
          }
          yield* assert(value === round, 'values come as they were sent')
          yield* mayReceive.store(0, 0)
          yield* maySend.store(0, 1)
        }
        yield* pthread_mutex_unlock(mutex)
      }
    },
  },
  expect: 'violates: values come as they were sent',
})
