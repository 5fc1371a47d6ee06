import fc from 'fast-check'
import { compute, type Program, type Scenario, scenario, sleep } from 'ipclab/kernel'
import { cfs, type Dispatcher, type Entity, eevdf, type Policy, rr } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { dispatched, serviceOf } from '../helpers/dispatched.ts'
import { type Watched, type Watcher, watched } from '../helpers/watched-queue.ts'

/** EEVDF and CFS held against what their papers, or a line of reasoning from their rules, promise. */

const runs = Number(process.env.RUNS ?? 30)

interface Job {
  readonly nice: number
  readonly arrives: number
  /** CPU time, and how long it sleeps afterwards, again and again. */
  readonly bursts: readonly (readonly [number, number])[]
}

const SLICE = 100_000

/** For CFS. */
const LATENCY = 6 * SLICE
const GRANULARITY = SLICE
const ours = cfs({ latency: LATENCY, granularity: GRANULARITY, wakeup: SLICE })

const nice = fc.oneof(fc.integer({ min: -20, max: 19 }), fc.integer({ min: -3, max: 3 }))
const burst = fc.integer({ min: 1, max: 2 * SLICE })

/** Computes all the time. */
const hog: fc.Arbitrary<Job> = fc.record({
  nice,
  arrives: fc.oneof(fc.constant(0), fc.nat(10 * SLICE)),
  bursts: fc
    .array(burst, { minLength: 1, maxLength: 4 })
    .map((some) => Array.from({ length: 60 }, (_, i) => [some[i % some.length] ?? 1, 0] as const)),
})

const sleeper: fc.Arbitrary<Job> = fc.record({
  nice,
  arrives: fc.oneof(fc.constant(0), fc.nat(10 * SLICE)),
  bursts: fc.array(fc.tuple(burst, fc.oneof(fc.nat(SLICE), fc.nat(20 * SLICE))), { minLength: 1, maxLength: 20 }),
})

const several = (job: fc.Arbitrary<Job>): fc.Arbitrary<Job[]> => fc.array(job, { minLength: 2, maxLength: 8 })

function workload(jobs: readonly Job[]): Scenario {
  const programs = jobs.map(({ nice, arrives, bursts }, at) => [
    `j${at}`,
    {
      nice,
      arrives,
      *program(): Program {
        for (const [ns, pause] of bursts) {
          yield* compute(ns)
          if (pause > 0) yield* sleep(pause)
        }
      },
    },
  ])
  return scenario('fair', { programs: Object.fromEntries(programs), expect: 'holds' })
}

const sum = (numbers: Iterable<number>): number => {
  let all = 0
  for (const one of numbers) all += one
  return all
}
const weights = (entities: Iterable<Entity>): number => sum(Array.from(entities, ({ weight }) => weight))

/** Virtual time is counted in whole units, each so many ns of CPU time: what a policy's rounding comes to at one decision. */
const unitOf = (entities: Iterable<Entity>): number =>
  Math.max(1, ...Array.from(entities, ({ weight }) => weight / 1024))

/**
 * The fluid that a fair scheduler is to be like: at every moment each who is here gets its part of the CPU, by weight.
 * Computed from the clock and from who comes, by none of the policy's numbers, for one CPU.
 */
class Fluid implements Watcher {
  readonly ideal = new Map<Entity, number>()
  #last = 0
  readonly #now: () => number
  readonly #look: (lag: number, unit: number) => void
  /** Somebody has left, and took its lag with it: what is proved of steady systems is over. */
  over = false

  constructor(now: () => number, look: (lag: number, unit: number) => void) {
    this.#now = now
    this.#look = look
  }

  put(entity: Entity, how: string): void {
    this.#pass()
    if (how === 'new') this.ideal.set(entity, 0)
  }

  taken(): void {
    this.#pass()
  }

  charged(): void {
    this.#pass()
  }

  left(): void {
    this.#pass()
    this.over = true
  }

