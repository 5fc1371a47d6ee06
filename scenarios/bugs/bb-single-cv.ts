import { int32, map_anonymous, scenario } from 'ipclab'
import {
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
} from 'ipclab/posix'

/**
 * A buffer of one slot with one condition variable for all: producers and consumers sleep in the same line, and a signal
 * wakes whoever has slept longest. If that is one of those who can't use it, it looks, sleeps again, and passes nothing
 * on; whom it was meant for sleeps on, and at last everybody does. Every `while` is there, every lock is held.
 *
 * Two condition variables are a cure, or a broadcast in place of the signal.
 */
export default scenario('one condition variable for two kinds', {
  source:
    'R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, section 30.2 (better, but still broken: while, not if)',
  about: 'A signal that a slot is free wakes one who waits for an item. All sleep, for ever.',
  params: {
    each: { default: 2, min: 1, max: 5, about: 'how many produce, and as many consume' },
    rounds: { default: 2, min: 1, max: 10, about: 'how many items each of them puts or takes' },
  },
  *setup() {
    const shared = {
      count: int32(yield* map_anonymous(4, { name: 'count' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
      changed: yield* map_anonymous(48, { name: 'changed' }),
    }
    yield* pthread_cond_init(shared.changed, { fifo: true })
    return shared
  },
  programs: {
    producer: {
      copies: ({ each }) => each,
      *program({ params, shared: { count, mutex, changed } }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_mutex_lock(mutex)
          while ((yield* count.load()) === 1) yield* pthread_cond_wait(changed, mutex)
          yield* count.store(0, 1)
          yield* pthread_cond_signal(changed)
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
    consumer: {
      copies: ({ each }) => each,
      *program({ params, shared: { count, mutex, changed } }) {
        for (let round = 0; round < params.rounds; round++) {
          yield* pthread_mutex_lock(mutex)
          while ((yield* count.load()) === 0) yield* pthread_cond_wait(changed, mutex)
          yield* count.store(0, 0)
          yield* pthread_cond_signal(changed)
          yield* pthread_mutex_unlock(mutex)
        }
      },
    },
  },
  expect: 'deadlock',
})
