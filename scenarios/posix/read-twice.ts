import { map_anonymous, scenario } from 'ipclab'
import {
  PTHREAD_RWLOCK_PREFER_READER_NP,
  PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP,
  pthread_rwlock_init,
  pthread_rwlock_rdlock,
  pthread_rwlock_unlock,
  pthread_rwlock_wrlock,
} from 'ipclab/posix'

/**
 * Who reads may lock for reading once more, in a function called meanwhile, say. If a writer has come to wait in between,
 * and the lock is one that lets writers go first, then the reader waits for the writer, and the writer for the reader, who
 * is in. That is why glibc's read-write locks prefer readers, unless it is said of a lock that nobody does that: the name
 * is PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP. With `prefers: 'readers'` all come through, and `starved-writer` is
 * the price.
 */
export default scenario('locked for reading once more while a writer waits', {
  source: 'pthread_rwlockattr_setkind_np(3): PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP',
  about:
    'A reader locks a second time a read-write lock that prefers writers. If one waits by then, each waits for the other.',
  params: {
    prefers: { default: 'writers', oneOf: ['writers', 'readers'], about: 'whom the lock prefers' },
  },
  *setup({ params: { prefers } }) {
    const rwlock = yield* map_anonymous(56, { name: 'rwlock' })
    yield* pthread_rwlock_init(rwlock, {
      kind: prefers === 'writers' ? PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP : PTHREAD_RWLOCK_PREFER_READER_NP,
    })
    return rwlock
  },
  programs: {
    *reader({ shared: rwlock }) {
      yield* pthread_rwlock_rdlock(rwlock)
      yield* pthread_rwlock_rdlock(rwlock)
      yield* pthread_rwlock_unlock(rwlock)
      yield* pthread_rwlock_unlock(rwlock)
    },
    *writer({ shared: rwlock }) {
      yield* pthread_rwlock_wrlock(rwlock)
      yield* pthread_rwlock_unlock(rwlock)
    },
  },
  expect: 'deadlock',
})
