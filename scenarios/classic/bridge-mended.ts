import { int32, map_anonymous, type Program, scenario, type View } from 'ipclab'
import { pthread_cond_broadcast, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const NORTH = 1
const SOUTH = -1

/**
 * The bridge of `bridge`, mended by a monitor: before a car drives on, it asks whether somebody comes the other way, and
 * waits while it is so. One number says it all: so many drive north, or below zero, so many drive south. The last car
 * that leaves the bridge wakes all who wait, for they may all drive the same way.
 *
 * Nothing keeps an endless row of cars of one direction from shutting the others out for ever.
 */
export default scenario('a bridge with one lane, mended', {
  source:
    'J. Magee, J. Kramer: Concurrency: State Models and Java Programs, 2nd edition, section 7.2 (single-lane bridge)',
  about:
    'Two cars from each side: proved that none meet on the bridge, and that all get across. Look at a second car that drives on behind the first, past those that wait for the bridge to be clear; that may go on for as long as cars come.',
  params: {
    north: { default: 2, min: 0, max: 4, about: 'how many cars drive north' },
    south: { default: 2, min: 0, max: 4, about: 'how many cars drive south' },
  },
  ghost: () => ({ north: 0, south: 0, across: 0 }),
  *setup() {
    return {
      onBridge: int32(yield* map_anonymous(4, { name: 'onBridge' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      clear: yield* map_anonymous(48, { name: 'clear' }),
    }
  },
  programs: {
    northbound: {
      copies: ({ north }) => north,
      *program({ shared, ghost }) {
        yield* enter(shared, NORTH)
        ghost.north += 1
        yield* leave(shared, NORTH)
        ghost.north -= 1
        ghost.across += 1
      },
    },
    southbound: {
      copies: ({ south }) => south,
      *program({ shared, ghost }) {
        yield* enter(shared, SOUTH)
        ghost.south += 1
        yield* leave(shared, SOUTH)
        ghost.south -= 1
        ghost.across += 1
      },
    },
  },
  invariants: {
    'no cars meet on the bridge': ({ ghost }) => ghost.north === 0 || ghost.south === 0,
  },
  atEnd: {
    'everybody is across': ({ params, ghost }) => ghost.across === params.north + params.south,
  },
  sometimes: {
    'one car follows another': ({ params, ghost }) =>
      (params.north < 2 && params.south < 2) || ghost.north === 2 || ghost.south === 2,
  },
  expect: 'proved',
})

interface Monitor {
  readonly onBridge: View<'i32'>
  readonly mutex: number
  readonly clear: number
}

function* enter({ onBridge, mutex, clear }: Monitor, direction: number): Program {
  yield* pthread_mutex_lock(mutex)
  while ((yield* onBridge.load()) * direction < 0) yield* pthread_cond_wait(clear, mutex)
  yield* onBridge.store(0, (yield* onBridge.load()) + direction)
  yield* pthread_mutex_unlock(mutex)
}

function* leave({ onBridge, mutex, clear }: Monitor, direction: number): Program {
  yield* pthread_mutex_lock(mutex)
  const left = (yield* onBridge.load()) - direction
  yield* onBridge.store(0, left)
  if (left === 0) yield* pthread_cond_broadcast(clear)
  yield* pthread_mutex_unlock(mutex)
}
