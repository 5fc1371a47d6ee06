import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const ACCOUNTS = 3
/** So far apart lie two mutexes. */
const APART = 64

/**
 * Three transfers round a circle of three accounts, and each locks where the money comes from, then where it goes. No two
 * of them take the same two mutexes in opposite orders; the circle closes over all three. To lock the account with the
 * smaller number first is the cure.
 */
export default scenario('transfers in a circle', {
  source: 'E. Coffman, M. Elphick, A. Shoshani: System deadlocks. ACM Computing Surveys 3 (1971), 67–78',
  about: 'Each has locked the account that it draws on, and waits for the next. All three are needed for the circle.',
  *setup() {
    const mutexes = yield* map_anonymous(APART * ACCOUNTS, { name: 'mutexes' })
    return {
      balances: int32(yield* map_anonymous(4 * ACCOUNTS, { name: 'balances' })),
      mutexOf: (account: number) => mutexes + APART * account,
    }
  },
  programs: {
    transfer: {
      copies: ACCOUNTS,
      *program({ shared: { balances, mutexOf }, index }) {
        const from = index - 1
        const to = index % ACCOUNTS
        yield* pthread_mutex_lock(mutexOf(from))
        yield* pthread_mutex_lock(mutexOf(to))
        const here = yield* balances.load(from)
        const there = yield* balances.load(to)
        yield* balances.store(from, here - 1)
        yield* balances.store(to, there + 1)
        yield* pthread_mutex_unlock(mutexOf(to))
        yield* pthread_mutex_unlock(mutexOf(from))
      },
    },
  },
  expect: 'deadlock',
})