  #pass(): void {
    if (this.over) return
    const now = this.#now()
    const all = weights(this.ideal.keys())
    const unit = unitOf(this.ideal.keys())
    for (const [entity, ideal] of this.ideal) {
      const due = ideal + ((now - this.#last) * entity.weight) / all
      this.ideal.set(entity, due)
      this.#look(due - serviceOf(entity, now), unit)
    }
    this.#last = now
  }
}

/** Runs the jobs on one CPU, and tells of everybody's lag behind the fluid at every decision, until somebody leaves. */
function lags(jobs: readonly Job[], policy: Policy, look: (lag: number, unit: number) => void): void {
  let dispatcher: Dispatcher | null = null
  const fluid = new Fluid(() => dispatcher?.now ?? 0, look)
  dispatched(workload(jobs), watched(policy, fluid), {
    watch(given) {
      dispatcher = given
    },
  })
}

test('under EEVDF everybody stays within a slice of its share, before it or behind', () => {
  fc.assert(
    fc.property(several(hog), (jobs) => {
      // Theorem 1 of Stoica and Abdel-Wahab: in a steady system, where who comes has no lag, the lag of each is between
      // -r and max(r, q), with r its longest request and q the quantum; here both are the slice. So nobody waits for
      // longer than his share needs to grow by two slices.
      lags(jobs, eevdf(SLICE), (lag, unit) => expect(Math.abs(lag)).toBeLessThanOrEqual(SLICE + 4 * unit))
    }),
    { numRuns: runs },
  )
})

/** Sum of weight times what each is behind that one in virtual time: not above 0 for who has had no more than its share. */
const ahead = (of: Entity, all: readonly Entity[]): number =>
  sum(all.map(({ vruntime, counted }) => counted * (of.vruntime - vruntime)))

const lagOf = (of: Entity, all: readonly Entity[]): number => -ahead(of, all) / sum(all.map(({ counted }) => counted))

const here = ({ line, running }: Watched): Entity[] => [...line, ...running]

const least = (entities: readonly Entity[], key: (entity: Entity) => number): Entity | undefined =>
  entities.toSorted((a, b) => key(a) - key(b) || a.number - b.number)[0]

const onCpus = fc.integer({ min: 1, max: 3 })

test('under EEVDF the eligible one with the earliest deadline is next, and sleeping changes nobody’s lag', () => {
  const kept = new Map<Entity, number>()
  const watcher: Watcher = {
    taken(entity, queue) {
      const all = here(queue)
      const eligible = [...queue.line].filter((one) => ahead(one, all) <= 0)
      // On several CPUs those who are owed may all be running.
      const due = least(eligible, ({ vdeadline }) => vdeadline) ?? least([...queue.line], ({ vruntime }) => vruntime)
      expect(entity).toBe(due)
      if (queue.running.size === 0) expect(eligible).not.toEqual([])
    },
    left(entity, queue) {
      // A running one is not in line; who leaves is still counted.
      const most = (2 * SLICE * 1024) / entity.counted
      kept.set(entity, Math.max(-most, Math.min(most, lagOf(entity, here(queue)))))
    },
    placed(entity, how, queue) {
      const all = here(queue)
      const lag = how === 'new' ? 0 : how === 'woken' && all.length > 1 ? kept.get(entity) : undefined
      // What is rounded to a unit is made larger by the weights of the others.
      const unit =
        sum(all.map(({ counted }) => counted)) /
        (all.length > 1 ? sum(all.map(({ counted }) => counted)) - entity.counted : 1)
      if (lag !== undefined) expect(Math.abs(lagOf(entity, all) - lag)).toBeLessThanOrEqual(2 + 2 * unit)
    },
  }
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), onCpus, (jobs, cpus) => {
      expect(dispatched(workload(jobs), watched(eevdf(SLICE), watcher), { cpus }).ending).toBe('done')
    }),
    { numRuns: runs },
  )
})

test('under CFS the one that has had the least is next, and sleeping gains half a period at most', () => {
  const slept = new Map<Entity, number>()
  const watcher: Watcher = {
    taken(entity, { line }) {
      expect(entity).toBe(least([...line], ({ vruntime }) => vruntime))
    },
    left: (entity) => void slept.set(entity, entity.vruntime),
    placed(entity, how, queue) {
      if (how !== 'woken') return
      expect(entity.vruntime).toBeGreaterThanOrEqual(slept.get(entity) ?? 0)
      const others = here(queue).filter((one) => one !== entity)
      const first = Math.min(...others.map(({ vruntime }) => vruntime))
      if (others.length > 0) expect(first - entity.vruntime).toBeLessThanOrEqual(LATENCY / 2)
    },
  }
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), onCpus, (jobs, cpus) => {
      expect(dispatched(workload(jobs), watched(ours, watcher), { cpus }).ending).toBe('done')
    }),
    { numRuns: runs },
  )
})

/**
 * How far what two have had, by weight, moves apart while both are here, after each was chosen before the other: by their
 * CPU times, and by none of the policy's numbers, for one CPU.
 */
class Pairs implements Watcher {
  readonly #now: () => number
  readonly #most: (a: Entity, b: Entity) => number
  readonly #spans = new Map<string, { min: number; max: number }>()
  readonly #chosen = new Map<Entity, Set<Entity>>()

  constructor(now: () => number, most: (a: Entity, b: Entity) => number) {
    this.#now = now
    this.#most = most
  }

  taken(entity: Entity, queue: Watched): void {
    const others = this.#chosen.get(entity) ?? new Set()
    this.#chosen.set(entity, others)
    for (const one of here(queue)) if (one !== entity) others.add(one)
    this.#look(queue)
  }

  charged(_entity: Entity, _ns: number, queue: Watched): void {
    this.#look(queue)
  }

