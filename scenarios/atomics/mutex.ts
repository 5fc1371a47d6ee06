import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

const FREE = 0
const HELD = 1
const CONTENDED = 2

/**
 * A mutex that sleeps instead of spinning. The cell has three values, so that an unlock has to notify only when somebody
 * may be asleep. A worker that has slept, or was about to, takes the mutex as `CONTENDED`, for it can't know whether it
 * was the last: to take it as `HELD` would forget the others. `mutex-forgets` does that.
 */
export default scenario('a mutex with wait and notify', {
  source: 'U. Drepper: Futexes are tricky (2011), the second mutex',
  about: 'Workers lock and unlock a mutex of three states. One at a time is inside, and nobody is left asleep.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers want in' },
    rounds: { default: 1, min: 1, max: 5, about: 'how often each of them does' },
  },
  ghost: () => ({ inside: 0, slept: false }),
  *setup() {
    const buffer = yield* shared_array_buffer(8)
    return { mutex: int32Array(buffer, 0, 1), total: int32Array(buffer, 4, 1) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { mutex, total }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          ghost.slept = (yield* lock(mutex)) || ghost.slept
          ghost.inside += 1
          const seen = yield* total.get(0)
          yield* total.set(0, seen + 1)
          ghost.inside -= 1
          yield* unlock(mutex)
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
  sometimes: {
    'a worker sleeps': ({ ghost }) => ghost.slept,
  },
  expect: 'proved',
})

/** Says whether it had to sleep. */
function* lock(mutex: SharedArray<'i32'>): Program<boolean> {
  let slept = false
  let state = yield* Atomics.compareExchange(mutex, 0, FREE, HELD)
  if (state === FREE) return slept
  if (state !== CONTENDED) state = yield* Atomics.exchange(mutex, 0, CONTENDED)
  while (state !== FREE) {
    slept = (yield* Atomics.wait(mutex, 0, CONTENDED)) === 'ok' || slept
    state = yield* Atomics.exchange(mutex, 0, CONTENDED)
  }
  return slept
}

function* unlock(mutex: SharedArray<'i32'>): Program {
  if ((yield* Atomics.sub(mutex, 0, 1)) === HELD) return // nobody waits
  yield* Atomics.store(mutex, 0, FREE)
  yield* Atomics.notify(mutex, 0, 1)
}
