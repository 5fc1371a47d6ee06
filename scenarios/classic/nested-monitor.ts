import { int32, map_anonymous, type Program, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const MADE = 0
const SOLD = 1

/**
 * A monitor inside a monitor. The store keeps its books under a mutex of its own, and calls its shelf, which has a mutex
 * and a condition variable. A consumer that finds the shelf empty waits there, and gives back the shelf's mutex; but it
 * came through the store's, and that one it still has. No producer can come through to fill the shelf.
 *
 * Each of the two monitors is right, taken alone. `nested-monitor-mended` has two cures.
 */
export default scenario('a monitor inside a monitor', {
  source: 'A. Lister: The problem of nested monitor calls. Operating Systems Review 11 (3), 1977, pages 5-7',
  about:
    'A consumer waits inside the inner monitor and keeps the outer one locked, through which the producer would have to come. It is enough that the consumer comes first: no switch in the middle of anything is needed.',
  params: {
    items: { default: 1, min: 1, max: 5, about: 'how many items go over the shelf' },
  },
  *setup() {
    return {
      outer: yield* map_anonymous(40, { name: 'outer' }),
      books: int32(yield* map_anonymous(8, { name: 'books' })),
      shelf: {
        inner: yield* map_anonymous(40, { name: 'inner' }),
        filled: yield* map_anonymous(48, { name: 'filled' }),
        count: int32(yield* map_anonymous(4, { name: 'count' })),
      },
    }
  },
  programs: {
    *producer({ params, shared: { outer, books, shelf } }) {
      for (let item = 0; item < params.items; item++) {
        yield* pthread_mutex_lock(outer)
        yield* books.add(MADE, 1)
        yield* put(shelf)
        yield* pthread_mutex_unlock(outer)
      }
    },
    *consumer({ params, shared: { outer, books, shelf } }) {
      for (let item = 0; item < params.items; item++) {
        yield* pthread_mutex_lock(outer)
        yield* take(shelf) // may wait in there, with the outer mutex locked
        yield* books.add(SOLD, 1)
        yield* pthread_mutex_unlock(outer)
      }
    },
  },
  expect: 'deadlock',
})

interface Shelf {
  readonly inner: number
  readonly filled: number
  readonly count: ReturnType<typeof int32>
}

function* put({ inner, filled, count }: Shelf): Program {
  yield* pthread_mutex_lock(inner)
  yield* count.add(0, 1)
  yield* pthread_cond_signal(filled)
  yield* pthread_mutex_unlock(inner)
}

function* take({ inner, filled, count }: Shelf): Program {
  yield* pthread_mutex_lock(inner)
  while ((yield* count.load()) === 0) yield* pthread_cond_wait(filled, inner)
  yield* count.add(0, -1)
  yield* pthread_mutex_unlock(inner)
}
