import { int32, map_anonymous, scenario, sleep } from 'ipclab'
import { pthread_cond_broadcast, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * Workers sleep until there is a job, and for each job all of them are woken. One gets it. The others have come for
 * nothing: each takes the mutex, looks, and goes back to sleep. With many workers that is most of what the machine does.
 *
 * Nothing breaks: every job is done. `thundering-herd-mended` wakes one.
 */
export default scenario('a thundering herd', {
  source:
    'W. R. Stevens, B. Fenner and A. Rudoff: UNIX Network Programming, volume 1 (3rd edition, 2004), section 30.6; B. Lampson and D. Redell: Experience with processes and monitors in Mesa. Communications of the ACM 23 (1980)',
  about:
    'A job comes, all who sleep are woken by a broadcast, and all but one sleep again. Look at it with run and --policy fifo, and with more workers. With workers=2 it is proved that every job is done; with three it holds as far as the search goes.',
  params: {
    workers: { default: 3, min: 1, max: 20, about: 'how many processes wait for a job; each does one' },
  },
  ghost: () => ({ done: 0, forNothing: 0 }),
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
        for (let looks = 0; (yield* jobs.load()) === 0; looks++) {
          if (looks > 0) ghost.forNothing += 1
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
        yield* pthread_cond_broadcast(cond)
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
    'somebody is woken for nothing': ({ params, ghost }) => params.workers === 1 || ghost.forNothing > 0,
  },
  expect: 'holds',
})
