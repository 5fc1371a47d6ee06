import {
  clock,
  compute,
  io,
  nice,
  type PosixError,
  type Program,
  type Scenario,
  type ScenarioBody,
  scenario,
  sched_setaffinity,
  sched_setparam,
  sleep,
  spawn,
  thread_create,
  thread_join,
  yield_,
} from 'ipclab/kernel'
import { measuresOf, zero } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { dispatched, type Wish } from '../helpers/dispatched.ts'

/** What a dispatcher does with several CPUs, with what is said of processes, and with time: who runs from when to when, and where. */

type Programs = ScenarioBody<Record<never, never>, undefined, undefined>['programs']

const made = (programs: Programs): Scenario => scenario('made', { programs, expect: 'holds' })

/** A program that computes for so long. */
const job = (ns: number) =>
  function* (): Program {
    yield* compute(ns)
  }

/** For each thread when it ran, as `0-10` or, with several CPUs, `0-10@1`; what follows without a gap is one. */
function ran(programs: Programs, policy: string, wish: Wish = {}): { readonly [thread: string]: string } {
  const { recorder, ending } = dispatched(made(programs), policy, wish)
  expect(ending).toBe('done')
  const runs: Record<string, { from: number; to: number; cpu: number }[]> = {}
  for (const { thread, activity, from, to, cpu } of recorder.stretches) {
    if (activity !== 'running') continue
    runs[thread] ??= []
    const last = runs[thread].at(-1)
    if (last !== undefined && last.to === from && last.cpu === cpu) last.to = to
    else runs[thread].push({ from, to, cpu })
  }
  const at = (cpu: number): string => ((wish.cpus ?? 1) > 1 ? `@${cpu}` : '')
  return Object.fromEntries(
    Object.entries(runs).map(([thread, all]) => [
      thread,
      all.map(({ from, to, cpu }) => `${from}-${to}${at(cpu)}`).join(' '),
    ]),
  )
}

test('one line for all CPUs: whoever is next goes where there is room', () => {
  expect(ran({ a: job(10), b: job(4), c: job(7), d: job(1) }, 'fifo', { cpus: 2 })).toEqual({
    a: '0-10@0',
    b: '0-4@1',
    c: '4-11@1',
    d: '10-11@0',
  })
})

test('a line for each: new ones go where the fewest are, and who has nothing to do takes from the longest', () => {
  const wish: Wish = { cpus: 2, queues: 'per-cpu' }
  expect(ran({ a: job(10), b: job(2), c: job(9), d: job(2), e: job(5) }, 'fifo', wish)).toEqual({
    a: '0-10@0',
    b: '0-2@1',
    d: '2-4@1',
    c: '4-13@1', // of the two that wait for CPU 0 the first
    e: '10-15@0',
  })
})

test('with a line for each, who wakes up goes back to where it ran if that is free, else to one that is', () => {
  const back = (ns: number) =>
    function* (): Program {
      yield* compute(2)
      yield* sleep(ns)
      yield* compute(2)
    }
  const wish: Wish = { cpus: 2, queues: 'per-cpu' }
  expect(ran({ a: back(3), b: job(1) }, 'fifo', wish)).toEqual({ a: '0-2@0 5-7@0', b: '0-1@1' })
  expect(ran({ a: back(3), b: job(1), c: { arrives: 3, program: job(9) } }, 'fifo', wish)).toEqual({
    a: '0-2@0 5-7@1',
    b: '0-1@1',
    c: '3-12@0',
  })
})

test('a process runs where it may, though another CPU is idle, and on each it takes its turn', () => {
  expect(
    ran({ a: { cpus: [1], program: job(5) }, b: { cpus: [1], program: job(3) } }, 'rr:quantum=2', { cpus: 2 }),
  ).toEqual({
    a: '0-2@1 4-6@1 7-8@1',
    b: '2-4@1 6-7@1',
  })
  for (const queues of ['global', 'per-cpu'] as const)
    expect(ran({ a: { cpus: [1], program: job(5) }, b: job(3), c: job(3) }, 'fifo', { cpus: 2, queues })).toEqual({
      a: '0-5@1',
      b: '0-3@0',
      c: '3-6@0',
    })
})

test('sched_setaffinity to CPUs that are not there is EINVAL, one that is will do', () => {
  const codes: unknown[] = []
  const programs: Programs = {
    *a() {
      for (const cpus of [[2], [7, 9], [1, 9]])
        try {
          yield* sched_setaffinity(0, cpus)
          codes.push('ok')
        } catch (error) {
          codes.push((error as PosixError).code)
        }
    },
  }
  expect(dispatched(made(programs), 'fifo', { cpus: 2 }).ending).toBe('done')
  expect(codes).toEqual(['EINVAL', 'EINVAL', 'ok'])
})

