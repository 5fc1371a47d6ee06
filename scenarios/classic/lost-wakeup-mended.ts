import { int32, map_anonymous, scenario } from 'ipclab'
import { pthread_cond_signal, pthread_cond_wait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * The parent of `lost-wakeup`, mended: it looks with the mutex in its hand, and pthread_cond_wait gives the mutex back
 * and falls asleep in one step. A child that wants to say that it is done needs the mutex, and so comes either before the
 * look, and is seen, or after the parent has fallen asleep, and is heard.
 */
export default scenario('a lost wake-up, mended', {
  source:
    'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.1 (a parent waiting for its child, with a condition variable)',
  about:
    'A parent looks under the mutex whether its children are done, and sleeps until they are. No signal is lost, whoever comes first.',
  params: {
    children: { default: 2, min: 1, max: 4, about: 'how many children the parent waits for' },
  },
  ghost: () => ({ slept: false, joined: false }),
  *setup() {
    return {
      done: int32(yield* map_anonymous(4, { name: 'done' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      cond: yield* map_anonymous(48, { name: 'cond' }),
    }
  },
  programs: {
    *parent({ params, shared: { done, mutex, cond }, ghost }) {
      yield* pthread_mutex_lock(mutex)
      while ((yield* done.load()) < params.children) {
        ghost.slept = true
        yield* pthread_cond_wait(cond, mutex)
      }
      yield* pthread_mutex_unlock(mutex)
      ghost.joined = true
    },
    child: {
      copies: ({ children }) => children,
      *program({ shared: { done, mutex, cond } }) {
        yield* pthread_mutex_lock(mutex)
        const seen = yield* done.load()
        yield* done.store(0, seen + 1)
        yield* pthread_cond_signal(cond)
        yield* pthread_mutex_unlock(mutex)
      },
    },
  },
  invariants: {
    'the parent goes on only when all children are done': ({ params, shared, ghost, load }) =>
      !ghost.joined || load(shared.done.at(0), 'i32') === params.children,
  },
  sometimes: {
    'the parent sleeps': ({ ghost }) => ghost.slept,
    'the parent need not sleep': ({ ghost }) => ghost.joined && !ghost.slept,
  },
  expect: 'proved',
})