  left(entity: Entity): void {
    this.#chosen.delete(entity)
    for (const others of this.#chosen.values()) others.delete(entity)
    for (const key of [...this.#spans.keys()])
      if (key.split(' ').includes(String(entity.number))) this.#spans.delete(key)
  }

  #look(queue: Watched): void {
    const now = this.#now()
    const all = here(queue)
    for (const a of all)
      for (const b of all) {
        if (a.number >= b.number) continue
        if (this.#chosen.get(a)?.has(b) !== true || this.#chosen.get(b)?.has(a) !== true) continue
        const apart = serviceOf(a, now) / a.weight - serviceOf(b, now) / b.weight
        const key = `${a.number} ${b.number}`
        const span = this.#spans.get(key) ?? { min: apart, max: apart }
        this.#spans.set(key, span)
        span.min = Math.min(span.min, apart)
        span.max = Math.max(span.max, apart)
        expect(span.max - span.min).toBeLessThanOrEqual(this.#most(a, b) + ROUNDED)
      }
  }
}

/** A few units of virtual time. */
const ROUNDED = 6 / 1024

function pairs(jobs: readonly Job[], policy: Policy, most: (a: Entity, b: Entity) => number): void {
  let dispatcher: Dispatcher | null = null
  const watcher = new Pairs(() => dispatcher?.now ?? 0, most)
  const { ending } = dispatched(workload(jobs), watched(policy, watcher), {
    watch(given) {
      dispatcher = given
    },
  })
  expect(ending).toBe('done')
}

test('under EEVDF two that compete get the same, by weight, within a slice each way, whoever else comes and sleeps', () => {
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), (jobs) => {
      // Who is chosen before another that is eligible has the earlier deadline, and runs up to it: v + r <= v' + r'. The
      // other may not be eligible: then it is ahead anyway, v < v', and v + r is left. So v is never more than the longer
      // of the two requests ahead of v'; a request is a slice, by weight. What virtual time itself does is no matter.
      pairs(jobs, eevdf(SLICE), (a, b) => (2 * SLICE) / Math.min(a.weight, b.weight))
    }),
    { numRuns: runs },
  )
})

test('under CFS two that compete get the same, by weight, within a slice each way, whoever else comes and sleeps', () => {
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), (jobs) => {
      // Who is chosen has the least virtual runtime, v <= v', and runs for its part of a period at most, which is as much
      // virtual time for everybody: the period over the weight of all, so of these two or more.
      const period = Math.max(LATENCY, jobs.length * GRANULARITY)
      pairs(jobs, ours, (a, b) => (2 * period) / (a.weight + b.weight))
    }),
    { numRuns: runs },
  )
})

test('under CFS the wait for the CPU is bounded, whoever comes and sleeps', () => {
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), (jobs) => {
      const { dispatcher, ending } = dispatched(workload(jobs), ours)
      expect(ending).toBe('done')
      const period = Math.max(LATENCY, jobs.length * GRANULARITY)
      for (const one of dispatcher.entities) {
        // It is a slice at most, period / w, ahead of the least virtual runtime, and all who are chosen before it are no
        // further; they come from half a period behind the least at most, and end a slice, period / w', beyond it. As
        // virtual runtimes never go back, that is all that each gets meanwhile. And somebody may be running.
        const others = dispatcher.entities.filter((other) => other !== one)
        const most = others.map(
          ({ weight }) => period * (weight / one.weight) + (LATENCY / 2) * (weight / 1024) + period,
        )
        expect(one.readyNsMax).toBeLessThanOrEqual(sum(most) + period)
      }
    }),
    { numRuns: runs },
  )
})

test('under round robin nobody waits for longer than a quantum of each of the others', () => {
  fc.assert(
    fc.property(several(fc.oneof(hog, sleeper)), (jobs) => {
      const { dispatcher, ending } = dispatched(workload(jobs), rr(SLICE))
      expect(ending).toBe('done')
      for (const { readyNsMax } of dispatcher.entities)
        expect(readyNsMax).toBeLessThanOrEqual(SLICE * (jobs.length - 1))
    }),
    { numRuns: runs },
  )
})

test('under EEVDF and CFS nobody gains by sleeping when it has had its slice', () => {
  const policies = [eevdf(SLICE), ours]
  for (const policy of policies)
    for (const before of [0.5, 0.9, 0.99, 1]) {
      const ran = Math.floor(SLICE * before)
      const cheat: Job = { nice: 0, arrives: 0, bursts: Array.from({ length: 200 }, () => [ran, 1] as const) }
      const honest: Job = { nice: 0, arrives: 0, bursts: [[200 * ran, 0]] }
      const { dispatcher } = dispatched(workload([cheat, honest]), policy)
      const [one, other] = dispatcher.entities
      // Had it more than its half, it would be done when the other is not nearly.
      expect(one?.ended).toBeGreaterThan((other?.ended ?? 0) - 4 * LATENCY)
    }
})
