import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * Two workers count themselves done and post a semaphore; a third waits for it twice, and so for both. That is right, and
 * hides what is wrong: the counting is a load and a store, and one of the two can be lost. Whoever looks for the bug at
 * the semaphore finds nothing.
 */
export default scenario('done, and counted wrong', {
  source:
    'A. Downey: The Little Book of Semaphores, 2nd edition, 2016, sections 1.5.2 (concurrent updates) and 3.1 (signaling)',
  about: 'Both have posted, and only one is counted.',
  *setup() {
    return {
      done: int32(yield* map_anonymous(4, { name: 'done' })),
      posted: yield* sem_open('/posted', O_CREAT, 0o600, 0),
    }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ shared: { done, posted } }) {
        yield* done.store(0, (yield* done.load()) + 1)
        yield* sem_post(posted)
      },
    },
    *boss({ shared: { done, posted } }) {
      yield* sem_wait(posted)
      yield* sem_wait(posted)
      yield* assert((yield* done.load()) === 2, 'both are counted')
    },
  },
  expect: 'violates: both are counted',
})
