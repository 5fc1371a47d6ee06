import { int32, map_anonymous, type Program, scenario, type View } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The first of a kind to come locks the others out, and the last to go lets them in. With one of each kind every counter
 * goes from 0 to 1 and back, so each is first and last: it takes `room` while it holds `mutex`, gives `mutex` back, and
 * wants it again with `room` still held. Who comes meanwhile holds `mutex` and waits for `room`.
 *
 * That every lock is taken in the same order at first does not help: the second time it is taken in the other.
 */
export default scenario('the first in locks, the last out unlocks', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, carter01',
  about: 'Each waits with one mutex for the other. One interruption, while nothing but the room is held, is enough.',
  *setup() {
    return {
      a: int32(yield* map_anonymous(4, { name: 'a' })),
      b: int32(yield* map_anonymous(4, { name: 'b' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      room: yield* map_anonymous(40, { name: 'room' }),
    }
  },
  programs: {
    *first({ shared: { a, mutex, room } }) {
      yield* visit(a, mutex, room)
    },
    *second({ shared: { b, mutex, room } }) {
      yield* visit(b, mutex, room)
    },
  },
  expect: 'deadlock',
})

function* visit(inside: View<'i32'>, mutex: number, room: number): Program {
  yield* pthread_mutex_lock(mutex)
  const come = (yield* inside.load()) + 1
  yield* inside.store(0, come)
  if (come === 1) yield* pthread_mutex_lock(room)
  yield* pthread_mutex_unlock(mutex)

  yield* pthread_mutex_lock(mutex)
  const left = (yield* inside.load()) - 1
  yield* inside.store(0, left)
  if (left === 0) yield* pthread_mutex_unlock(room)
  yield* pthread_mutex_unlock(mutex)
}
