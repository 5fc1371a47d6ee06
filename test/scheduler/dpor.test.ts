import { map_anonymous, scenario, yield_ } from 'ipclab'
import { await_, boot, compareExchange, type Faults, int32, type Program, type Scenario } from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'
import { pthread_mutex_lock, pthread_mutex_unlock, sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { type Decider, dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'

interface Given {
  readonly shared: number
}
type Programs = Record<string, (given: Given) => Program>
const made = (programs: Programs, setup?: (at: number) => Program): Scenario =>
  scenario('counts', {
    *setup() {
      const at = yield* map_anonymous(4096)
      if (setup !== undefined) yield* setup(at)
      return at
    },
    programs,
    expect: 'holds',
  })
const crowd = (count: number, program: (i: number, given: Given) => Program): Programs =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`T${i}`, (given: Given) => program(i, given)]))

interface Tally {
  runs: number
  redundant: number
  pruned: number
  deadlocks: number
  complete: boolean
}
function explored(made: Scenario, decider: Decider, most = 200_000): Tally {
  const tally = { runs: 0, redundant: 0, pruned: 0, deadlocks: 0, complete: false }
  const simulation = boot(made, { door: decider })
  for (let i = 0; i < most; i++) {
    simulation.start()
    if (!decider.begin(simulation, i)) break
    const { ending } = run(simulation, decider, { maxSteps: 5000 })
    tally.runs += 1
    if (ending === 'redundant') tally.redundant += 1
    if (ending === 'pruned') tally.pruned += 1
    if (ending === 'deadlock') tally.deadlocks += 1
  }
  tally.complete = decider.complete
  return tally
}

const rw = (n: number, k: number) =>
  made(
    crowd(n, function* (_i, { shared }) {
      const x = int32(shared)
      for (let j = 0; j < k; j++) yield* x.store(0, (yield* x.load()) + 1)
    }),
  )
const casw = (n: number) =>
  made(
    crowd(n, function* (i, { shared }) {
      yield* compareExchange(shared, 'i32', 0, i + 1)
      yield* int32(shared).store(0, i + 1)
    }),
  )
const readers = (n: number) =>
  made(
    crowd(n + 1, function* (i, { shared }) {
      if (i === 0) yield* int32(shared).store(0, 42)
      else yield* int32(shared).load()
    }),
  )
const ring = (n: number) =>
  made(
    crowd(n, function* (i, { shared }) {
      yield* int32(shared).store(i, 1)
      yield* int32(shared).load((i + 1) % n)
    }),
  )
const lastzero = (n: number) =>
  made(
    crowd(n + 1, function* (j, { shared }) {
      const a = int32(shared)
      if (j === 0) {
        let i = n
        while ((yield* a.load(i)) !== 0) i -= 1
        return
      }
      yield* a.store(j, (yield* a.load(j - 1)) + 1)
    }),
  )
const philosophers = (n: number, ordered: boolean) =>
  made(
    crowd(n, function* (i, { shared }) {
      const [a, b] = [i, (i + 1) % n]
      const [p, q] = ordered && a > b ? [b, a] : [a, b]
      yield* pthread_mutex_lock(shared + 64 * p)
      yield* pthread_mutex_lock(shared + 64 * q)
      yield* pthread_mutex_unlock(shared + 64 * q)
      yield* pthread_mutex_unlock(shared + 64 * p)
    }),
  )
const mutexes = (n: number) =>
  made(
    crowd(n, function* (_i, { shared }) {
      yield* pthread_mutex_lock(shared + 64)
      const x = int32(shared)
      yield* x.store(0, (yield* x.load()) + 1)
      yield* pthread_mutex_unlock(shared + 64)
    }),
  )
const semaphores = (n: number) =>
  made(
    crowd(n, function* (_i, { shared }) {
      yield* sem_wait(shared)
      yield* sem_post(shared)
    }),
    function* (at) {
      yield* sem_init(at, 1, 1)
    },
  )
const ticket = (n: number) =>
  made(
    crowd(n, function* (_i, { shared }) {
      const x = int32(shared)
      const my = yield* x.add(0, 1)
      yield* await_(shared + 4, 'i32', (v) => v === my)
      yield* x.store(2, (yield* x.load(2)) + 1)
      yield* x.store(1, my + 1)
    }),
  )
