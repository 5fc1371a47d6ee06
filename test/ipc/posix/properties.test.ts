import fc from 'fast-check'
import {
  assert,
  CallError,
  type Context,
  type KernelState,
  load,
  map_anonymous,
  type Program,
  peekMemory,
  type Scenario,
  scenario,
  store,
  type WakeOrder,
} from 'ipclab/kernel'
import {
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_NORMAL,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_timedwait,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_timedwait,
  sem_trywait,
  sem_wait,
} from 'ipclab/posix'
import type { Observer } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { randomSchedules } from '../../helpers/schedules.ts'
import { leaky_mutex_lock } from './faulty.ts'

const wakeOrder = fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo')
const seed = fc.string({ minLength: 1, maxLength: 4 })
const LATER = { tv_sec: 0, tv_nsec: 100 }

function* memory(): Program<number> {
  return yield* map_anonymous(4096, { name: 'common' })
}

const base = ({ shared }: Context): number => shared as number // what `memory` returns

/** The call's code when it fails. */
function* tried(call: Program<void> | ReturnType<typeof sem_wait>): Program<string> {
  try {
    yield* call
    return 'done'
  } catch (error) {
    if (error instanceof CallError) return error.code
    throw error
  }
}

// Semaphores

interface Semaphores {
  /** Units that came in and went out, by semaphore. */
  readonly posts: number[]
  readonly waits: number[]
}

const semOps = ['wait', 'wait', 'trywait', 'timedwait', 'post', 'post'] as const
const semCases = fc.record({
  programs: fc.array(fc.array(fc.tuple(fc.constantFrom(...semOps), fc.nat(1)), { maxLength: 6 }), {
    minLength: 2,
    maxLength: 4,
  }),
  initial: fc.tuple(fc.nat(2), fc.nat(2)),
  wakeOrder,
  seed,
})

test('a semaphore’s value is what it began with, and the posts, without the waits that came through; never less than none', () => {
  fc.assert(
    fc.property(semCases, ({ programs, initial, wakeOrder, seed }) => {
      const made = scenario('semaphores', {
        *setup() {
          const at = yield* memory()
          for (const [index, value] of initial.entries()) yield* sem_init(at + index * 32, 1, value)
          return at
        },
        ghost: (): Semaphores => ({ posts: [0, 0], waits: [0, 0] }),
        programs: Object.fromEntries(
          programs.map((ops, p) => [
            `p${p}`,
            function* (context: Context) {
              const { posts, waits } = context.ghost as Semaphores
              for (const [op, which] of ops) {
                const sem = base(context) + which * 32
                const call = { wait: sem_wait, trywait: sem_trywait, timedwait: timed, post: sem_post }[op]
                if ((yield* tried(call(sem))) !== 'done') continue
                const count = op === 'post' ? posts : waits
                count[which] = (count[which] ?? 0) + 1
              }
            },
          ]),
        ),
        invariants: {
          // Ghosts are written in the same step as the call that they tell of.
          arithmetic: ({ load, ghost, shared }) =>
            initial.every((begun, which) => {
              const { posts, waits } = ghost as Semaphores
              const value = load((shared as number) + which * 32, 'i32')
              return value >= 0 && value === begun + (posts[which] ?? 0) - (waits[which] ?? 0)
            }),
          'nobody sleeps beside a unit': ({ state, load, shared }) =>
            initial.every((_, which) => {
              const idle = Object.values(state.threads).every(({ status }) => status !== 'ready')
              return !idle || load((shared as number) + which * 32, 'i32') === 0 || !sleepsOn(state, which)
            }),
        },
        expect: 'proved',
      })
      const { endings } = randomSchedules(made, seed, 5, { wakeOrder })
      expect(Object.keys(endings).filter((ending) => ending !== 'done' && ending !== 'deadlock')).toEqual([])
    }),
    { numRuns: 400 },
  )
})

const timed = (sem: number) => sem_timedwait(sem, LATER)

const sleepsOn = (state: KernelState, which: number): boolean =>
  Object.values(state.threads).some(({ queue }) => queue?.endsWith(`:${which * 8}`) === true)

// Mutexes

const MUTEX = 64
const INSIDE = 256
const lockers = {
  lock: pthread_mutex_lock,
  trylock: pthread_mutex_trylock,
  timedlock: (at: number) => pthread_mutex_timedlock(at, LATER),
}
type Locker = keyof typeof lockers

const mutexCases = fc.record({
  programs: fc.array(fc.array(fc.constantFrom<Locker>('lock', 'lock', 'trylock', 'timedlock'), { maxLength: 4 }), {
    minLength: 2,
    maxLength: 4,
  }),
  type: fc.constantFrom(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE),
  wakeOrder,
  seed,
})

