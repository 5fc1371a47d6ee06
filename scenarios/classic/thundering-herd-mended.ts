import { int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The workers of `thundering-herd`, mended: for each job one of them is woken. That is right because any of them can do
 * any job, and each does one; where those who sleep wait for different things, a signal might wake the wrong one.
 *
 * One can still come for nothing, when another that has not slept was quicker. So the `while` stays.
 */
export default scenario('a thundering herd, mended', {
  source:
    'W. R. Stevens, B. Fenner and A. Rudoff: UNIX Network Programming, volume 1 (3rd edition, 2004), section 30.6; B. Lampson and D. Redell: Experience with processes and monitors in Mesa. Communications of the ACM 23 (1980)',
  about:
    'A job comes, and one of those who sleep is woken for it. Look at it with run and --policy fifo, and with more workers. With workers=2 it is proved that every job is done; with three it holds as far as the search goes.',
  params: {
    workers: { default: 3, min: 1, max: 20, about: 'how many processes wait for a job; each does one' },
  },
  ghost: () => ({ done: 0, slept: 0 }),
  *setup() {
    return {
      jobs: int32(yield* map_anonymous(4, { name: 'jobs' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'cond' }),
    }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ shared: { jobs, mutex, cond }, ghost }) {
        yield* pthread_mutex_lock(mutex)
        while ((yield* jobs.load()) === 0) {
          ghost.slept += 1
          yield* pthread_cond_wait(cond, mutex)
        }
        yield* jobs.add(0, -1)
        ghost.done += 1
        yield* pthread_mutex_unlock(mutex)
      },
    },
    *giver({ params, shared: { jobs, mutex, cond } }) {
      for (let job = 0; job < params.workers; job++) {
        yield* sleep(100)
        yield* pthread_mutex_lock(mutex)
        yield* jobs.add(0, 1)
        yield* pthread_cond_signal(cond)
        yield* pthread_mutex_unlock(mutex)
      }
    },
  },
  invariants: {
    'there is no less than no job': ({ shared, load }) => load(shared.jobs.at(0), 'i32') >= 0,
  },
  atEnd: {
    'every job is done': ({ params, ghost }) => ghost.done === params.workers,
  },
  sometimes: {
    'all of them sleep': ({ params, ghost }) => ghost.done === 0 && ghost.slept === params.workers,
  },
  expect: 'holds',
})
