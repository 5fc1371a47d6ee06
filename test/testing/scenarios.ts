import { int32, map_anonymous, type Program, type Scenario, scenario } from 'ipclab'
import {
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'

/** Small scenarios with and without a bug, for what is built to find bugs. */

/** Each adds one without a lock, `extra` makes calls that have nothing to do with it. */
export function counting(copies = 2, { locked = false, extra = 0 } = {}): Scenario {
  return scenario('counting', {
    ghost: () => ({ done: 0 }),
    *setup() {
      const at = yield* map_anonymous(256, { name: 'counter' })
      yield* pthread_mutex_init(at + 64)
      return { at, count: int32(at), mutex: at + 64, other: int32(at + 128) }
    },
    programs: {
      adder: {
        copies,
        *program({ shared, ghost }): Program {
          for (let i = 0; i < extra; i++) yield* shared.other.load(0)
          if (locked) yield* pthread_mutex_lock(shared.mutex)
          const seen = yield* shared.count.load(0)
          yield* shared.count.store(0, seen + 1)
          if (locked) yield* pthread_mutex_unlock(shared.mutex)
          ghost.done += 1
        },
      },
    },
    atEnd: { 'none is lost': ({ load, shared }) => load(shared.at, 'i32') === copies },
    expect: locked ? 'proved' : 'violates: none is lost',
  })
}

/** Two locks, taken in two orders, or in one. */
export function crossing(mended = false): Scenario {
  function* both(first: number, second: number): Program {
    yield* sem_wait(first)
    yield* sem_wait(second)
    yield* sem_post(second)
    yield* sem_post(first)
  }
  return scenario('crossing', {
    *setup() {
      const at = yield* map_anonymous(64, { name: 'locks' })
      yield* sem_init(at, 1, 1)
      yield* sem_init(at + 32, 1, 1)
      return at
    },
    programs: {
      left: ({ shared }) => both(shared, shared + 32),
      right: ({ shared }) => (mended ? both(shared, shared + 32) : both(shared + 32, shared)),
    },
    expect: mended ? 'proved' : 'deadlock',
  })
}

/** One waits by looking again and again until the other has written. */
export function spinning(): Scenario {
  return scenario('spinning', {
    *setup() {
      return int32(yield* map_anonymous(64, { name: 'flag' }))
    },
    programs: {
      *waiter({ shared }): Program {
        while ((yield* shared.load(0)) === 0);
      },
      *writer({ shared }): Program {
        yield* shared.store(0, 1)
      },
    },
    expect: 'holds',
  })
}
