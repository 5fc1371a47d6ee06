import { int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * `readers-first` with two lines the wrong way round: the first reader gives the mutex back and then takes the door. He
 * may have to wait there, for a writer who is in; and meanwhile the next reader finds that he is not the first, believes
 * that the door is theirs, and walks in to the writer. The count is right, but what it stands for is not yet so.
 */
export default scenario('readers and writers, the mutex given back too early', {
  source:
    'after P. J. Courtois, F. Heymans, D. L. Parnas: Concurrent control with "readers" and "writers". Communications of the ACM 14 (1971), 667–668, problem 1',
  about:
    'A reader counts himself in, gives the mutex back, and only then waits at the door. Look at the second reader, who does not wait there and reads beside the writer. A single reader does not show it (--set readers=1).',
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
        yield* sem_post(mutex) // These two are the wrong way round,
        if (before === 0) yield* sem_wait(w) // and that is the bug.
        ghost.reading += 1
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
  expect: 'violates: no writer is in beside anybody',
})
