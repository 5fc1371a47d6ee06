import fc from 'fast-check'
import {
  type Dispatcher,
  type Entity,
  measuresOf,
  type OnMachine,
  type Policy,
  policyNamed,
  type Stretch,
  zero,
} from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { type Dispatched, dispatched } from '../helpers/dispatched.ts'
import { machines, POLICIES, type TimedProcess, timedPrograms, timedScenario } from '../helpers/timed-programs.ts'
import { type Watcher, watched } from '../helpers/watched-queue.ts'

/**
 * What a dispatcher adds up as it goes, held against what comes out of who did what from when to when, and what holds of
 * every run whatever the policy.
 */

const runs = Number(process.env.RUNS ?? 10)

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const length = ({ from, to }: { readonly from: number; readonly to: number }): number => to - from
const total = (stretches: readonly Stretch[]): number => sum(stretches.map(length))
const overlap = (a: Span, b: Span): number => Math.min(a.to, b.to) - Math.max(a.from, b.from)

interface Span {
  readonly from: number
  readonly to: number
}

class Run {
  readonly dispatcher: Dispatcher
  readonly stretches: readonly Stretch[]
  readonly entities: readonly Entity[]
  readonly began: number
  readonly ended: number
  /** From when on each process may run on which CPUs. */
  readonly affinity: ReadonlyMap<string, readonly (readonly [from: number, cpus: readonly number[] | null])[]>

  /** @param every so many steps it is measured, in the midst of what everybody does */
  constructor(
    processes: readonly TimedProcess[],
    policy: string | Policy,
    on: OnMachine,
    every = Number.POSITIVE_INFINITY,
  ) {
    const affinity = new Map<string, (readonly [number, readonly number[] | null])[]>()
    const ran: Dispatched = dispatched(timedScenario(processes), policy, {
      ...on,
      maxSteps: 1000, // handlers may send signals for ever
      watch(dispatcher, { machine: { state, steps } }) {
        if (steps % every === 0) measuresOf(dispatcher)
        for (const { id, sched } of Object.values(state.processes)) {
          const known = affinity.get(id) ?? []
          const cpus = sched?.cpus ?? null
          const last = known.at(-1)
          if (last === undefined || JSON.stringify(last[1]) !== JSON.stringify(cpus)) known.push([state.clock, cpus])
          affinity.set(id, known)
        }
      },
    })
    this.dispatcher = ran.dispatcher
    this.affinity = affinity
    this.stretches = ran.recorder.stretches.toSorted((a, b) => a.from - b.from)
    this.entities = ran.dispatcher.entities.filter(({ activity }) => activity !== 'away')
    this.ended = ran.simulation.machine.state.clock
    this.began = this.ended - ran.dispatcher.totals.elapsed
  }

  of(entity: Entity): Stretch[] {
    return this.stretches.filter(({ thread }) => thread === entity.task.id)
  }

  on(cpu: number): Stretch[] {
    return this.stretches.filter((one) => one.cpu === cpu)
  }

  doing(activity: Stretch['activity']): Stretch[] {
    return this.stretches.filter((one) => one.activity === activity)
  }

  /** When nobody runs there. */
  idle(cpu: number): Span[] {
    const gaps: Span[] = []
    let at = this.began
    for (const { from, to } of this.on(cpu)) {
      if (from > at) gaps.push({ from: at, to: from })
      at = to
    }
    return at < this.ended ? [...gaps, { from: at, to: this.ended }] : gaps
  }

  /** When a process may run on the CPU. */
  allowed(process: string, cpu: number): Span[] {
    const known = this.affinity.get(process) ?? []
    return known.flatMap(([from, cpus], i) =>
      cpus === null || cpus.includes(cpu) ? [{ from: i === 0 ? 0 : from, to: known[i + 1]?.[0] ?? this.ended }] : [],
    )
  }
}

/** The most that go on at one time. */
function most(spans: readonly Span[]): number {
  const ends = spans.flatMap(({ from, to }) => [
    [from, 1],
    [to, -1],
  ]) as [number, number][]
  ends.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let now = 0
  let found = 0
  for (const [, by] of ends) {
    now += by
    found = Math.max(found, now)
  }
  return found
}

