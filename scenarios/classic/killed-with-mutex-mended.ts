import { int32, kill, map_anonymous, PosixError, type Program, scenario } from 'ipclab'
import { fromNs, pthread_mutex_timedlock, pthread_mutex_unlock } from 'ipclab/posix'

const LEFT = 0
const RIGHT = 1

/**
 * The workers of `killed-with-mutex`, made so that one survives the other. Nobody waits for the mutex for ever: who has
 * waited long enough looks whether the other still lives. If it does, the wait goes on, a few times, and then the work is
 * left undone, which is better than to hang. If it does not, the mutex may be locked for good; but who is alone needs none.
 *
 * To get past the mutex is the smaller half. The dead one may have died in the middle of its work, and what it has left
 * half done has to be put right first.
 *
 * With more than two workers somebody would have to say who takes over. That is what robust mutexes do: the next to lock
 * gets the mutex, and is told (EOWNERDEAD): see `posix/robust`.
 */
export default scenario('killed with the mutex held, mended', {
  source:
    "W. R. Stevens: UNIX Network Programming, volume 2 (2nd edition, 1999), chapter 7, 'Process Termination While Holding a Lock'; pthread_mutex_timedlock(3p); kill(2), signal 0",
  about:
    'A worker may be killed at any point. The other waits for a time, looks whether its fellow lives, puts right what it left half done, and goes on. Proved, for one kill.',
  params: {
    patience: { default: 2, min: 1, max: 5, about: 'how often a worker waits for one that lives' },
  },
  faults: { kill: ['worker'] },
  ghost: () => ({ starting: false, finished: 0, repaired: false, gaveUp: false }),
  *setup() {
    return {
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      halves: int32(yield* map_anonymous(8, { name: 'halves' })),
    }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params: { patience }, shared: { mutex, halves }, ghost, index, pids }) {
        const entry = yield* enter(mutex, pids[`worker${3 - index}`] ?? 0, patience)
        if (entry === 'gave up') {
          ghost.gaveUp = true
          return
        }
        const left = yield* halves.load(LEFT)
        if ((yield* halves.load(RIGHT)) !== left) {
          yield* halves.store(RIGHT, left) // what the other began
          ghost.repaired = true
        }
        ghost.starting = true
        yield* halves.store(LEFT, left + 1)
        ghost.starting = false
        yield* halves.store(RIGHT, left + 1)
        ghost.finished += 1
        if (entry === 'locked') yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  invariants: {
    'who starts finds both halves alike': ({ shared: { halves }, ghost, load }) =>
      !ghost.starting || load(halves.at(LEFT), 'i32') === load(halves.at(RIGHT), 'i32'),
  },
  atEnd: {
    'what is finished counts': ({ shared: { halves }, ghost, load }) => {
      const begun = load(halves.at(LEFT), 'i32')
      return begun === ghost.finished || begun === ghost.finished + 1
    },
  },
  sometimes: {
    'what the other left half done is put right': ({ ghost }) => ghost.repaired,
    'both are through': ({ ghost }) => ghost.finished === 2,
    'one gives up on one that lives': ({ ghost }) => ghost.gaveUp,
  },
  expect: 'proved',
})

/** Into the critical section, with the mutex or without it; or not at all. */
function* enter(mutex: number, fellow: number, patience: number): Program<'locked' | 'alone' | 'gave up'> {
  for (let wait = 1; wait <= patience; wait++) {
    try {
      yield* pthread_mutex_timedlock(mutex, fromNs(100 * wait))
      return 'locked'
    } catch (error) {
      if (!(error instanceof PosixError && error.code === 'ETIMEDOUT')) throw error
    }
    if (!(yield* lives(fellow))) return 'alone'
  }
  return 'gave up'
}

function* lives(pid: number): Program<boolean> {
  try {
    yield* kill(pid, '0') // sends nothing: asks whether one could
    return true
  } catch (error) {
    if (!(error instanceof PosixError && error.code === 'ESRCH')) throw error
    return false
  }
}
