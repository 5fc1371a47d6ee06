import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_rwlock_rdlock, pthread_rwlock_unlock, pthread_rwlock_wrlock } from 'ipclab/posix'

/**
 * A read-write lock prefers readers, unless it is asked not to: a new reader passes a writer that waits. Two readers that
 * come again and again, each before the other has left, keep the writer out as long as they like. Nothing is wrong with
 * any of them; here they come a few times each, and the writer is passed every time. `starved-readers` has it the other
 * way round, and `read-twice` why glibc's locks are not made so.
 */
export default scenario('readers that overlap starve the writer', {
  source:
    'pthread_rwlockattr_setkind_np(3): PTHREAD_RWLOCK_PREFER_READER_NP is the default; Courtois, Heymans, Parnas 1971',
  about:
    'A writer waits for a read-write lock while readers come and go, each before the other has left. It may have to wait for all of them, however many there are.',
  params: {
    rounds: { default: 2, min: 1, max: 5, about: 'how often each reader comes' },
  },
  ghost: () => ({ waiting: false, passed: 0 }),
  *setup() {
    return {
      rwlock: yield* map_anonymous(56, { name: 'rwlock' }),
      data: int32(yield* map_anonymous(4, { name: 'data' })),
    }
  },
  programs: {
    reader: {
      copies: 2,
      *program({ params, shared: { rwlock, data }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_rwlock_rdlock(rwlock)
          if (ghost.waiting) ghost.passed += 1
          yield* data.load()
          yield* pthread_rwlock_unlock(rwlock)
        }
      },
    },
    *writer({ shared: { rwlock, data }, ghost }) {
      ghost.waiting = true
      yield* pthread_rwlock_wrlock(rwlock)
      ghost.waiting = false
      yield* data.store(0, 1)
      yield* pthread_rwlock_unlock(rwlock)
    },
  },
  invariants: {
    'the writer is passed once for each reader at most': ({ ghost }) => ghost.passed <= 2,
  },
  expect: 'violates: the writer is passed once for each reader at most',
})
