import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

const FREE = 0
const HELD = 1
const CONTENDED = 2

/**
 * The mutex of `mutex`, with a mistake that two workers don't show: a worker that has slept takes the mutex as `HELD`, as
 * if it were alone. If a third still sleeps, it is forgotten: the unlock finds `HELD`, notifies nobody, and the third
 * sleeps for ever. It takes three workers and a schedule in which two of them sleep.
 */
export default scenario('a mutex that forgets who sleeps', {
  source: 'U. Drepper: Futexes are tricky (2011), the second mutex, with a mistake',
  about: 'A worker that has slept takes the mutex as if nobody else did. With three workers one can be left asleep.',
  params: {
    workers: { default: 3, min: 2, max: 4, about: 'how many workers want in' },
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
  expect: 'deadlock',
})

/** Says whether it had to sleep. */
function* lock(mutex: SharedArray<'i32'>): Program<boolean> {
  let slept = false
  let state = yield* Atomics.compareExchange(mutex, 0, FREE, HELD)
  if (state === FREE) return slept
  if (state !== CONTENDED) state = yield* Atomics.exchange(mutex, 0, CONTENDED)
  while (state !== FREE) {
    slept = (yield* Atomics.wait(mutex, 0, CONTENDED)) === 'ok' || slept
    // That somebody else may still be asleep is forgotten here.
    state = yield* Atomics.compareExchange(mutex, 0, FREE, HELD)
    if (state === HELD) state = yield* Atomics.exchange(mutex, 0, CONTENDED)
  }
  return slept
}

function* unlock(mutex: SharedArray<'i32'>): Program {
  if ((yield* Atomics.sub(mutex, 0, 1)) === HELD) return // nobody waits
  yield* Atomics.store(mutex, 0, FREE)
  yield* Atomics.notify(mutex, 0, 1)
}
