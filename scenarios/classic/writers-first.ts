import { int32, map_anonymous, scenario } from 'ipclab'
import {
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

/**
 * Readers and writers, the second discipline: as soon as a writer waits, no further reader comes in. This is how a
 * read–write lock is made of a mutex and two condition variables. `refcount` says who is in: so many readers, or -1 for a
 * writer. `waitingWriters` is what a reader looks at, too, before he comes in. The last reader out wakes a writer; a
 * writer on his way out wakes the next one if there is one, and only otherwise all readers.
 *
 * Now it is the readers who may wait for ever. `readers-writers-fair` has one line for both.
 */
export default scenario('readers and writers, writers first', {
  source:
    'P. J. Courtois, F. Heymans, D. L. Parnas: Concurrent control with "readers" and "writers". Communications of the ACM 14 (1971), 667–668, problem 2; after W. R. Stevens: UNIX Network Programming, volume 2, 2nd edition, section 8.4',
  about:
    'Two readers and a writer: proved that no writer is in beside anybody, and that no reader comes in past a writer who waits. Look at a reader who finds only readers in and waits all the same. With --set readers=1 --set writers=2 writers pass readers, too.',
  params: {
    readers: { default: 2, min: 1, max: 5, about: 'how many processes read' },
    writers: { default: 1, min: 0, max: 5, about: 'how many processes write' },
  },
  ghost: () => ({ reading: 0, writing: 0, waiting: 0, overtaken: false }),
  *setup() {
    return {
      data: int32(yield* map_anonymous(4, { name: 'data' })),
      refcount: int32(yield* map_anonymous(4, { name: 'refcount' })),
      waitingWriters: int32(yield* map_anonymous(4, { name: 'waitingWriters' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      readable: yield* map_anonymous(48, { name: 'readable' }),
      writable: yield* map_anonymous(48, { name: 'writable' }),
    }
  },
  programs: {
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { data, refcount, waitingWriters, mutex, readable, writable }, ghost }) {
        yield* pthread_mutex_lock(mutex)
        while ((yield* refcount.load()) < 0 || (yield* waitingWriters.load()) > 0) {
          yield* pthread_cond_wait(readable, mutex)
        }
        yield* refcount.store(0, (yield* refcount.load()) + 1)
        ghost.reading += 1
        if (ghost.waiting > 0) ghost.overtaken = true
        yield* pthread_mutex_unlock(mutex)
        yield* data.load()
        ghost.reading -= 1
        yield* pthread_mutex_lock(mutex)
        const left = (yield* refcount.load()) - 1
        yield* refcount.store(0, left)
        if (left === 0) yield* pthread_cond_signal(writable)
        yield* pthread_mutex_unlock(mutex)
      },
    },
    writer: {
      copies: ({ writers }) => writers,
      *program({ shared: { data, refcount, waitingWriters, mutex, readable, writable }, ghost, index }) {
        yield* pthread_mutex_lock(mutex)
        yield* waitingWriters.store(0, (yield* waitingWriters.load()) + 1)
        ghost.waiting += 1
        while ((yield* refcount.load()) !== 0) yield* pthread_cond_wait(writable, mutex)
        yield* waitingWriters.store(0, (yield* waitingWriters.load()) - 1)
        ghost.waiting -= 1
        yield* refcount.store(0, -1)
        ghost.writing += 1
        yield* pthread_mutex_unlock(mutex)
        yield* data.store(0, index)
        ghost.writing -= 1
        yield* pthread_mutex_lock(mutex)
        yield* refcount.store(0, 0)
        if ((yield* waitingWriters.load()) > 0) yield* pthread_cond_signal(writable)
        else yield* pthread_cond_broadcast(readable)
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  invariants: {
    'no writer is in beside anybody': ({ ghost: { reading, writing } }) =>
      writing === 0 || (writing === 1 && reading === 0) || `${writing} write and ${reading} read`,
    'no reader comes in past a writer who waits': ({ ghost }) => !ghost.overtaken,
  },
  sometimes: {
    'two read together': ({ params, ghost }) => params.readers < 2 || ghost.reading >= 2,
    'a writer waits for a reader': ({ params, ghost: { reading, waiting } }) =>
      params.writers < 1 || (waiting > 0 && reading > 0),
  },
  expect: 'proved',
})
