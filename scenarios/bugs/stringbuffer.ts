import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * `StringBuffer.append(other)` of JDK 1.4, reduced to what is wrong with it: it asks the other buffer for its length, and
 * then for so many characters. Each of the two questions is locked; between them another may make the buffer shorter, and
 * the length is out of date. Two methods that are each atomic are not atomic together.
 */
export default scenario('a length out of date', {
  source:
    'C. Flanagan, S. Qadeer: A type and effect system for atomicity. PLDI 2003; P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, stringbuffer-jdk1.4',
  about: 'A buffer is cut between the question for its length and the copying of so many characters.',
  *setup() {
    const shared = {
      length: int32(yield* map_anonymous(4, { name: 'length' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
    yield* shared.length.store(0, 5)
    return shared
  },
  programs: {
    *append({ shared: { length, mutex } }) {
      yield* pthread_mutex_lock(mutex) // other.length()
      const asked = yield* length.load()
      yield* pthread_mutex_unlock(mutex)

      yield* pthread_mutex_lock(mutex) // other.getChars(0, asked, …)
      yield* assert(asked <= (yield* length.load()), 'so many characters are there')
      yield* pthread_mutex_unlock(mutex)
    },
    *erase({ shared: { length, mutex } }) {
      yield* pthread_mutex_lock(mutex)
      yield* length.store(0, 0)
      yield* pthread_mutex_unlock(mutex)
    },
  },
  expect: 'violates: so many characters are there',
})
