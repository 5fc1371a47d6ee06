import fc from 'fast-check'
import {
  boot,
  choose,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  thread_create,
  thread_join,
  type WakeOrder,
} from 'ipclab/kernel'
import {
  fromNs,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'
import { dfs, inversionInWords, LockOrder, replay, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'

/** Locks that are taken in orders which go round: seen in runs that end well, and only where they could lock for ever. */

interface Places {
  readonly mutexes: readonly number[]
  readonly sems: readonly number[]
  readonly cond: number
}

type Body = (places: Places) => Program<unknown>

const scenarioOf = (programs: Readonly<Record<string, Body>>, wakeOrder: WakeOrder = 'any'): Scenario =>
  scenario('case', {
    *setup() {
      const mutexes: number[] = []
      const sems: number[] = []
      for (const name of ['a', 'b', 'c', 'd']) mutexes.push(yield* map_anonymous(40, { name }))
      for (const name of ['s', 't']) {
        const sem = yield* map_anonymous(32, { name })
        yield* sem_init(sem, 1, 1)
        sems.push(sem)
      }
      return { mutexes, sems, cond: yield* map_anonymous(48, { name: 'cond' }) }
    },
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, body]) => [name, ({ shared }: { shared: Places }) => body(shared)]),
    ) as never,
    expect: 'holds',
    wakeOrder,
  })

interface Seen {
  /** What the runs that end well show: of each inversion the locks in hand, in a circle from the least on. */
  readonly inversions: Set<string>
  /** Of each deadlock, the same. */
  readonly deadlocks: Set<string>
  text: string
}

/** Every schedule, or the first ones. */
function seenIn(made: Scenario, most = 1_000): Seen | null {
  const decider = dfs()
  const simulation = boot(made, { door: decider })
  const locks = new LockOrder(simulation.machine)
  const seen: Seen = { inversions: new Set(), deadlocks: new Set(), text: '' }
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return seen
    if (index >= most) return null
    locks.clear()
    const { ending, failure } = run(simulation, decider, { maxSteps: 300, observers: [() => locks.observe()] })
    if (ending === 'done')
      for (const inversion of locks.inversions()) {
        seen.inversions.add(
          inversion.nestings
            .map(({ held }) => held.lock.place[0])
            .sort()
            .join(''),
        )
        seen.text = inversionInWords(inversion)
      }
    if (ending === 'deadlock')
      seen.deadlocks.add(
        (failure?.waiting ?? [])
          .map(({ object }) => /at (.)/.exec(object)?.[1])
          .sort()
          .join(''),
      )
  }
}

const circles = (programs: Readonly<Record<string, Body>>, wakeOrder?: WakeOrder): string[] => {
  const seen = seenIn(scenarioOf(programs, wakeOrder))
  expect(seen).not.toBeNull()
  return [...(seen?.inversions ?? [])].sort()
}

const [A, B, C] = [0, 1, 2]

/** Takes those mutexes, one in the other, and gives them back. */
const taking =
  (...order: readonly number[]): Body =>
  ({ mutexes }) =>
    nested(order.map((at) => mutexes[at] ?? 0))

function* nested(mutexes: readonly number[]): Program {
  for (const mutex of mutexes) yield* pthread_mutex_lock(mutex)
  for (const mutex of [...mutexes].reverse()) yield* pthread_mutex_unlock(mutex)
}

const bySemaphores =
  (...order: readonly number[]): Body =>
  ({ sems }) =>
    nestedUnits(order.map((at) => sems[at] ?? 0))

function* nestedUnits(sems: readonly number[]): Program {
  for (const sem of sems) yield* sem_wait(sem)
  for (const sem of [...sems].reverse()) yield* sem_post(sem)
}

describe('an inversion', () => {
  test.each(['any', 'fifo', 'lifo'] as const)(
    'is two locks in opposite orders, whoever is woken first: %s',
    (order) => {
      expect(circles({ P: taking(A, B), Q: taking(B, A) }, order)).toEqual(['ab'])
    },
  )

  test('is told with both threads, both locks, and where each was taken', () => {
    expect(seenIn(scenarioOf({ P: taking(A, B), Q: taking(B, A) }))?.text).toBe(
      'Q takes a+0 (step 2) with b+0 in hand, taken (step 1); P takes b+0 (step 6) with a+0 in hand, taken (step 4): ' +
        'in another schedule they may wait for each other',
    )
  })

  test('is one also where the one has waited for the other, and was woken by its unlocking', () => {
    const decider = replay(['P', 'P', 'Q', 'P', 'P', 'Q', 'Q', 'Q', 'Q'])
    const simulation = boot(scenarioOf({ P: taking(A, B), Q: taking(B, A) }, 'fifo'), { door: decider })
    const locks = new LockOrder(simulation.machine)
    simulation.start()
    decider.begin(simulation, 0)
    expect(run(simulation, decider, { maxSteps: 100, observers: [() => locks.observe()] }).ending).toBe('done')
    expect(locks.inversions()).toHaveLength(1)
  })

  test('is a circle of three', () => {
    expect(circles({ P: taking(A, B), Q: taking(B, C), R: taking(C, A) })).toEqual(['abc'])
  })

  test('is one of semaphores that are used as locks', () => {
    expect(circles({ P: bySemaphores(0, 1), Q: bySemaphores(1, 0) })).toEqual(['st'])
  })

  test('is to wait on a condition with a further lock in hand', () => {
    const found = circles({
      *P({ mutexes: [a = 0, b = 0], cond }) {
        yield* pthread_mutex_lock(a)
        yield* pthread_mutex_lock(b)
        yield* pthread_cond_wait(cond, a) // has a again only with b in hand
        yield* pthread_mutex_unlock(b)
        yield* pthread_mutex_unlock(a)
      },
      *Q({ mutexes: [a = 0, b = 0], cond }) {
        yield* pthread_mutex_lock(a)
        yield* pthread_cond_signal(cond)
        yield* pthread_mutex_unlock(a)
        yield* nested([a, b])
      },
    })
    expect(found).toEqual(['ab'])
  })

  test('is also that of a thread that is made with a lock in hand', () => {
    const found = circles({
      *P({ mutexes: [a = 0, b = 0] }) {
        yield* pthread_mutex_lock(a)
        const other = yield* thread_create(nested, [b, a])
        yield* pthread_mutex_lock(b)
        yield* pthread_mutex_unlock(b)
        yield* pthread_mutex_unlock(a)
        yield* thread_join(other)
      },
    })
    expect(found).toEqual(['ab'])
  })
})