test('sched_setaffinity takes the caller to another CPU at once, and one in line out of it', () => {
  const programs: Programs = {
    *a() {
      yield* compute(3)
      yield* sched_setaffinity(0, [1])
      yield* compute(3)
    },
  }
  for (const queues of ['global', 'per-cpu'] as const)
    expect(ran(programs, 'fifo', { cpus: 2, queues })).toEqual({ a: '0-3@0 3-6@1' })
  const other: Programs = {
    *a({ pids }) {
      yield* compute(3)
      yield* sched_setaffinity(pids.b ?? 0, [1])
      yield* compute(3)
    },
    b: { cpus: [0], program: job(4) },
  }
  for (const queues of ['global', 'per-cpu'] as const)
    expect(ran(other, 'fifo', { cpus: 2, queues })).toEqual({ a: '0-6@0', b: '3-7@1' })
})

test('a CPU that is not there is told in one line', () => {
  expect(() => dispatched(made({ a: { cpus: [2, 3], program: job(1) } }), 'fifo', { cpus: 2 })).toThrow(
    /^a may run on CPU 2, 3 and no other, and there are only CPUs 0 to 1$/,
  )
})

test('to go over to a thread costs more if it is of another process, and more again if it ran elsewhere', () => {
  const costs = { ...zero, threadSwitch: 2, processSwitch: 5, migration: 7 }
  const programs: Programs = {
    *a() {
      const other = yield* thread_create(job(3))
      yield* compute(10)
      yield* thread_join(other)
      yield* compute(1)
    },
    b: job(4),
  }
  // Each stretch has the switch in it: a from 5 to 15, b from 20 to 24, a's other thread from 29 to 32, a again from 34.
  expect(ran(programs, 'fifo', { costs })).toEqual({ a: '0-15 32-35', b: '15-24', 'a.1+': '24-32' })
  const moves: Programs = {
    *a() {
      yield* compute(3)
      yield* sched_setaffinity(0, [1])
      yield* compute(3)
    },
  }
  expect(ran(moves, 'fifo', { costs, cpus: 2 })).toEqual({ a: '0-8@0 8-23@1' })
})

test('who goes on where it was, with nobody between, pays for no switch', () => {
  const costs = { ...zero, processSwitch: 5 }
  const pauses: Programs = {
    *a() {
      yield* compute(3)
      yield* sleep(4)
      yield* compute(3)
    },
  }
  expect(ran(pauses, 'rr:quantum=1', { costs })).toEqual({ a: '0-8 12-15' })
})

const wakes: Programs = {
  high: {
    priority: 2,
    *program() {
      yield* sleep(5)
      yield* compute(3)
    },
  },
  low: { priority: 1, program: job(10) },
}

test('who wakes up takes the CPU at once where its policy says so', () => {
  expect(ran(wakes, 'priority')).toEqual({ high: '5-8', low: '0-5 8-13' })
  expect(ran(wakes, 'fifo')).toEqual({ high: '10-13', low: '0-10' })
  expect(ran(wakes, 'rr:quantum=4')).toEqual({ high: '8-11', low: '0-8 11-13' })
})

test('under CFS it does when the running one is further ahead than the margin', () => {
  const programs: Programs = {
    *a() {
      yield* compute(10)
      yield* sleep(25)
      yield* compute(3)
    },
    b: job(100),
  }
  // A period of 20: a begins 20 behind, b 10, so b is first, then a, both for 10. a has 30 then, and comes back at 45 with
  // 35, half a period before b, which has 45 by then; alone b runs for 20 at a time.
  expect(ran(programs, 'cfs:latency=20:granularity=10:wakeup=4')).toEqual({ a: '10-20 45-48', b: '0-10 20-45 48-113' })
  expect(ran(programs, 'cfs:latency=20:granularity=10:wakeup=10')).toEqual({ a: '10-20 60-63', b: '0-10 20-60 63-113' })
})

test('of several CPUs it takes the one that runs the least urgent', () => {
  const programs: Programs = {
    a: { priority: 3, program: job(9) },
    b: { priority: 1, program: job(9) },
    c: { priority: 2, program: job(9) },
    urgent: { priority: 4, arrives: 4, program: job(2) },
  }
  expect(ran(programs, 'priority', { cpus: 3 })).toEqual({
    a: '0-9@0',
    c: '0-9@1',
    b: '0-4@2 6-11@2',
    urgent: '4-6@2',
  })
})

test('who is put off where another may only run goes on where a less urgent one does', () => {
  const programs: Programs = {
    a: { priority: 2, program: job(9) },
    b: { priority: 1, program: job(9) },
    urgent: { priority: 3, cpus: [0], arrives: 4, program: job(2) },
  }
  expect(ran(programs, 'priority', { cpus: 2 })).toEqual({
    a: '0-4@0 4-9@1',
    b: '0-4@1 6-11@0',
    urgent: '4-6@0',
  })
})

test('who loses the only idle CPU that it may run on to somebody else takes that of one less urgent', () => {
  const programs: Programs = {
    low: { priority: 1, program: job(9) },
    anywhere: { priority: 2, arrives: 4, program: job(3) },
    here: { priority: 2, cpus: [0, 1], arrives: 4, program: job(3) },
  }
  expect(ran(programs, 'priority', { cpus: 3 })).toEqual({
    low: '0-4@0 4-9@2',
    anywhere: '4-7@1',
    here: '4-7@0',
  })
})

