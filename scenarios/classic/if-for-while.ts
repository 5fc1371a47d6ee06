import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A buffer of one slot under a mutex and two condition variables, with an `if` where a `while` should be. To be woken
 * means that there was an item, not that there is one: a consumer that has been signalled has to get the mutex first, and
 * another that has never slept may get it earlier and take the item. The first goes on as if it were still there.
 *
 * Nothing is wrong with one consumer. `if-for-while-mended` looks again.
 */
export default scenario('if for while', {
  source:
    'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.2 (a broken solution); B. Lampson and D. Redell: Experience with processes and monitors in Mesa. Communications of the ACM 23 (1980)',
  about:
    'Consumers wait with `if` until there is an item. One that has been woken takes an item that another has taken meanwhile. With consumers=1 it can be proved.',
  params: {
    consumers: { default: 2, min: 1, max: 4, about: 'how many processes consume' },
    items: { default: 1, min: 1, max: 5, about: 'how many items each of them takes' },
  },
  *setup() {
    return {
      count: int32(yield* map_anonymous(4, { name: 'count' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      filled: yield* map_anonymous(48, { name: 'filled' }),
      emptied: yield* map_anonymous(48, { name: 'emptied' }),
    }
  },
  programs: {
    *producer({ params: { consumers, items }, shared: { count, mutex, filled, emptied } }) {
      for (let item = 0; item < consumers * items; item++) {
        yield* pthread_mutex_lock(mutex)
        if ((yield* count.load()) === 1) yield* pthread_cond_wait(emptied, mutex)
        yield* count.add(0, 1)
        yield* pthread_cond_signal(filled)
        yield* pthread_mutex_unlock(mutex)
      }
    },
    consumer: {
      copies: ({ consumers }) => consumers,
      *program({ params: { items }, shared: { count, mutex, filled, emptied } }) {
        for (let item = 0; item < items; item++) {
          yield* pthread_mutex_lock(mutex)
          if ((yield* count.load()) === 0) yield* pthread_cond_wait(filled, mutex)
          // Whoever has slept does not know whether there is an item now.
          yield* count.add(0, -1)
          yield* pthread_cond_signal(emptied)
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
  },
  invariants: {
    'nobody takes from an empty slot': ({ shared, load }) => load(shared.count.at(0), 'i32') >= 0,
    'nobody puts into a full slot': ({ shared, load }) => load(shared.count.at(0), 'i32') <= 1,
  },
  expect: 'violates: nobody takes from an empty slot',
})
