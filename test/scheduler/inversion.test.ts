import fc from 'fast-check'
import { compute, map_anonymous, type Program, type ProgramSpec, type Scenario, scenario, sleep } from 'ipclab/kernel'
import { fromNs, pthread_mutex_lock, pthread_mutex_timedlock, pthread_mutex_unlock } from 'ipclab/posix'
import { expect, test } from 'vitest'
import { dispatched } from '../helpers/dispatched.ts'

/** Priority inversion, and what inheritance and ceiling make of it: who is done when. */

const runs = Number(process.env.RUNS ?? 40)

type Locks = readonly number[]
type Spec = ProgramSpec<Record<never, never>, Locks, undefined>

const made = (programs: { readonly [name: string]: Spec }): Scenario =>
  scenario('locks', {
    *setup() {
      const memory = yield* map_anonymous(3 * 64, { name: 'locks' })
      return [0, 1, 2].map((at) => memory + 64 * at)
    },
    programs,
    expect: 'holds',
  })

/** Works in a critical section. */
function* inside(lock: number, ns: number): Program {
  yield* pthread_mutex_lock(lock)
  yield* compute(ns)
  yield* pthread_mutex_unlock(lock)
}

function ends(one: Scenario, policy: string): { readonly [thread: string]: number } {
  const { dispatcher, ending } = dispatched(one, policy)
  expect(ending).toBe('done')
  return Object.fromEntries(dispatcher.entities.map(({ task, ended }) => [task.id, ended]))
}

const RADIO = 100

/** The one in the middle has nothing to do with the lock that the two others share. */
const three = made({
  low: {
    priority: 1,
    *program({ shared: [lock = 0] }) {
      yield* inside(lock, 10)
      yield* compute(5)
    },
  },
  high: {
    priority: 3,
    arrives: 2,
    *program({ shared: [lock = 0] }) {
      yield* compute(1)
      yield* inside(lock, 2)
    },
  },
  middle: {
    priority: 2,
    arrives: 4,
    *program() {
      yield* compute(RADIO)
    },
  },
})

test('with plain priorities the most urgent waits for as long as the one in the middle likes', () => {
  // low has the lock for 3 of its 10 when middle comes.
  expect(ends(three, 'priority')).toEqual({ middle: 4 + RADIO, high: 4 + RADIO + 7 + 2, low: 13 + RADIO + 5 })
})

test('with inheritance for as long as the lock is held, and the holder is what it was afterwards', () => {
  // high has run from 2 to 3, low then has 8 left of the lock.
  expect(ends(three, 'priority:inherit')).toEqual({ high: 3 + 8 + 2, middle: 13 + RADIO, low: 13 + RADIO + 5 })
})

test('with the ceiling, too, and it does not even begin before the lock is free', () => {
  expect(ends(three, 'priority:ceiling')).toEqual({ high: 10 + 1 + 2, middle: 13 + RADIO, low: 13 + RADIO + 5 })
})

test('who waits lends its priority on, along a chain of locks', () => {
  const chain = made({
    low: {
      priority: 1,
      *program({ shared: [a = 0] }) {
        yield* inside(a, 10)
      },
    },
    lower: {
      priority: 2,
      arrives: 1,
      *program({ shared: [a = 0, b = 0] }) {
        yield* pthread_mutex_lock(b)
        yield* inside(a, 3)
        yield* pthread_mutex_unlock(b)
      },
    },
    high: {
      priority: 4,
      arrives: 2,
      *program({ shared: [, b = 0] }) {
        yield* inside(b, 1)
      },
    },
    middle: {
      priority: 3,
      arrives: 3,
      *program() {
        yield* compute(RADIO)
      },
    },
  })
  expect(ends(chain, 'priority:inherit')).toEqual({
    low: 10,
    lower: 13,
    high: 14,
    middle: 14 + RADIO,
  })
  expect(ends(chain, 'priority').high).toBeGreaterThan(RADIO)
})

