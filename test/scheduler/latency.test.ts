import fc from 'fast-check'
import { await_, boot, compute, map_anonymous, type Scenario, scenario, sleep, store } from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'
import { type Costs, Dispatcher, Histogram, policyNamed, Recorder, run, unit, zero } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { cases, type Op, scenarioOf } from '../helpers/random-programs.ts'
import { timedPrograms, timedScenario } from '../helpers/timed-programs.ts'

const runs = Number(process.env.RUNS ?? 1)

const times = fc.oneof(
  fc.nat(600),
  fc.nat(2 ** 31 - 1),
  fc.integer({ min: 0, max: 50 }).map((power) => 2 ** power),
  fc.maxSafeInteger().map(Math.abs),
)

describe('a histogram', () => {
  test('tells percentiles that came, none too short, nor more than a 128th too long', () => {
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 60 }), fc.integer({ min: 0, max: 1000 }), (all, rank) => {
        const histogram = new Histogram()
        for (const ns of all) histogram.add(ns)
        const sorted = all.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(0, Math.ceil((rank / 1000) * all.length - 1e-9) - 1)] ?? 0
        const told = histogram.percentile(rank)
        expect(told).toBeGreaterThanOrEqual(exact)
        expect(all).toContain(told)
        expect(told - exact).toBeLessThanOrEqual(exact / 128)
        expect(histogram).toMatchObject({ count: all.length, min: sorted[0], max: sorted.at(-1) })
        expect(histogram.percentile(1000)).toBe(sorted.at(-1))
      }),
      { numRuns: 200 * runs },
    )
  })

  test('has buckets that meet without a gap, each time in its own', () => {
    fc.assert(
      fc.property(times, (ns) => {
        const histogram = new Histogram()
        histogram.add(ns)
        const [[from, to, count] = [0, 0, 0], none] = histogram.buckets
        expect([from <= ns && ns <= to, count, none]).toEqual([true, 1, undefined])
        const next = new Histogram()
        next.add(to + 1)
        if (to < Number.MAX_SAFE_INTEGER) expect(next.buckets[0]?.[0]).toBe(to + 1)
      }),
      { numRuns: 200 * runs },
    )
  })

  test('of nothing is nothing', () => {
    expect([new Histogram().percentile(500), new Histogram().buckets]).toEqual([0, []])
  })
})

/** One run under a policy, with what was kept of it. */
function timed(one: Scenario, policy: string, cpus = 1, costs = unit) {
  const recorder = new Recorder()
  const dispatcher = new Dispatcher({ policy: policyNamed(policy), cpus, costs, recorder })
  const simulation = boot(one, { door: dispatcher, once: true, wakeOrder: 'fifo' })
  simulation.start()
  dispatcher.begin(simulation, 0)
  const { ending } = run(simulation, dispatcher, { maxSteps: 300 })
  dispatcher.settleAccounts()
  return { recorder, dispatcher, ending }
}

const told = ({ recorder }: ReturnType<typeof timed>): Record<string, [number, number][]> =>
  Object.fromEntries([...recorder.calls.byCall].map(([call, of]) => [call, of.buckets.map(([ns, , n]) => [ns, n])]))