/** Each goes in and out again as often as it has a way of locking. */
function section(programs: readonly (readonly Locker[])[], type: number, lock = pthread_mutex_lock): Scenario {
  return scenario('section', {
    *setup() {
      const at = yield* memory()
      yield* pthread_mutex_init(at + MUTEX, { type })
      return at
    },
    programs: Object.fromEntries(
      programs.map((ways, p) => [
        `p${p}`,
        function* (context: Context) {
          const at = base(context)
          for (const way of ways) {
            const call = way === 'lock' ? lock : lockers[way]
            if ((yield* tried(call(at + MUTEX))) !== 'done') continue
            const others = yield* load(at + INSIDE, 'i32')
            yield* store(at + INSIDE, 'i32', others + 1)
            yield* assert(others === 0, 'alone')
            yield* store(at + INSIDE, 'i32', (yield* load(at + INSIDE, 'i32')) - 1)
            yield* pthread_mutex_unlock(at + MUTEX)
          }
        },
      ]),
    ),
    expect: 'proved',
  })
}

test('whatever the schedule, nobody is in a mutex with another, and all come out again', () => {
  fc.assert(
    fc.property(mutexCases, ({ programs, type, wakeOrder, seed }) => {
      const { endings } = randomSchedules(section(programs, type), seed, 5, { wakeOrder })
      expect(Object.keys(endings)).toEqual(['done'])
    }),
    { numRuns: 400 },
  )
})

test('the same check finds a mutex that lets two in', () => {
  const found = fc.check(
    fc.property(mutexCases, ({ programs, type, wakeOrder, seed }) => {
      const { endings } = randomSchedules(section(programs, type, leaky_mutex_lock), seed, 5, { wakeOrder })
      return endings['violates: alone'] === undefined
    }),
    { numRuns: 400 },
  )
  expect(found.failed).toBe(true)
})

// Conditions

const COND = 128
const ITEMS = 256
const condCases = fc.record({
  producers: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
  consumers: fc.integer({ min: 1, max: 3 }),
  broadcast: fc.boolean(),
  timedwait: fc.boolean(),
  wakeOrder,
  seed,
})

/** Producers make items, consumers take as many in all, and wait while there are none. */
function market({
  producers,
  consumers,
  broadcast,
  timedwait,
}: typeof condCases extends fc.Arbitrary<infer C> ? C : never) {
  const total = producers.reduce((sum, items) => sum + items, 0)
  const tell = broadcast ? pthread_cond_broadcast : pthread_cond_signal
  function* waits(at: number): Program {
    if (!timedwait) yield* pthread_cond_wait(at + COND, at + MUTEX)
    else yield* tried(pthread_cond_timedwait(at + COND, at + MUTEX, LATER))
  }
  function* produce(context: Context, items: number): Program {
    const at = base(context)
    for (let item = 0; item < items; item++) {
      yield* pthread_mutex_lock(at + MUTEX)
      yield* store(at + ITEMS, 'i32', (yield* load(at + ITEMS, 'i32')) + 1)
      yield* tell(at + COND)
      yield* pthread_mutex_unlock(at + MUTEX)
    }
  }
  function* consume(context: Context, items: number): Program {
    const at = base(context)
    for (let item = 0; item < items; item++) {
      yield* pthread_mutex_lock(at + MUTEX)
      while ((yield* load(at + ITEMS, 'i32')) === 0) yield* waits(at)
      yield* store(at + ITEMS, 'i32', (yield* load(at + ITEMS, 'i32')) - 1)
      yield* pthread_mutex_unlock(at + MUTEX)
    }
  }
  const shares = Array.from({ length: consumers }, (_, c) => Math.floor((total + c) / consumers))
  return scenario('market', {
    setup: memory,
    programs: {
      ...Object.fromEntries(producers.map((items, p) => [`p${p}`, (context: Context) => produce(context, items)])),
      ...Object.fromEntries(shares.map((items, c) => [`c${c}`, (context: Context) => consume(context, items)])),
    },
    atEnd: { 'all are taken': ({ load, shared }) => load((shared as number) + ITEMS, 'i32') === 0 },
    expect: 'proved',
  })
}

test('whatever the schedule, no wake-up is lost: every consumer gets its items', () => {
  fc.assert(
    fc.property(condCases, (one) => {
      const { endings } = randomSchedules(market(one), one.seed, 5, { wakeOrder: one.wakeOrder })
      expect(Object.keys(endings)).toEqual(['done'])
    }),
    { numRuns: 400 },
  )
})

test('a mutex’s words tell who has it, at every step', () => {
  const watch: Observer = ({ machine: { kernel } }) => {
    const word = (offset: number): number => peekMemory(kernel, 'init', 0x10000 + MUTEX + offset, 'i32')
    const [lock, owner, users] = [word(0), word(8), word(12)]
    expect(lock === 0 ? [owner, users] : [Math.sign(owner), users]).toEqual(lock === 0 ? [0, 0] : [1, 1])
  }
  const made = section([['lock', 'trylock'], ['lock'], ['timedlock', 'lock']], PTHREAD_MUTEX_ERRORCHECK)
  const { runs } = randomSchedules(made, 'words', 200, { observers: [watch] })
  expect(runs).toBe(200)
})