test('what was lent is taken back when the one who waited gives up', () => {
  const timed = made({
    low: {
      priority: 1,
      *program({ shared: [lock = 0] }) {
        yield* inside(lock, 10)
      },
    },
    high: {
      priority: 3,
      arrives: 2,
      *program({ shared: [lock = 0] }) {
        try {
          yield* pthread_mutex_timedlock(lock, fromNs(6))
        } catch {
          yield* sleep(RADIO)
        }
      },
    },
    middle: {
      priority: 2,
      arrives: 3,
      *program() {
        yield* compute(20)
      },
    },
  })
  // low runs with the lock until 6, then middle, then low what is left.
  expect(ends(timed, 'priority:inherit')).toEqual({ middle: 26, low: 30, high: 6 + RADIO })
})

test('of those that wait for a lock the most urgent has it next, and of equals who came first', () => {
  const waits = (priority: number, arrives: number): Spec => ({
    priority,
    arrives,
    *program({ shared: [lock = 0] }) {
      yield* inside(lock, 1)
    },
  })
  const one = made({
    holder: {
      priority: 9,
      *program({ shared: [lock = 0] }) {
        yield* pthread_mutex_lock(lock)
        yield* sleep(10)
        yield* pthread_mutex_unlock(lock)
      },
    },
    a: waits(1, 1),
    b: waits(2, 2),
    c: waits(3, 3),
    d: waits(2, 4),
  })
  for (const policy of ['priority', 'priority:inherit', 'priority:ceiling'])
    expect(ends(one, policy), policy).toEqual({ holder: 10, c: 11, b: 12, d: 13, a: 14 })
  expect(ends(one, 'fifo')).toEqual({ holder: 10, a: 11, b: 12, c: 13, d: 14 })
})

interface Lower {
  readonly arrives: number
  readonly lock: number
  readonly inside: number
  readonly before: number
}

const lower: fc.Arbitrary<Lower> = fc.record({
  arrives: fc.nat(60),
  lock: fc.nat(2),
  inside: fc.integer({ min: 1, max: 30 }),
  before: fc.nat(10),
})

const wanted = fc.array(fc.nat(2), { minLength: 1, maxLength: 3 })

/** Less urgent ones with a critical section each, others without, and the most urgent, which goes through several. */
function crowd(
  those: readonly Lower[],
  others: readonly number[],
  locks: readonly number[],
  arrives: number,
): Scenario {
  const programs: Record<string, Spec> = {
    urgent: {
      priority: 100,
      arrives,
      *program({ shared }) {
        for (const lock of locks) yield* inside(shared[lock] ?? 0, 2)
      },
    },
  }
  for (const [i, { arrives: at, lock, inside: ns, before }] of those.entries())
    programs[`l${i}`] = {
      priority: i,
      arrives: at,
      *program({ shared }) {
        yield* compute(before)
        yield* inside(shared[lock] ?? 0, ns)
      },
    }
  for (const [i, at] of others.entries())
    programs[`o${i}`] = {
      priority: 50 + i,
      arrives: at,
      *program() {
        yield* compute(200)
      },
    }
  return made(programs)
}

test.each([
  // Theorems 6 and 12 of Sha, Rajkumar and Lehoczky: by one section of each that has one, and of each lock that it
  // wants; with ceilings, here all as high as can be, by one section in all.
  [
    'priority:inherit',
    (those: readonly Lower[], locks: readonly number[]) => Math.min(those.length, new Set(locks).size),
  ],
  ['priority:ceiling', () => 1],
])('under %s the most urgent is blocked for no more critical sections than is proved', (policy, most) => {
  let inverted = 0
  fc.assert(
    fc.property(
      fc.array(lower, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(80), { maxLength: 2 }),
      wanted,
      fc.nat(80),
      (those, others, locks, arrives) => {
        const one = crowd(those, others, locks, arrives)
        const longest = those
          .map(({ inside }) => inside)
          .sort((a, b) => b - a)
          .slice(0, most(those, locks))
        const bound = 2 * locks.length + longest.reduce((sum, ns) => sum + ns, 0)
        expect((ends(one, policy).urgent ?? 0) - arrives).toBeLessThanOrEqual(bound)
        if ((ends(one, 'priority').urgent ?? 0) - arrives > bound) inverted += 1
      },
    ),
    { numRuns: runs },
  )
  expect(inverted, 'runs in which plain priorities are worse than that').toBeGreaterThan(0)
})
