import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The buffer of `if-for-while` with `while`: whoever wakes up looks again, and if another was quicker sleeps again. Then
 * it does not matter who gets the mutex first, nor why somebody was woken: POSIX allows that nobody did it, a spurious
wake-up, and here the explorer may let one happen (`faults`).
 */
export default scenario('if for while, mended', {
  source:
    'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.2 (two condition variables, and while)',
  about:
    'Consumers wait with `while` until there is an item. One that finds that another was quicker sleeps again, and so does one that nobody has woken. Every item is taken once.',
  params: {
    consumers: { default: 2, min: 1, max: 4, about: 'how many processes consume' },
    items: { default: 1, min: 1, max: 5, about: 'how many items each of them takes' },
  },
  faults: { spuriousWakeup: true },
  ghost: () => ({ overtaken: false, taken: 0 }),
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
        while ((yield* count.load()) === 1) yield* pthread_cond_wait(emptied, mutex)
        yield* count.add(0, 1)
        yield* pthread_cond_signal(filled)
        yield* pthread_mutex_unlock(mutex)
      }
    },
    consumer: {
      copies: ({ consumers }) => consumers,
      *program({ params: { items }, shared: { count, mutex, filled, emptied }, ghost }) {
        for (let item = 0; item < items; item++) {
          yield* pthread_mutex_lock(mutex)
          for (let looks = 0; (yield* count.load()) === 0; looks++) {
            ghost.overtaken ||= looks > 0
            yield* pthread_cond_wait(filled, mutex)
          }
          yield* count.add(0, -1)
          ghost.taken += 1
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
  atEnd: {
    'every item is taken': ({ params, ghost }) => ghost.taken === params.consumers * params.items,
  },
  sometimes: {
    'one that has been woken finds nothing': ({ params, ghost }) => params.consumers === 1 || ghost.overtaken,
  },
  expect: 'proved',
})
