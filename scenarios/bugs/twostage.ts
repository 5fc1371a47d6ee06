import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Two variables that belong together, each under a mutex of its own. A writer updates the first, then the second; between
 * the two it holds nothing, and a reader that comes then sees the first as it is and the second as it was. Every access
 * is locked, so there is no data race: what is missing is one lock from the first to the last.
 */
export default scenario('two stages, two mutexes', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, twostage and twostage_20',
  about: 'A reader comes between the two stages of a writer, and finds values that do not belong together.',
  params: {
    writers: { default: 1, min: 1, max: 50, about: 'how many write both' },
    readers: { default: 1, min: 1, max: 50, about: 'how many read both' },
  },
  *setup() {
    return {
      one: int32(yield* map_anonymous(4, { name: 'one' })),
      two: int32(yield* map_anonymous(4, { name: 'two' })),
      mutexOfOne: yield* map_anonymous(40, { name: 'mutex_of_one' }),
      mutexOfTwo: yield* map_anonymous(40, { name: 'mutex_of_two' }),
    }
  },
  programs: {
    writer: {
      copies: ({ writers }) => writers,
      *program({ shared: { one, two, mutexOfOne, mutexOfTwo } }) {
        yield* pthread_mutex_lock(mutexOfOne)
        yield* one.store(0, 1)
        yield* pthread_mutex_unlock(mutexOfOne)
        // Here the two do not belong together.
        yield* pthread_mutex_lock(mutexOfTwo)
        yield* two.store(0, (yield* one.load()) + 1)
        yield* pthread_mutex_unlock(mutexOfTwo)
      },
    },
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { one, two, mutexOfOne, mutexOfTwo } }) {
        yield* pthread_mutex_lock(mutexOfOne)
        if ((yield* one.load()) === 0) return yield* pthread_mutex_unlock(mutexOfOne)
        const first = yield* one.load()
        yield* pthread_mutex_unlock(mutexOfOne)
        yield* pthread_mutex_lock(mutexOfTwo)
        const second = yield* two.load()
        yield* pthread_mutex_unlock(mutexOfTwo)
        yield* assert(second === first + 1, 'the second is one more than the first')
      },
    },
  },
  expect: 'violates: the second is one more than the first',
})