describe('no inversion', () => {
  const cases: [string, Readonly<Record<string, Body>>][] = [
    ['is locks in one order', { P: taking(A, B, C), Q: taking(A, B), R: taking(B, C) }],
    ['is one behind a gate', { P: taking(C, A, B), Q: taking(C, B, A) }],
    ['is one thread that takes them either way', { P: (all) => both(all), Q: taking(C) }],
    [
      'is one ordered by a join',
      {
        *P({ mutexes: [a = 0, b = 0] }) {
          yield* thread_join(yield* thread_create(nested, [a, b]))
          yield* nested([b, a])
        },
      },
    ],
    [
      'is one ordered by a semaphore that is no lock',
      {
        *P({ mutexes: [a = 0, b = 0], sems: [s = 0] }) {
          yield* nested([a, b])
          yield* sem_post(s)
        },
        *Q({ mutexes: [a = 0, b = 0], sems: [s = 0] }) {
          yield* sem_wait(s)
          yield* sem_wait(s)
          yield* nested([b, a])
        },
      },
    ],
    [
      'is one with a semaphore to which somebody adds a unit',
      {
        *P({ sems: [s = 0, t = 0] }) {
          yield* sem_wait(s)
          yield* nestedUnits([t])
        },
        *Q({ sems: [s = 0, t = 0] }) {
          yield* sem_wait(t)
          yield* sem_wait(s)
          yield* sem_post(t)
        },
        *R({ sems: [s = 0] }) {
          yield* sem_post(s)
        },
      },
    ],
    [
      'is one in which somebody only tries, or waits for a time',
      {
        P: taking(A, B),
        *Q({ mutexes: [a = 0, b = 0] }) {
          yield* pthread_mutex_lock(b)
          for (const call of [pthread_mutex_trylock(a), pthread_mutex_timedlock(a, fromNs(5))]) {
            try {
              yield* call
              yield* pthread_mutex_unlock(a)
            } catch {}
          }
          yield* pthread_mutex_unlock(b)
        },
      },
    ],
    [
      'is to take a recursive mutex again',
      {
        *P({ mutexes: [a = 0, b = 0] }) {
          yield* pthread_mutex_init(a, { type: PTHREAD_MUTEX_RECURSIVE })
          yield* pthread_mutex_lock(a)
          yield* pthread_mutex_lock(b)
          yield* pthread_mutex_lock(a)
          for (const one of [a, b, a]) yield* pthread_mutex_unlock(one)
        },
        Q: taking(A, B),
      },
    ],
    [
      'is one behind a semaphore of fewer units than they are',
      {
        ...Object.fromEntries(
          [
            [A, B],
            [B, A],
          ].map(([one = 0, other = 0], at): [string, Body] => [
            `P${at}`,
            function* ({ mutexes, sems: [s = 0] }) {
              yield* sem_wait(s)
              yield* nested([mutexes[one] ?? 0, mutexes[other] ?? 0])
              yield* sem_post(s)
            },
          ]),
        ),
      },
    ],
  ]
  test.each(cases)('%s', (_name, programs) => {
    expect(circles(programs)).toEqual([])
  })
})

function* both({ mutexes: [a = 0, b = 0] }: Places): Program {
  if ((yield* choose(2)) === 0) yield* nested([a, b])
  yield* nested([b, a])
}

const lists = (most: number) =>
  fc.array(fc.uniqueArray(fc.nat(most), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })

const cases = fc.record({
  programs: fc.oneof(
    fc.array(lists(2), { minLength: 2, maxLength: 2 }),
    fc.array(
      lists(2).map((two) => two.slice(0, 1)),
      { minLength: 3, maxLength: 3 },
    ),
  ),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
})

test('a circle of locks is seen in runs that end well if and only if some schedule locks in it', () => {
  const numRuns = Number(process.env.RUNS ?? 30)
  fc.assert(
    fc.property(cases, ({ programs, wakeOrder }) => {
      const bodies = programs.map((orders): Body => {
        return function* (places) {
          for (const order of orders) yield* taking(...order)(places)
        }
      })
      const made = scenarioOf(Object.fromEntries(bodies.map((one, at) => [`T${at}`, one])), wakeOrder)
      const seen = seenIn(made)
      fc.pre(seen !== null)
      // Of three that wait, two may be in the circle, and the third behind them.
      const isIn = (circle: string, wider: string): boolean => [...circle].every((lock) => wider.includes(lock))
      for (const deadlock of seen?.deadlocks ?? [])
        expect([...(seen?.inversions ?? [])].some((circle) => isIn(circle, deadlock))).toBe(true)
      for (const circle of seen?.inversions ?? [])
        expect([...(seen?.deadlocks ?? [])].some((deadlock) => isIn(circle, deadlock))).toBe(true)
    }),
    { numRuns },
  )
}, 600_000)