const bounded = (p: number, k: number) =>
  made(
    crowd(p + 1, function* (t, { shared }) {
      const x = int32(shared)
      if (t < p) {
        for (let j = 0; j < k; j++) {
          const i = yield* x.load(8)
          if (i < 4) {
            yield* x.store(i, 1)
            yield* x.store(8, i + 1)
          }
        }
        return
      }
      for (let j = 0; j < p * k; j++) {
        const i = yield* x.load(8)
        if (i > 0) {
          yield* x.load(i - 1)
          yield* x.store(8, i - 1)
        }
      }
    }),
  )
const mailboxes = (c: number) =>
  scenario('mailboxes', {
    *setup() {
      const q = yield* mailbox_create('q')
      const r = []
      for (let i = 0; i < c; i++) r.push(yield* mailbox_create(`r${i}`))
      return { q, r }
    },
    programs: Object.fromEntries(
      Array.from({ length: c + 1 }, (_, i) => [
        `T${i}`,
        function* ({ shared: { q, r } }: { shared: { q: string; r: string[] } }): Program {
          if (i < c) {
            yield* mailbox_send(q, i)
            yield* mailbox_receive(r[i] ?? '')
            return
          }
          for (let j = 0; j < c; j++) {
            const from = (yield* mailbox_receive(q)) as number
            yield* mailbox_send(r[from] ?? '', 1)
          }
        },
      ]),
    ) as never,
    expect: 'holds',
  })

test.each<[string, () => Scenario, number, number]>([
  ['rw 2 1', () => rw(2, 1), 4, 0],
  ['rw 2 3', () => rw(2, 3), 328, 0],
  ['rw 3 1', () => rw(3, 1), 36, 0],
  ['rw 4 1', () => rw(4, 1), 576, 0],
  ['casw 2', () => casw(2), 6, 0],
  ['casw 4', () => casw(4), 1200, 0],
  ['readers 8', () => readers(8), 256, 0],
  ['sb 8', () => ring(8), 255, 0],
  ['lastzero 6', () => lastzero(6), 144, 0],
  ['lastzero 8', () => lastzero(8), 704, 0],
  ['philo naive 4', () => philosophers(4, false), 15, 1],
  ['philo ordered 6', () => philosophers(6, true), 62, 0],
  ['mutex 4', () => mutexes(4), 24, 0],
  ['sem 4', () => semaphores(4), 24, 0],
  ['ticket 4', () => ticket(4), 24, 0],
  ['bounded 1', () => bounded(2, 1), 64, 0],
  ['mailbox 3', () => mailboxes(3), 30, 0],
  ['mailbox 4', () => mailboxes(4), 336, 0],
])('%s', (_name, one, traces, deadlocks) => {
  const tally = explored(one(), dpor())
  expect(tally).toEqual({ runs: traces, redundant: 0, pruned: 0, deadlocks, complete: true })
  const { runs, redundant, ...rest } = explored(one(), dpor({ source: true }))
  expect({ runs: runs - redundant, ...rest }).toEqual({ runs: traces, pruned: 0, deadlocks, complete: true })
})

/** One that posts to a semaphore and ends, and one that waits for it. */
const handed = (faults: Faults) =>
  scenario('handed', {
    *setup() {
      const at = yield* map_anonymous(4096)
      yield* sem_init(at, 1, 0)
      return at
    },
    programs: {
      *A({ shared }) {
        yield* sem_post(shared)
      },
      *B({ shared }) {
        yield* sem_wait(shared)
      },
      *C() {
        yield* yield_()
      },
    },
    faults,
    expect: 'holds',
  })

test('by source sets a known part of the runs is given up', () => {
  expect(explored(lastzero(6), dpor({ source: true })).redundant).toBeGreaterThan(0)
  expect(explored(readers(8), dpor({ source: true })).redundant).toBe(0)
})

test('a fault strikes in every place where it matters, and nowhere else', () => {
  // Each of the three is killed or not; B before it was to take what A gave, or after; and A before it gave.
  const cases = [
    [['C'], 2, false],
    [['B'], 3, false],
    [['A'], 2, true],
    [true, 5, true],
  ] as const
  for (const [kill, traces, deadlocks] of cases) {
    const decider = dpor()
    const tally = explored(handed({ kill: kill === true ? kill : [...kill] }), decider)
    expect([decider.traces, tally.deadlocks > 0, tally.complete]).toEqual([traces, deadlocks, true])
  }
})