describe('a call takes', () => {
  test('its own time, what its thread waits, and what it stands in line', () => {
    const one = scenario('lines', {
      programs: {
        *a() {
          yield* compute(5)
          yield* sleep(10)
        },
        *b() {
          yield* compute(5)
          yield* compute(20)
        },
      },
      expect: 'holds',
    })
    // a computes 0-5, calls sleep 5-6 and sleeps to 16; b computes 6-11 and 11-31; a has the CPU from 31.
    expect(told(timed(one, 'fifo', 1, { ...unit, resume: 0 }))).toEqual({
      compute: [
        [5, 2],
        [20, 1],
      ],
      sleep: [[11, 1]],
    })
    // In slices of 2: a computes 0-2, 4-6, 8-9, and b 2-4, 6-8, 10-11.
    expect(told(timed(one, 'rr:quantum=2')).compute?.[0]).toEqual([9, 2])
  })

  test('until its thread has a CPU again, where another has ended it', () => {
    const one = scenario('handed over', {
      *setup() {
        return { box: yield* mailbox_create('box', { capacity: 1 }) }
      },
      programs: {
        *receiver({ shared: { box } }) {
          yield* mailbox_receive(box)
          yield* compute(1)
        },
        *sender({ shared: { box } }) {
          yield* mailbox_send(box, 1)
          yield* compute(50)
        },
      },
      expect: 'holds',
    })
    // Received at 2, when the sender sends it, who goes on until 52.
    expect(told(timed(one, 'fifo'))).toEqual({
      mailbox_receive: [[52, 1]],
      mailbox_send: [[1, 1]],
      compute: [
        [1, 1],
        [50, 1],
      ],
    })
  })

  test('nothing of a switch to its thread that is broken off', () => {
    const one = scenario('better ones come', {
      *setup() {
        return { box: yield* mailbox_create('box', { capacity: 1 }) }
      },
      programs: {
        low: {
          priority: 1,
          *program({ shared: { box } }) {
            yield* mailbox_receive(box)
            yield* compute(10)
          },
        },
        mid: {
          priority: 2,
          *program({ shared: { box } }) {
            yield* sleep(100)
            yield* mailbox_send(box, 1)
          },
        },
        high: {
          priority: 3,
          arrives: 125,
          *program() {
            yield* compute(1000)
          },
        },
      },
      expect: 'holds',
    })
    // mid: switch 0-10, sleeps 11-111; low: switch 11-21, waits from 22; mid: switch 111-121, sends at 122; low: switch from
    // 122, broken off at 125, when high comes: switch 125-135, computes to 1135; low: switch 1135-1145, has received.
    const { calls, messages } = timed(one, 'priority', 1, { ...unit, processSwitch: 10, resume: 0 }).recorder
    const told = [...calls.byCall].map(([call, { count, min, max }]) => [call, [count, min, max]])
    expect(Object.fromEntries(told)).toEqual({
      sleep: [1, 111, 111],
      mailbox_send: [1, 1, 1],
      compute: [2, 10, 1000],
      mailbox_receive: [1, 1124, 1124],
    })
    expect(messages.queues).toMatchObject([{ latency: { count: 1, min: 1024 } }])
  })

  const quiet = (ops: readonly Op[]): Op[] =>
    ops
      .filter(({ op }) => op !== 'kill' && op !== 'handle' && op !== 'exit')
      .map((one) => ('area' in one ? { ...one, area: 'shared' } : one) as Op) // what is nowhere kills
      .map((one) => ('body' in one && one.body !== null ? { ...one, body: quiet(one.body) } : one) as Op)

  /** What calls take adds up to the time from when each thread first has a CPU to its end. */
  function addsUp(one: Scenario, policy: string, cpus: number, costs: Costs): void {
    const { recorder, dispatcher, ending } = timed(one, policy, cpus, costs)
    fc.pre(ending !== 'step limit')
    let spent = 0
    for (const { firstRun, ended, task } of dispatcher.entities) {
      if (firstRun < 0) continue
      const returned = ended >= 0 && task.pending?.def.name !== 'thread_exit'
      const until = returned ? ended : recorder.calls.madeAt(task)
      fc.pre(until !== null) // a deadlock of others may be the end while it stands in line, to be told what it waited for
      spent += until - firstRun
    }
    let sum = 0
    for (const times of recorder.calls.byCall.values()) sum += times.sum
    expect(sum).toBe(spent)
  }
  const costs = fc.constantFrom(unit, zero, { ...unit, processSwitch: 3 })
  const cpus = fc.integer({ min: 1, max: 3 })

  test('what is left by the others: from when its thread first has a CPU to its end', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('fifo', 'rr:quantum=2', 'mlfq', 'eevdf'), cpus, costs, (one, policy, ...on) =>
        addsUp(scenarioOf({ ...one, programs: one.programs.map(quiet) }), policy, ...on),
      ),
      { numRuns: 150 * runs },
    )
  })

  test('as much, where more urgent ones come in the midst of a switch', () => {
    fc.assert(
      fc.property(timedPrograms({ quiet: true }), fc.constantFrom('priority', 'srtf'), cpus, costs, (all, ...on) =>
        addsUp(timedScenario(all), ...on),
      ),
      { numRuns: 100 * runs },
    )
  })
})

test('the time that CPUs go over to threads in is at the beginning of the stretches in which those run', () => {
  fc.assert(
    fc.property(
      cases,
      fc.constantFrom('rr:quantum=2', 'mlfq', 'priority'),
      fc.constantFrom(1, 2),
      (one, policy, cpus) => {
        const costs = { ...unit, processSwitch: 3, threadSwitch: 1, migration: 2 }
        const { recorder, dispatcher } = timed(scenarioOf(one), policy, cpus, costs)
        let sum = 0
        const until = new Map<string, number>()
        for (const { thread, from, to, switching } of recorder.stretches) {
          sum += switching
          // No stretch of a thread is left out, and none told twice.
          expect(from).toBe(until.get(thread) ?? from)
          until.set(thread, to)
        }
        expect(sum).toBe(dispatcher.cpus.reduce((all, { switchNs }) => all + switchNs, 0))
      },
    ),
    { numRuns: 60 * runs },
  )
})

test('who goes from one wait to another without a CPU has waited for both', () => {
  const one = scenario('waits', {
    *setup() {
      return { word: yield* map_anonymous(4, { name: 'word' }) }
    },
    programs: {
      *a({ shared: { word } }) {
        yield* sleep(5)
        yield* await_(word, 'i32', (value) => value === 1)
      },
      *b({ shared: { word } }) {
        yield* compute(19)
        yield* store(word, 'i32', 1)
      },
    },
    expect: 'holds',
  })
  const waits = timed(one, 'fifo').recorder.stretches.filter(({ activity }) => activity === 'waiting')
  expect(waits).toMatchObject([
    { from: 1, to: 6, call: 'sleep', object: '5 ns to pass' },
    { from: 6, to: 21, call: 'await', object: 'word+0' },
  ])
})
