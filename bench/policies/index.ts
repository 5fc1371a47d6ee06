import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { median, ratio, table } from '../table.ts'
import type { Job, Result } from './child.ts'
import { workloads } from './workloads.ts'

/**
 * Simulated time on one CPU: events a second under each policy, how that falls as processes grow in number, and what a
 * process takes. Beside it the limits in the same run: a heap of plain events, alone and with generators. Each measurement
 * is a process of its own, in processor time; what is compared is measured in turns, and the median told.
 */

const child = join(import.meta.dirname, 'child.js')

/** In MB: so much and no more, or the process ends with an error. */
const HEAP_MAX = 1_900

function measure(job: Job): Result {
  const args = ['--expose-gc', `--max-old-space-size=${HEAP_MAX}`, child, JSON.stringify(job)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Result // as child.ts prints it
}

/** The median rate of each job, all of them in turns. */
function rates(jobs: readonly Job[], rounds: number): number[] {
  const all = jobs.map((): number[] => [])
  for (let round = 0; round < rounds; round++) for (const [at, job] of jobs.entries()) all[at]?.push(measure(job).rate)
  return all.map(median)
}

const POLICIES = ['fifo', 'rr:quantum=2ms', 'eevdf:slice=3ms'] as const
/** Millions of events a second. */
const TO_REACH = ['3', '3', '1.5']

const OTHERS = [
  'sjf',
  'srtf',
  'priority',
  'priority:inherit',
  'priority:ceiling',
  'mlfq:quantum=10ms:boost=1s',
  'lottery:quantum=10ms',
  'stride:quantum=10ms',
  'cfs:latency=6ms:granularity=750us:wakeup=1ms',
  'edf',
  'rate-monotonic',
]

const EVENTS = 1_500_000
const PROCESSES = 100
const ROUNDS = 3

const LIMITS: readonly ['heap', 'generators'] = ['heap', 'generators']

const millions = (rate: number): string => `${(rate / 1e6).toFixed(2)}M`
const nameOf = (policy: string): string => policy.replace(/:.*=.*/, '')

function speed(): void {
  const jobs = workloads.flatMap((workload) =>
    POLICIES.map((policy): Job => ({ workload, told: true, policy, processes: PROCESSES, events: EVENTS })),
  )
  const limits = LIMITS.map((bare): Job => ({ bare, processes: PROCESSES, events: 2 * EVENTS }))
  const measured = rates([...jobs, ...limits], ROUNDS)
  const [heap = 0, generators = 0] = measured.slice(jobs.length)
  const rows = [['', ...POLICIES.map(nameOf).flatMap((name) => [name, 'of the limit'])]]
  for (const [at, workload] of workloads.entries()) {
    const own = measured.slice(at * POLICIES.length, (at + 1) * POLICIES.length)
    rows.push([workload, ...own.flatMap((rate) => [millions(rate), ratio(rate, generators)])])
  }
  rows.push(['to reach', ...TO_REACH.flatMap((rate) => [`${rate}M`, ''])])
  table(`events a second, ${PROCESSES} processes`, rows)
  console.log(`  the limit: ${millions(generators)} with a heap and generators; ${millions(heap)} with a heap alone`)
}

function others(): void {
  const jobs = OTHERS.flatMap((policy) =>
    workloads
      .slice(1)
      .map((workload): Job => ({ workload, told: true, policy, processes: PROCESSES, events: EVENTS / 3 })),
  )
  const measured = rates(jobs, 1)
  const rows = [['', ...workloads.slice(1)]]
  const each = workloads.length - 1
  for (const [at, policy] of OTHERS.entries())
    rows.push([nameOf(policy), ...measured.slice(at * each, (at + 1) * each).map(millions)])
  table('events a second under the others', rows)
}

const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000]

/** Half of them stand in line, the other half are timers. */
const MIXED = 'bursts, yields, I/O'

function curve(): void {
  const rows = [
    [
      'processes',
      ...POLICIES.map(nameOf).flatMap((name) => [name, 'by log2 n']),
      'limit',
      'to make',
      'bytes each',
      'resident',
    ],
  ]
  const first: number[] = []
  let last: number[] = []
  for (const processes of SIZES) {
    const rounds = processes > 1_000 ? 1 : ROUNDS
    const events = Math.max(EVENTS / 3, processes)
    const jobs = POLICIES.map((policy): Job => ({ workload: MIXED, told: false, policy, processes, events }))
    const runs = Array.from({ length: rounds }, () => jobs.map(measure))
    const ns = jobs.map((_, at) => 1e9 / median(runs.map((run) => run[at]?.rate ?? 0)))
    const limit = measure({ bare: 'generators', processes, events })
    const { making = 0, bytesEach = 0, resident = 0 } = runs[0]?.[0] ?? {}
    if (first.length === 0) first.push(...ns)
    last = ns
    rows.push([
      processes.toLocaleString('en'),
      ...ns.flatMap((one) => [one.toFixed(0), (one / Math.log2(processes)).toFixed(0)]),
      (1e9 / limit.rate).toFixed(0),
      `${making.toFixed(1)} s`,
      bytesEach.toFixed(0),
      `${(resident / 2 ** 30).toFixed(2)} GB`,
    ])
  }
  table('ns an event as processes grow in number, and what fifo takes to have them all', rows)
  const grows = last.map((ns, at) => ratio(ns, first[at] ?? 1)).join(', ')
  const most = Math.log2(SIZES.at(-1) ?? 1) / Math.log2(SIZES[0] ?? 1)
  console.log(`  from first to last: ${grows}; log n grows ${most.toFixed(2)}x   (to reach: 1,000,000 under 2 GB)`)
}

const CLASSICS: readonly (readonly [scenario: string, params: Record<string, number>])[] = [
  ['queueing/bank', { customers: 100_000 }],
  ['queueing/ping-pong', { rounds: 300_000 }],
]

function classics(): void {
  const jobs = CLASSICS.flatMap(([scenario, params]) => POLICIES.map((policy): Job => ({ scenario, policy, params })))
  const measured = rates(jobs, ROUNDS)
  const rows = [['', ...POLICIES.map(nameOf)]]
  for (const [at, [scenario]] of CLASSICS.entries())
    rows.push([scenario, ...measured.slice(at * POLICIES.length, (at + 1) * POLICIES.length).map(millions)])
  table("events a second of SimPy's models, from the first event to the last", rows)
}

const PARTS: { readonly [name: string]: () => void } = { speed, others, classics, curve }

/** @param options `--curve` and the like: only those */
export function bench(options: readonly string[]): void {
  console.log("  an event: a call or a slice that comes to its end, a dispatch, a policy's tick, a timer")
  for (const [name, part] of Object.entries(PARTS)) if (options.length === 0 || options.includes(`--${name}`)) part()
}
