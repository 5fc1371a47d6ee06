import fc from 'fast-check'
import { clock, compute, type Program, type Scenario, scenario, wait_period } from 'ipclab/kernel'
import { expect, test } from 'vitest'
import { dispatched } from '../helpers/dispatched.ts'

/** Periodic tasks under rate-monotonic and earliest deadline first, held against what is proved of them. */

const runs = Number(process.env.RUNS ?? 40)
/** Where some have to miss a deadline, and some not: the first ten do. */
const seen = { numRuns: Math.max(runs, 10), seed: 9 }

interface Task {
  readonly period: number
  readonly cost: number
  /** From each release; the period if not said. */
  readonly deadline?: number
}

/** The periods' least common multiple: then everything repeats. */
const HYPERPERIOD = 1200
const PERIODS = [20, 24, 30, 40, 48, 50, 60, 75, 80, 100, 120, 150, 200, 240, 300, 400, 600]

const load = (tasks: readonly Task[]): number =>
  tasks.reduce((sum, { period, cost }) => sum + (cost * HYPERPERIOD) / period, 0) / HYPERPERIOD

/** n (2^(1/n) - 1): theorem 5 of Liu and Layland. */
const bound = (n: number): number => n * (2 ** (1 / n) - 1)

/** When each job of each task is done, after its release. */
type Responses = number[][]

function periodic(tasks: readonly Task[], arrivals: readonly number[], into: Responses): Scenario {
  const programs = tasks.map(({ period, cost, deadline }, at) => [
    `t${at}`,
    {
      period,
      arrives: arrivals[at] ?? 0,
      ...(deadline === undefined ? {} : { deadline }),
      *program(): Program {
        const responses: number[] = []
        into[at] = responses
        for (let job = 0; job < HYPERPERIOD / period; job++) {
          yield* compute(cost)
          responses.push((yield* clock()) - (arrivals[at] ?? 0) - job * period)
          yield* wait_period()
        }
      },
    },
  ])
  return scenario('periodic tasks', { programs: Object.fromEntries(programs), expect: 'holds' })
}

/** How many jobs are late: what the dispatcher says is what the tasks themselves saw. */
function run(tasks: readonly Task[], policy: string, arrivals: readonly number[] = [], cpus = 1) {
  const responses: Responses = []
  const { dispatcher, ending } = dispatched(periodic(tasks, arrivals, responses), policy, { cpus })
  const late = tasks.map(
    ({ period, deadline = period }, at) => responses[at]?.filter((response) => response > deadline).length,
  )
  expect(ending).toBe('done')
  expect(dispatcher.entities.map(({ missed }) => missed)).toEqual(late)
  expect(dispatcher.entities.map(({ jobs }) => jobs)).toEqual(tasks.map(({ period }) => HYPERPERIOD / period))
  return { responses, missed: dispatcher.entities.reduce((sum, { missed }) => sum + missed, 0) }
}

/** Task sets, each of another period, that need of the CPU what is said of so many, or a little less. */
const sets = (most: (n: number) => number, n = 6): fc.Arbitrary<Task[]> =>
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...PERIODS), { minLength: 1, maxLength: n }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: n, maxLength: n }),
    )
    .map(([periods, parts]) => {
      const all = periods.reduce((sum, _, i) => sum + (parts[i] ?? 1), 0)
      return periods
        .map((period, i) => ({ period, cost: Math.floor((period * (parts[i] ?? 1) * most(periods.length)) / all) }))
        .filter(({ cost }) => cost > 0)
    })
    .filter((tasks) => tasks.length > 0)

/** One task more that takes all that is left. */
const filled = (tasks: readonly Task[]): Task[] => {
  const left = Math.round((1 - load(tasks)) * HYPERPERIOD)
  return left > 0 ? [...tasks, { period: HYPERPERIOD, cost: left }] : [...tasks]
}

const arrivals = fc.array(fc.nat(100), { minLength: 7, maxLength: 7 })

test('under the bound of Liu and Layland rate-monotonic misses no deadline', () => {
  fc.assert(
    fc.property(sets(bound), arrivals, (tasks, at) => {
      expect(load(tasks)).toBeLessThanOrEqual(bound(tasks.length))
      expect(run(tasks, 'rate-monotonic').missed).toBe(0)
      expect(run(tasks, 'rate-monotonic', at).missed).toBe(0)
    }),
    { numRuns: runs },
  )
})

/** When the first job is done of those that are released together, the more urgent first: Joseph and Pandya, The Computer Journal 29 (5), 1986. */
function firstResponse(task: Task, tasks: readonly Task[]): number {
  const urgent = tasks.filter(({ period }) => period < task.period)
  let response = task.cost
  for (let before = 0; before !== response; ) {
    before = response
    response = urgent.reduce((sum, { period, cost }) => sum + Math.ceil(before / period) * cost, task.cost)
  }
  return response
}

