import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

/**
 * A spin lock: `Atomics.exchange` takes the lock and says, in the same step, whether it was free. Who finds it taken
 * looks at it until it is free, and tries again. What is done under the lock may then use ordinary accesses.
 */
export default scenario('a spin lock', {
  source: 'ECMA-262, section 25.4.7 (Atomics.exchange)',
  about: 'Workers take a lock by exchange. One at a time is inside, and a plain ++ under the lock loses nothing.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers want in' },
    rounds: { default: 2, min: 1, max: 5, about: 'how often each of them does' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    const buffer = yield* shared_array_buffer(8)
    return { lock: int32Array(buffer, 0, 1), total: int32Array(buffer, 4, 1) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { lock, total }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          while ((yield* Atomics.exchange(lock, 0, 1)) !== 0) yield* lock.await_(0, (held) => held === 0)
          ghost.inside += 1
          const seen = yield* total.get(0)
          yield* total.set(0, seen + 1)
          ghost.inside -= 1
          yield* Atomics.store(lock, 0, 0)
        }
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'every increment counts': ({ params: { workers, rounds }, shared, load }) =>
      load(shared.total.addressOf(0), 'i32') === workers * rounds,
  },
  expect: 'proved',
})
