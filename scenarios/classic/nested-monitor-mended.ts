import { int32, map_anonymous, type Program, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const MADE = 0
const SOLD = 1

/**
 * The two monitors of `nested-monitor`, mended. Either the store gives its mutex back before it calls the shelf, and takes
 * it again for its books when the call is over; what it knew before may no longer hold then. Or the shelf has no mutex of
 * its own: it waits with the store's, and waiting gives that one back.
 */
export default scenario('a monitor inside a monitor, mended', {
  source:
    'A. Lister: The problem of nested monitor calls. Operating Systems Review 11 (3), 1977; B. Haddon: Nested monitor calls. Operating Systems Review 11 (4), 1977',
  about:
    'The outer monitor is left before the inner one is called (by=leaving), or both share one mutex (by=sharing). Nobody waits with a mutex that others need.',
  params: {
    by: { default: 'leaving', oneOf: ['leaving', 'sharing'], about: 'what keeps the outer monitor free' },
    items: { default: 1, min: 1, max: 5, about: 'how many items go over the shelf' },
  },
  ghost: () => ({ waited: false }),
  *setup({ params }) {
    const outer = yield* map_anonymous(40, { name: 'outer' })
    return {
      outer,
      books: int32(yield* map_anonymous(8, { name: 'books' })),
      shelf: {
        inner: params.by === 'sharing' ? outer : yield* map_anonymous(40, { name: 'inner' }),
        filled: yield* map_anonymous(48, { name: 'filled' }),
        count: int32(yield* map_anonymous(4, { name: 'count' })),
      },
    }
  },
  programs: {
    *producer({ params, shared: { outer, books, shelf } }) {
      const { inner, filled, count } = shelf
      for (let item = 0; item < params.items; item++) {
        yield* pthread_mutex_lock(outer)
        yield* books.add(MADE, 1)
        if (params.by === 'leaving') yield* change(outer, inner)
        yield* count.add(0, 1)
        yield* pthread_cond_signal(filled)
        yield* pthread_mutex_unlock(inner)
      }
    },
    *consumer({ params, shared: { outer, books, shelf }, ghost }) {
      const { inner, filled, count } = shelf
      for (let item = 0; item < params.items; item++) {
        yield* pthread_mutex_lock(inner)
        while ((yield* count.load()) === 0) {
          ghost.waited = true
          yield* pthread_cond_wait(filled, inner)
        }
        yield* count.add(0, -1)
        if (params.by === 'leaving') yield* change(inner, outer)
        yield* books.add(SOLD, 1)
        yield* pthread_mutex_unlock(outer)
      }
    },
  },
  invariants: {
    'nothing is sold that is not made': ({ shared: { books }, load }) =>
      load(books.at(SOLD), 'i32') <= load(books.at(MADE), 'i32'),
  },
  atEnd: {
    'every item is sold': ({ params, shared, load }) => load(shared.books.at(SOLD), 'i32') === params.items,
  },
  sometimes: {
    'the consumer waits': ({ ghost }) => ghost.waited,
  },
  expect: 'proved',
})

/** Out of one monitor and into another. */
function* change(from: number, to: number): Program {
  yield* pthread_mutex_unlock(from)
  yield* pthread_mutex_lock(to)
}