test('above it, up to all of the CPU, rate-monotonic misses one when the response of a first job says so, and only then', () => {
  let missing = 0
  fc.assert(
    fc.property(sets(() => 1).map(filled), (tasks) => {
      const { responses, missed } = run(tasks, 'rate-monotonic')
      const first = tasks.map((task) => firstResponse(task, tasks))
      expect(responses.map(([response]) => response)).toEqual(first)
      expect(missed > 0).toBe(tasks.some(({ period }, at) => (first[at] ?? 0) > period))
      missing += missed > 0 ? 1 : 0
    }),
    seen,
  )
  expect(missing).toBeGreaterThan(0)
})

test('at exactly the whole of the CPU earliest deadline first misses no deadline', () => {
  fc.assert(
    fc.property(sets(() => 1).map(filled), arrivals, (tasks, at) => {
      expect(load(tasks)).toBe(1)
      expect(run(tasks, 'edf').missed).toBe(0)
      expect(run(tasks, 'edf', at).missed).toBe(0)
    }),
    { numRuns: runs },
  )
})

test('one ns more than there is, and a deadline is missed under either', () => {
  fc.assert(
    fc.property(sets(() => 1).map(filled), (tasks) => {
      const more = tasks.map((task, at) => (at === tasks.length - 1 ? { ...task, cost: task.cost + 1 } : task))
      expect(load(more)).toBeGreaterThan(1)
      for (const policy of ['edf', 'rate-monotonic']) expect(run(more, policy).missed).toBeGreaterThan(0)
    }),
    { numRuns: runs },
  )
})

/** Whether what has to be done by any time is more than that time: Baruah, Rosier, Howell, Real-Time Systems 2, 1990. */
const overdemanded = (tasks: readonly Task[]): boolean =>
  Array.from({ length: HYPERPERIOD }, (_, t) => t + 1).some(
    (t) =>
      tasks.reduce(
        (sum, { period, cost, deadline = period }) =>
          sum + Math.max(0, Math.floor((t + period - deadline) / period)) * cost,
        0,
      ) > t,
  )

test('with deadlines before the next release, earliest deadline first misses one when more is due than there is time, and only then', () => {
  let missing = 0
  const before = fc.array(fc.integer({ min: 30, max: 100 }), { minLength: 7, maxLength: 7 })
  fc.assert(
    fc.property(
      sets(() => 0.9),
      before,
      (tasks, percents) => {
        const hasty = tasks.map((task, at) => ({
          ...task,
          deadline: Math.max(task.cost, Math.floor((task.period * (percents[at] ?? 100)) / 100)),
        }))
        const { missed } = run(hasty, 'edf')
        expect(missed > 0).toBe(overdemanded(hasty))
        missing += missed > 0 ? 1 : 0
      },
    ),
    seen,
  )
  expect(missing).toBeGreaterThan(0)
  expect(missing).toBeLessThan(seen.numRuns)
})

test('on several CPUs earliest deadline first misses none while the load leaves room for the largest task', () => {
  // At most m - (m - 1) u, where u is the largest task's load: Goossens, Funk, Baruah, Real-Time Systems 25, 2003.
  const tasks = fc.tuple(
    fc.integer({ min: 2, max: 4 }),
    fc.array(fc.record({ period: fc.constantFrom(...PERIODS), part: fc.integer({ min: 5, max: 95 }) }), {
      minLength: 2,
      maxLength: 12,
    }),
  )
  fc.assert(
    fc.property(tasks, arrivals, ([cpus, drawn], at) => {
      const kept: Task[] = []
      const room = (all: readonly Task[]): number =>
        cpus - (cpus - 1) * Math.max(...all.map(({ period, cost }) => cost / period)) - load(all)
      for (const { period, part } of drawn) {
        const task = { period, cost: Math.max(1, Math.floor((period * part) / 100)) }
        if (room([...kept, task]) >= 0) kept.push(task)
      }
      expect(run(kept, 'edf', at, cpus).missed).toBe(0)
    }),
    { numRuns: runs },
  )
})

test('beyond that it may: two small tasks and a large one on two CPUs', () => {
  // Dhall and Liu, Operations Research 26 (1), 1978: the small ones are first, and the large one has no time to wait.
  const tasks = [
    { period: 100, cost: 10 },
    { period: 100, cost: 10 },
    { period: 120, cost: 115 },
  ]
  for (const policy of ['edf', 'rate-monotonic']) expect(run(tasks, policy, [], 2).missed).toBeGreaterThan(0)
})

test('where more is asked for than there is, it is told who was late how often, and by how much', () => {
  const { dispatcher } = dispatched(periodic([{ period: 20, cost: 21 }], [], []), 'edf')
  expect(dispatcher.entities[0]).toMatchObject({ jobs: 60, missed: 60, latenessMax: 60 })
})