test('an equal takes the CPU from nobody', () => {
  const programs: Programs = {
    a: { priority: 1, period: 50, deadline: 50, program: job(9) },
    b: { priority: 1, period: 50, deadline: 46, arrives: 4, program: job(3) },
  }
  for (const policy of ['priority', 'rate-monotonic', 'edf'])
    expect(ran(programs, policy), policy).toEqual({ a: '0-9', b: '9-12' })
})

test('sched_setparam raises one in line above the caller, who loses the CPU, and lowers the caller', () => {
  const programs: Programs = {
    *a({ pids }) {
      yield* compute(3)
      yield* sched_setparam(pids.b ?? 0, 9)
      yield* compute(3)
      yield* sched_setparam(0, -1)
      yield* compute(3)
    },
    b: job(4),
    c: job(2),
  }
  expect(ran(programs, 'priority')).toEqual({ a: '0-3 7-10 12-15', b: '3-7', c: '10-12' })
})

test('a slice ends in the midst of a call, and not while nobody else is there', () => {
  expect(ran({ a: job(5), b: job(3) }, 'rr:quantum=2')).toEqual({ a: '0-2 4-6 7-8', b: '2-4 6-7' })
  const { dispatcher } = dispatched(made({ a: job(7) }), 'rr:quantum=2')
  expect(dispatcher.cpus[0]?.switches).toBe(1)
})

test('sched_yield puts the caller behind all who are ready', () => {
  const twice = function* (): Program {
    yield* compute(2)
    yield* yield_()
    yield* compute(2)
  }
  expect(ran({ a: twice, b: twice }, 'fifo')).toEqual({ a: '0-2 4-6', b: '2-4 6-8' })
})

test('during I/O others compute, and it is told apart from other waiting', () => {
  const programs: Programs = {
    *a() {
      yield* compute(2)
      yield* io(5)
      yield* compute(1)
      yield* sleep(3)
    },
    b: job(4),
  }
  const { dispatcher } = dispatched(made(programs), 'fifo')
  expect(dispatcher.entities.map(({ ioNs, waitingNs, readyNs }) => ({ ioNs, waitingNs, readyNs }))).toEqual([
    { ioNs: 5, waitingNs: 8, readyNs: 0 },
    { ioNs: 0, waitingNs: 0, readyNs: 2 },
  ])
  expect(ran(programs, 'fifo')).toEqual({ a: '0-2 7-8', b: '2-6' })
})

test('processes and children arrive when it is said, and nothing of them is there before', () => {
  const programs: Programs = {
    *a() {
      yield* compute(2)
      yield* spawn({ at: 10 }, job(3))
      yield* spawn({}, job(1))
      yield* compute(2)
    },
    late: { arrives: 3, program: job(4) },
  }
  expect(ran(programs, 'fifo')).toEqual({ a: '0-4', 'a/2': '4-5', late: '5-9', 'a/1': '10-13' })
})

test('what can not be scheduled is refused', () => {
  const past: Programs = {
    *a() {
      yield* compute(5)
      yield* spawn({ at: 4 }, job(1))
    },
  }
  expect(dispatched(made(past), 'fifo').ending).toBe('broken')
  expect(() => made({ a: { deadline: 0, program: job(1) } })).toThrow(
    /deadline is a whole number of ns from 1 to 2\^50, after the arrival: a deadline in the past can't be met, not 0/,
  )
  expect(() => spawn({ deadline: -3 }, job(1))).toThrow(
    /^spawn: deadline is a whole number of ns from 1 to 2\^50, after the arrival/,
  )
  expect(() => spawn({ nice: 20 }, job(1))).toThrow(/^spawn: nice is a whole number from -20 to 19, not 20$/)
})

test('nice makes the caller’s share smaller from then on, by the weights', () => {
  const seen: number[] = []
  const programs: Programs = {
    *a() {
      yield* compute(10_000)
      yield* nice(5)
      const from = yield* clock()
      yield* compute(33_500) // of 335 parts of 1359
      seen.push((yield* clock()) - from)
    },
    b: job(1_000_000),
  }
  for (const policy of ['cfs:latency=600:granularity=100', 'eevdf:slice=300']) {
    dispatched(made(programs), policy)
    const took = seen.pop() ?? 0
    // Within a slice of each for each turn that it may be off at the start and at the end.
    expect(Math.abs(took - (33_500 * 1359) / 335), policy).toBeLessThan(4 * 600)
  }
})

test('a switch that is not over when the run is counts as far as it has come', () => {
  const programs: Programs = {
    *a() {
      yield* compute(3)
      yield* spawn({ at: 0 }, job(1)) // EINVAL ends the run at 13
    },
    b: { arrives: 9, program: job(3) },
  }
  const { dispatcher } = dispatched(made(programs), 'fifo', { cpus: 2, costs: { ...zero, processSwitch: 10 } })
  const { cpus, processes } = measuresOf(dispatcher)
  expect(processes.map(({ response }) => response)).toEqual([10, null])
  expect(cpus).toMatchObject([
    { busy: 3, switching: 10, idle: 0 },
    { busy: 0, switching: 4, idle: 9 },
  ])
})
