import { int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Everybody writes to one log, under a mutex, and waits under it for the disk. While the first waits, all the others come
 * to the mutex and stand in line. From then on they go in single file: whoever has written comes back with the next record
 * and finds the line as long as before. The mutex is never free, and the machine does no more than one process could.
 *
 * Nothing breaks: every record is written. `convoy-mended` waits for the disk outside.
 */
export default scenario('a convoy', {
  source:
    'M. Blasgen, J. Gray, M. Mitoma and T. Price: The convoy phenomenon. Operating Systems Review 13 (2), 1979, pages 20-25',
  about:
    'Workers write to a log and keep its mutex while they wait for the disk. All but one of them stand in line behind it, always. Look at it with run and --policy rr:quantum=1, and with more workers.',
  params: {
    workers: { default: 3, min: 2, max: 10, about: 'how many processes write to the log' },
    rounds: { default: 4, min: 1, max: 20, about: 'how many records each of them writes' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    return { mutex: yield* map_anonymous(40, { name: 'mutex' }), log: int32(yield* map_anonymous(4, { name: 'log' })) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { mutex, log }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_mutex_lock(mutex)
          ghost.inside += 1
          yield* log.add(0, 1)
          yield* sleep(100) // until the disk has it
          ghost.inside -= 1
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
  },
  invariants: {
    'one at a time writes': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'every record is in the log': ({ params: { workers, rounds }, shared, load }) =>
      load(shared.log.at(0), 'i32') === workers * rounds,
  },
  expect: 'proved',
})
