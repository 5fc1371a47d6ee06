import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Everybody locks before he touches the variable, but not the same mutex. A mutex protects nothing by itself: it keeps
 * out only those who take it, too. One who has the wrong one is alone with himself.
 */
export default scenario('the wrong lock', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, wronglock',
  about: 'One increments under one mutex, others under another, and the value changes under the hands of the first.',
  params: {
    others: { default: 1, min: 1, max: 20, about: 'how many take the other mutex' },
  },
  *setup() {
    return {
      value: int32(yield* map_anonymous(4, { name: 'value' })),
      right: yield* map_anonymous(40, { name: 'right' }),
      wrong: yield* map_anonymous(40, { name: 'wrong' }),
    }
  },
  programs: {
    *careful({ shared: { value, right } }) {
      yield* pthread_mutex_lock(right)
      const before = yield* value.load()
      yield* value.store(0, (yield* value.load()) + 1)
      yield* assert((yield* value.load()) === before + 1, 'nobody else writes')
      yield* pthread_mutex_unlock(right)
    },
    other: {
      copies: ({ others }) => others,
      *program({ shared: { value, wrong } }) {
        yield* pthread_mutex_lock(wrong)
        yield* value.store(0, (yield* value.load()) + 1)
        yield* pthread_mutex_unlock(wrong)
      },
    },
  },
  expect: 'violates: nobody else writes',
})
