import { int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * Readers and writers, the first discipline: any number may read together, a writer has to be alone, and no reader waits
 * while others read. The first reader in takes the door for all of them, the last one out gives it back; those between
 * only count themselves. A writer takes the door for himself.
 *
 * So a writer waits until there is no reader at all, and if they relieve each other that is for ever. `writers-first` and
 * `readers-writers-fair` are the other disciplines; `readers-first-careless` gives the mutex back one line too early.
 */
export default scenario('readers and writers, readers first', {
  source:
    'P. J. Courtois, F. Heymans, D. L. Parnas: Concurrent control with "readers" and "writers". Communications of the ACM 14 (1971), 667–668, problem 1',
  about:
    'Two readers and a writer: proved that no writer is in beside anybody. Look at who takes the door (/w) and who gives it back: the first reader in and the last one out, who need not be the same. Try --set writers=2; with --set readers=3 it is proved up to a few preemptions.',
  params: {
    readers: { default: 2, min: 1, max: 5, about: 'how many processes read' },
    writers: { default: 1, min: 0, max: 5, about: 'how many processes write' },
  },
  ghost: () => ({ reading: 0, writing: 0 }),
  *setup() {
    return {
      data: int32(yield* map_anonymous(4, { name: 'data' })),
      readcount: int32(yield* map_anonymous(4, { name: 'readcount' })),
      mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
      w: yield* sem_open('/w', O_CREAT, 0o600, 1),
    }
  },
  programs: {
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { data, readcount, mutex, w }, ghost }) {
        yield* sem_wait(mutex)
        const before = yield* readcount.load()
        yield* readcount.store(0, before + 1)
        if (before === 0) yield* sem_wait(w)
        ghost.reading += 1
        yield* sem_post(mutex)
        yield* data.load()
        ghost.reading -= 1
        yield* sem_wait(mutex)
        const left = (yield* readcount.load()) - 1
        yield* readcount.store(0, left)
        if (left === 0) yield* sem_post(w)
        yield* sem_post(mutex)
      },
    },
    writer: {
      copies: ({ writers }) => writers,
      *program({ shared: { data, w }, ghost, index }) {
        yield* sem_wait(w)
        ghost.writing += 1
        yield* data.store(0, index)
        ghost.writing -= 1
        yield* sem_post(w)
      },
    },
  },
  invariants: {
    'no writer is in beside anybody': ({ ghost: { reading, writing } }) =>
      writing === 0 || (writing === 1 && reading === 0) || `${writing} write and ${reading} read`,
  },
  sometimes: {
    'two read together': ({ params, ghost }) => params.readers < 2 || ghost.reading >= 2,
  },
  expect: 'proved',
})
