import { compute, int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/** Of all who lock the mutex, the most urgent one's. */
const CEILING = 3

/**
 * The processes of `priority-inversion`, mended by a ceiling: whoever locks the mutex is as urgent as the most urgent of
 * those who lock it. Then nobody in between can take the CPU from one who has the mutex, and the bus manager waits for the
 * weather station's few steps and no longer, whatever the radio does.
 *
 * A system with the priority ceiling protocol (PTHREAD_PRIO_PROTECT) lifts a process only while it has the mutex. Here
 * mutexes have no protocol, and the weather station, which does nothing else, is urgent for all its life.
 */
export default scenario('priority inversion, mended', {
  source:
    'L. Sha, R. Rajkumar and J. Lehoczky: Priority inheritance protocols. IEEE Transactions on Computers 39 (9), 1990, pages 1175-1185 (the priority ceiling); M. Jones: What really happened on Mars? (1997)',
  about:
    'Whoever locks the mutex has the priority of the most urgent who does, and the radio can no longer come between. Look at it with run and --policy priority: the manager is through before the radio, however much that has to do.',
  params: {
    radio: { default: 2, min: 1, max: 50, about: 'how many steps the radio works' },
  },
  ghost: () => ({ inside: 0, written: 0, contended: false }),
  *setup() {
    return { mutex: yield* map_anonymous(40, { name: 'mutex' }), bus: int32(yield* map_anonymous(4, { name: 'bus' })) }
  },
  programs: {
    weather: {
      priority: CEILING,
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
      priority: CEILING,
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
