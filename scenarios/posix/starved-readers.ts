import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_broadcast, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

const WRITING = 0
const WRITERS_WAIT = 1
const READER_WAITS = 2
const READERS_TURN = 3

/**
 * A read-write lock that prefers writers, made of a mutex and a condition variable: a reader waits as long as a writer
 * writes or waits. Two writers that come again and again, each before the other has left, keep the reader out as long as
 * they like: `starved-writer` the other way round. Whom a lock prefers, the others it lets starve.
 *
 * With `turns` a writer on its way out gives the turn to a reader that waits, and no writer takes it: then the reader is
 * passed by the one that was there before it, and by nobody else.
 *
 * glibc's locks can be made so, too: with PTHREAD_RWLOCK_PREFER_WRITER_NP a writer that leaves hands the lock to a writer
 * that waits, past all readers.
 */
export default scenario('writers that overlap starve the reader', {
  source: 'Courtois, Heymans, Parnas 1971, problem 2; pthread_rwlockattr_setkind_np(3)',
  about:
    'A reader waits for a lock that prefers writers, while these come and go, each before the other has left. It is passed as often as they come. With turns=true it is passed once at most.',
  params: {
    rounds: { default: 2, min: 1, max: 4, about: 'how often each writer comes' },
    turns: { default: false, about: 'let a writer that leaves give the turn to a reader that waits' },
  },
  ghost: () => ({ waiting: false, passed: 0 }),
  *setup() {
    return {
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      changed: yield* map_anonymous(48, { name: 'changed' }),
      lock: int32(yield* map_anonymous(16, { name: 'lock' })),
    }
  },
  programs: {
    writer: {
      copies: 2,
      *program({ params, shared: { mutex, changed, lock }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_mutex_lock(mutex)
          yield* lock.store(WRITERS_WAIT, (yield* lock.load(WRITERS_WAIT)) + 1)
          while ((yield* lock.load(WRITING)) !== 0 || (yield* lock.load(READERS_TURN)) !== 0)
            yield* pthread_cond_wait(changed, mutex)
          yield* lock.store(WRITERS_WAIT, (yield* lock.load(WRITERS_WAIT)) - 1)
          yield* lock.store(WRITING, 1)
          if (ghost.waiting) ghost.passed += 1
          yield* pthread_mutex_unlock(mutex)

          yield* pthread_mutex_lock(mutex) // It has written.
          yield* lock.store(WRITING, 0)
          if (params.turns && (yield* lock.load(READER_WAITS)) !== 0) yield* lock.store(READERS_TURN, 1)
          yield* pthread_cond_broadcast(changed)
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
    *reader({ shared: { mutex, changed, lock }, ghost }) {
      yield* pthread_mutex_lock(mutex)
      while (
        (yield* lock.load(WRITING)) !== 0 ||
        ((yield* lock.load(WRITERS_WAIT)) > 0 && (yield* lock.load(READERS_TURN)) === 0)
      ) {
        yield* lock.store(READER_WAITS, 1)
        ghost.waiting = true
        yield* pthread_cond_wait(changed, mutex)
      }
      ghost.waiting = false
      yield* lock.store(READER_WAITS, 0)
      yield* lock.store(READERS_TURN, 0)
      yield* pthread_cond_broadcast(changed)
      yield* pthread_mutex_unlock(mutex)
    },
  },
  invariants: {
    'the reader is passed by each writer once at most': ({ ghost }) => ghost.passed <= 2,
  },
  sometimes: {
    'the reader waits': ({ ghost }) => ghost.waiting,
  },
  expect: 'violates: the reader is passed by each writer once at most',
})
