import { compute, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const ms = (n: number): number => n * 1_000_000

/**
 * The Mars Pathfinder, July 1997. The bus manager is the most urgent process and has a deadline; the weather station is the
 * least urgent. Both write to the bus under one mutex. The weather station has it when the manager comes, and would give
 * it back within a millisecond; but then the radio has something to send, and by priority the CPU is its own for as long
 * as that takes. The manager, more urgent than both, misses its deadline; on Mars a watchdog then reset the computer.
 *
 * The mutex had an option to lend its holder the priority of who waits for it, and it was off: `priority:inherit`. With
 * `priority:ceiling` nobody comes between to begin with.
 */
export default scenario('priority inversion on the Mars Pathfinder', {
  source:
    'M. Jones: What really happened on Mars? RISKS 19.49 (1997), after D. Wilner; L. Sha, R. Rajkumar and J. Lehoczky: Priority inheritance protocols. IEEE Transactions on Computers 39 (9), 1990, pages 1175-1185',
  about:
    'Run it with --policy priority, then priority:inherit and priority:ceiling: the manager is late by as long as the radio sends, and then it is not late. --set radio=100 makes it worse.',
  params: {
    radio: { default: 20, min: 1, max: 1000, about: 'for how many ms the radio sends' },
  },
  ghost: () => ({ inside: 0, written: 0 }),
  *setup() {
    return { mutex: yield* map_anonymous(40, { name: 'bus' }) }
  },
  programs: {
    weather: {
      priority: 1,
      *program({ shared: { mutex }, ghost }) {
        yield* compute(ms(1))
        yield* pthread_mutex_lock(mutex)
        ghost.inside += 1
        yield* compute(ms(2))
        ghost.written += 1
        ghost.inside -= 1
        yield* pthread_mutex_unlock(mutex)
        yield* compute(ms(1))
      },
    },
    radio: {
      priority: 2,
      *program({ params }) {
        yield* sleep(ms(2.5))
        yield* compute(ms(params.radio))
      },
    },
    manager: {
      priority: 3,
      deadline: ms(8),
      *program({ shared: { mutex }, ghost }) {
        yield* sleep(ms(2))
        yield* pthread_mutex_lock(mutex)
        ghost.inside += 1
        yield* compute(ms(1))
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
  expect: 'proved',
})
