import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

/**
 * A lock that is no lock: look whether it is free, and if so, take it. Every access is atomic, and it does not help:
 * between the look and the taking another worker can look, too. The two have to be one step, as in `spin-lock`.
 */
export default scenario('a lock that looks first', {
  source: 'the textbook example of a test that is not atomic with what hangs on it',
  about: 'Two workers take a lock by a load and a store. Both can get in.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers want in' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    return { lock: int32Array(yield* shared_array_buffer(4)) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ shared: { lock }, ghost }) {
        yield* lock.await_(0, (held) => held === 0)
        // Here anybody may come to the same conclusion.
        yield* Atomics.store(lock, 0, 1)
        ghost.inside += 1
        yield* Atomics.load(lock, 0) // the work under the lock
        ghost.inside -= 1
        yield* Atomics.store(lock, 0, 0)
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  expect: 'violates: one at a time is inside',
})
