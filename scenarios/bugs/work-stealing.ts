import { assert, int32, map_anonymous, type Program, scenario, type View } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A queue of work: its owner pushes and pops at the tail without a lock, and a thief steals at the head under one. The two
 * meet only at the last item. The owner looks at both ends, and then moves the tail: if the thief comes between the look
 * and the move, both take the same item. Cilk's owner moves first, looks at the head again, and takes the lock if they
 * have met.
 */
export default scenario('an item taken twice', {
  source:
    'M. Frigo, C. Leiserson, K. Randall: The implementation of the Cilk-5 multithreaded language. PLDI 1998 (the THE protocol); M. Musuvathi and others: Finding and reproducing Heisenbugs in concurrent programs. OSDI 2008',
  about: 'The owner has seen that an item is left; before it moves the tail the thief takes it, too.',
  *setup() {
    return {
      head: int32(yield* map_anonymous(4, { name: 'head' })),
      tail: int32(yield* map_anonymous(4, { name: 'tail' })),
      taken: int32(yield* map_anonymous(8, { name: 'taken' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
  },
  programs: {
    *owner({ shared: { head, tail, taken } }) {
      for (let push = 0; push < 2; push++) {
        const end = yield* tail.load()
        yield* taken.store(end, 0)
        yield* tail.store(0, end + 1)
      }
      for (let pop = 0; pop < 2; pop++) {
        const last = (yield* tail.load()) - 1
        if ((yield* head.load()) > last) continue
        yield* tail.store(0, last) // and does not look at the head again
        yield* take(taken, last)
      }
    },
    *thief({ shared: { head, tail, taken, mutex } }) {
      yield* pthread_mutex_lock(mutex)
      const first = yield* head.load()
      if (first < (yield* tail.load())) {
        yield* head.store(0, first + 1)
        yield* take(taken, first)
      }
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'violates: every item is taken once',
})

function* take(taken: View<'i32'>, item: number): Program {
  const times = yield* taken.load(item)
  yield* assert(times === 0, 'every item is taken once')
  yield* taken.store(item, times + 1)
}