function check(run: Run): void {
  const { dispatcher, stretches, entities, began, ended } = run
  const { totals, cpus } = dispatcher
  // Each thread does one thing after the other, from its arrival to its end, and that is what it was charged for.
  for (const entity of entities) {
    const own = run.of(entity)
    const end = entity.ended >= 0 ? entity.ended : ended
    expect([own[0]?.from ?? entity.arrived, own.at(-1)?.to ?? end]).toEqual([entity.arrived, end])
    for (const [i, { to }] of own.entries()) expect(own[i + 1]?.from ?? end).toBe(to)
    expect(total(own.filter(({ activity }) => activity === 'ready'))).toBe(entity.readyNs)
    expect(total(own.filter(({ activity }) => activity === 'waiting'))).toBe(entity.waitingNs)
    expect(entity.readyNsMax).toBe(Math.max(0, ...own.filter(({ activity }) => activity === 'ready').map(length)))
    expect(total(own.filter(({ activity }) => activity === 'running'))).toBeGreaterThanOrEqual(entity.cpuNs)
  }
  // Little's law, L = lambda W, times the time that passed: each side is the sum of the times present.
  expect(totals.arrivals).toBe(entities.length)
  expect(totals.presentNs).toBe(sum(entities.map((one) => (one.ended >= 0 ? one.ended : ended) - one.arrived)))
  expect(totals.presentNs).toBe(total(stretches))
  // The same of the line alone.
  expect(totals.waitingNs).toBe(total(run.doing('ready')))
  expect(totals.waitingMax).toBe(most(run.doing('ready')))
  for (const [i, mean] of totals.lengths.entries()) {
    const step = { from: began + i * totals.stepNs, to: began + (i + 1) * totals.stepNs }
    expect(mean * totals.stepNs).toBe(sum(run.doing('ready').map((one) => Math.max(0, overlap(one, step)))))
  }
  // Each CPU runs one at a time; busy, switching and idle are all of its time.
  expect(totals.takenNs).toBe(total(run.doing('running')))
  expect(sum(entities.map(({ cpuNs }) => cpuNs))).toBe(sum(cpus.map(({ busyNs }) => busyNs)))
  const measured = measuresOf(dispatcher).cpus
  for (const { number, busyNs } of cpus) {
    const own = run.on(number)
    for (const [i, { to }] of own.entries()) expect(own[i + 1]?.from ?? ended).toBeGreaterThanOrEqual(to)
    expect(total(own)).toBe(busyNs + (measured[number]?.switching ?? 0))
    expect(measured[number]?.idle).toBe(sum(run.idle(number).map(length)))
  }
  // Nobody is ready while a CPU is idle on which it may run.
  for (const { number } of cpus)
    for (const gap of run.idle(number))
      for (const one of run.doing('ready')) {
        const process = entities.find(({ task }) => task.id === one.thread)?.process ?? ''
        for (const may of run.allowed(process, number)) {
          const both = { from: Math.max(gap.from, may.from), to: Math.min(gap.to, may.to) }
          expect(Math.max(0, overlap(both, one)), `${one.thread} ready while CPU ${number} is idle`).toBe(0)
        }
      }
}

test.each(POLICIES)(
  'under %s all sums come out, Little’s law holds, and no CPU is idle while somebody could run',
  (policy) => {
    fc.assert(
      fc.property(timedPrograms(), machines, (processes, on) => check(new Run(processes, policy, on))),
      { numRuns: runs },
    )
  },
)

test.each(POLICIES)('under %s a run that is measured in its midst goes on as if it were not', (policy) => {
  fc.assert(
    fc.property(timedPrograms(), machines, fc.integer({ min: 1, max: 5 }), (processes, on, every) => {
      const [looked, left] = [new Run(processes, policy, on, every), new Run(processes, policy, on)]
      expect(looked.stretches).toEqual(left.stretches)
      expect(measuresOf(looked.dispatcher)).toEqual(measuresOf(left.dispatcher))
      const waits = ({ entities }: Run) => entities.map(({ readyNs, readyNsMax, ioNs }) => [readyNs, readyNsMax, ioNs])
      expect(waits(looked)).toEqual(waits(left))
    }),
    { numRuns: Math.ceil(runs / 3) },
  )
})

/** Runs of programs in which nobody gives the CPU up by himself but to wait, where switching takes no time. */
const quiet = (policy: string | Policy, look: (run: Run) => void, affinity = false): void =>
  fc.assert(
    fc.property(timedPrograms({ quiet: true, affinity }), fc.integer({ min: 1, max: 4 }), (processes, cpus) =>
      look(new Run(processes, policy, { cpus, costs: zero })),
    ),
    { numRuns: runs },
  )

test.each(['fifo', 'sjf'])('under %s nobody is put off', (policy) => {
  const never: Watcher = { put: (_, how) => expect(['new', 'woken']).toContain(how) }
  quiet(watched(policyNamed(policy), never), ({ entities }) => {
    for (const { preemptions } of entities) expect(preemptions).toBe(0)
  })
})

test.each(['rr', 'lottery', 'stride'])('under %s it is at the end of a quantum, not sooner or later', (policy) => {
  const ran = new Map<Entity, number>()
  const slices: Watcher = {
    taken: (entity) => void ran.set(entity, 0),
    charged: (entity, ns) => void ran.set(entity, (ran.get(entity) ?? 0) + ns),
    put(entity, how) {
      expect(['new', 'woken', 'expired']).toContain(how)
      if (how === 'expired') expect(ran.get(entity)).toBe(20)
    },
  }
  quiet(watched(policyNamed(`${policy}:quantum=20`), slices), (run) => {
    for (const one of run.doing('running')) expect(length(one)).toBeLessThanOrEqual(20)
  })
})

test('under fifo who has been ready for longest is next', () => {
  quiet('fifo', (run) => {
    for (const one of run.doing('ready'))
      for (const other of run.doing('ready'))
        if (one.from < other.from) expect(one.to, `${one.thread} before ${other.thread}`).toBeLessThanOrEqual(other.to)
  })
})

const urgency: readonly (readonly [policy: string, of: (entity: Entity) => number])[] = [
  ['priority', ({ priority }) => priority],
  ['rate-monotonic', ({ period }) => -period],
  ['edf', ({ deadline }) => -deadline],
]

test.each(urgency)('under %s nobody is ready while one less urgent runs where it may run, too', (policy, of) => {
  quiet(
    policy,
    (run) => {
      const by = new Map(run.entities.map((entity) => [entity.task.id, entity]))
      const urgencyOf = ({ thread }: Stretch): number => of(by.get(thread) as Entity) // who did something is there
      for (const one of run.doing('ready'))
        for (const other of run.doing('running'))
          if (overlap(one, other) > 0 && by.get(one.thread)?.mayRunOn(other.cpu) === true)
            expect(urgencyOf(other), `${one.thread} waits, ${other.thread} runs`).toBeGreaterThanOrEqual(urgencyOf(one))
    },
    true,
  )
})
