import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * One pays in, one draws, and a third looks whether the books are right once both have been. Every access is under the
 * mutex, and nothing is lost: wrong is the sum that the third expects. A bug that shows in every schedule in which it is
 * asked at all needs no interruption, only the right order.
 */
export default scenario('an account whose sum is wrong', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, account',
  about: 'The balance is looked at when both others have been, and is expected to be what it never is.',
  *setup() {
    const account = {
      balance: int32(yield* map_anonymous(4, { name: 'balance' })),
      paidIn: int32(yield* map_anonymous(4, { name: 'paid_in' })),
      drawn: int32(yield* map_anonymous(4, { name: 'drawn' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
    yield* account.balance.store(0, 1)
    return account
  },
  programs: {
    *payer({ shared: { balance, paidIn, mutex } }) {
      yield* pthread_mutex_lock(mutex)
      yield* balance.store(0, (yield* balance.load()) + 2)
      yield* paidIn.store(0, 1)
      yield* pthread_mutex_unlock(mutex)
    },
    *drawer({ shared: { balance, drawn, mutex } }) {
      yield* pthread_mutex_lock(mutex)
      yield* balance.store(0, (yield* balance.load()) - 4)
      yield* drawn.store(0, 1)
      yield* pthread_mutex_unlock(mutex)
    },
    *auditor({ shared: { balance, paidIn, drawn, mutex } }) {
      yield* pthread_mutex_lock(mutex)
      if ((yield* paidIn.load()) === 1 && (yield* drawn.load()) === 1)
        yield* assert((yield* balance.load()) === -5, 'the books are right') // 1 + 2 - 4 is -1
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'violates: the books are right',
})
