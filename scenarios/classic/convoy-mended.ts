import { int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The log of `convoy`, mended: under the mutex a worker only puts its record in. For the disk it waits when it has given
 * the mutex back, and so all wait for the disk at once, and nobody for the mutex. That a record is in the log no longer
 * says that the disk has it; whoever needs to know that has to wait, as the worker itself does.
 */
export default scenario('a convoy, mended', {
  source:
    'M. Blasgen, J. Gray, M. Mitoma and T. Price: The convoy phenomenon. Operating Systems Review 13 (2), 1979, pages 20-25',
  about:
    'Workers write to a log under a mutex and wait for the disk without it. Nobody stands in line. Look at it with run and --policy rr:quantum=1. Proved for three workers with one record each; with rounds=2 it holds as far as the search goes.',
  params: {
    workers: { default: 3, min: 2, max: 10, about: 'how many processes write to the log' },
    rounds: { default: 1, min: 1, max: 20, about: 'how many records each of them writes' },
  },
  ghost: () => ({ inside: 0, waiting: 0, together: false }),
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
          ghost.inside -= 1
          yield* pthread_mutex_unlock(mutex)
          ghost.waiting += 1
          ghost.together ||= ghost.waiting > 1
          yield* sleep(100) // until the disk has it
          ghost.waiting -= 1
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
  sometimes: {
    'they wait for the disk together': ({ ghost }) => ghost.together,
  },
  expect: 'proved',
})
