import fc from 'fast-check'
import {
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from '../../ipc/posix/index.ts'
import {
  choose,
  type Id,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  type WakeOrder,
} from '../../kernel/index.ts'
import type { Trace } from '../../trace/index.ts'

/**
 * Random programs that take locks in any order and give them back: mutexes, and semaphores that count to one. Who waits
 * for whom in them is easily said by brute force, for every lock has at most one holder.
 */

const LOCKS = 4
const SIZE = 64

export interface LockersCase {
  /** Of each program the locks that it takes one after the other; then it gives them back, and begins with the next list. */
  readonly programs: readonly (readonly (readonly number[])[])[]
  /** Which of the locks are semaphores. */
  readonly semaphores: readonly boolean[]
  /** Programs that turn their first list round or not, by choice. */
  readonly choosing: boolean
  /** Programs that count, in two steps, how many they are. */
  readonly counting: boolean
  /** T0 may be killed. */
  readonly kill: boolean
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

const lock = fc.nat(LOCKS - 1)

const lists = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.uniqueArray(lock, { minLength: 2, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(lock, { minLength: 1, maxLength: 2 }) }, // one may take its own lock again
  ),
  { minLength: 1, maxLength: 2 },
)

/** Programs that only lock. */
export const lockersCases: fc.Arbitrary<LockersCase> = cases(5, false)

/** Two programs that may also count, be killed, and choose: few enough for every schedule to be made. */
export const smallCases: fc.Arbitrary<LockersCase> = cases(2, true)

function cases(programsMax: number, more: boolean): fc.Arbitrary<LockersCase> {
  return fc.record({
    programs: fc.array(lists, { minLength: 2, maxLength: programsMax }),
    semaphores: fc.array(fc.boolean(), { minLength: LOCKS, maxLength: LOCKS }),
    choosing: fc.boolean(),
    counting: more ? fc.boolean() : fc.constant(false),
    kill: more ? fc.boolean() : fc.constant(false),
    wakeOrder: fc.constantFrom<WakeOrder>('any', 'any', 'fifo', 'lifo'),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  })
}

export function lockers({ programs, semaphores, choosing, counting, kill, wakeOrder }: LockersCase): Scenario {
  const isSemaphore = (lock: number): boolean => semaphores[lock] === true
  return scenario('lockers', {
    *setup() {
      const base = yield* map_anonymous((LOCKS + 1) * SIZE, { name: 'locks' })
      for (let lock = 0; lock < LOCKS; lock++) {
        if (isSemaphore(lock)) yield* sem_init(base + lock * SIZE, 1, 1)
        else yield* pthread_mutex_init(base + lock * SIZE)
      }
      return base
    },
    programs: Object.fromEntries(
      programs.map((ways, at) => [
        `T${at}`,
        function* ({ shared: base }: { readonly shared: number }): Program {
          const counter = int32(base + LOCKS * SIZE)
          if (counting) yield* counter.store(0, (yield* counter.load()) + 1)
          for (const [round, way] of ways.entries()) {
            const turned = choosing && round === 0 && (yield* choose(2)) === 1
            const locks = turned ? [...way].reverse() : way
            for (const lock of locks) yield* (isSemaphore(lock) ? sem_wait : pthread_mutex_lock)(base + lock * SIZE)
            for (const lock of locks) yield* (isSemaphore(lock) ? sem_post : pthread_mutex_unlock)(base + lock * SIZE)
          }
        },
      ]),
    ),
    atEnd: {
      'all are counted': ({ shared: base, load }) =>
        !counting || kill || load((base as number) + LOCKS * SIZE, 'i32') === programs.length,
    },
    expect: 'deadlock',
    wakeOrder,
    ...(kill && { faults: { kill: ['T0'] } }),
  })
}

/** Who has a lock, and since which step. */
export interface Held {
  readonly thread: Id
  readonly step: number
}

/** At the end of a run, by the lock's address. */
export function holdersAtEnd({ events }: Trace): Map<number, Held> {
  const held = new Map<number, Held>()
  for (const { step, thread, call, args, outcome } of events) {
    if (outcome !== 'returns' || call === null) continue
    const lock = Number(args.sem ?? args.mutex)
    if (call === 'sem_wait' || call === 'pthread_mutex_lock') held.set(lock, { thread, step })
    if (call === 'sem_post' || call === 'pthread_mutex_unlock') held.delete(lock)
  }
  return held
}
