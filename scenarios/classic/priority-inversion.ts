import { compute, int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Three processes on one CPU, by priority, as on the Mars Pathfinder: the bus manager is the most urgent, the weather
 * station the least, and both write to a bus under one mutex. The bus manager has to wait while the weather station has
 * it; that is short. But then the radio comes, which is more urgent than the weather station and has nothing to do with
 * the bus: it takes the CPU from the weather station, and so the most urgent of all waits for as long as the radio likes.
 *
 * Nothing breaks: no schedule is wrong, it is late. `priority-inversion-mended` has the cure.
 */
export default scenario('priority inversion', {
  source:
    'L. Sha, R. Rajkumar and J. Lehoczky: Priority inheritance protocols. IEEE Transactions on Computers 39 (9), 1990, pages 1175-1185; M. Jones: What really happened on Mars? (1997)',
  about:
    'The most urgent process waits for a mutex that the least urgent has, and the one in between keeps that from the CPU. Look at it with run and --policy priority. A larger radio makes the wait longer.',
  params: {
    radio: { default: 2, min: 1, max: 50, about: 'how many steps the radio works' },
  },
  ghost: () => ({ inside: 0, written: 0, contended: false }),
  *setup() {
    return { mutex: yield* map_anonymous(40, { name: 'mutex' }), bus: int32(yield* map_anonymous(4, { name: 'bus' })) }
  },
  programs: {
    weather: {
      priority: 1,
      *program({ shared: { mutex, bus }, ghost }) {
        yield* pthread_mutex_lock(mutex)
        ghost.inside += 1
        yield* compute(10)
        yield* bus.store(0, 1)
        ghost.written += 1
        ghost.inside -= 1
        yield* pthread_mutex_unlock(mutex)
      },
    },
    radio: {
      priority: 2,
      *program({ params }) {
        yield* sleep(8)
        for (let i = 0; i < params.radio; i++) yield* compute(10)
      },
    },
    manager: {
      priority: 3,
      *program({ shared: { mutex, bus }, ghost }) {
        yield* sleep(5)
        ghost.contended = ghost.inside > 0
        yield* pthread_mutex_lock(mutex)
        ghost.inside += 1
        yield* bus.store(0, 2)
        ghost.written += 1
        ghost.inside -= 1
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  invariants: {
    'one at a time is on the bus': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'both have written': ({ ghost }) => ghost.written === 2,
  },
  sometimes: {
    'the manager comes while the weather station is on the bus': ({ ghost }) => ghost.contended,
  },
  expect: 'proved',
})
