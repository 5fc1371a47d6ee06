import { switchedNs } from './cpu.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Entity } from './entity.ts'

/** What a run under a policy comes to, for each process and in all. Plain data; times in virtual ns. */

export interface ProcessMeasures {
  readonly process: string
  readonly arrived: number
  /** From its arrival until it first ran; `null`: it never has. */
  readonly response: number | null
  /** From its arrival until it ended; `null`: it has not. */
  readonly turnaround: number | null
  /** Ready and not running, all threads together. */
  readonly waiting: number
  /** In a call that waits. */
  readonly blocked: number
  readonly cpu: number
  /** How often a CPU went over to one of its threads, and how often of these after it had been put off. */
  readonly switches: number
  readonly preemptions: number
  readonly migrations: number
  /** Jobs with a deadline that are done, and how many were late. */
  readonly jobs: number
  readonly missed: number
}

export interface TotalMeasures {
  readonly elapsed: number
  /** Processes that have ended, and so many a second. */
  readonly ended: number
  readonly throughput: number
  /** Parts of the CPUs' time in which they worked, and in which they switched. */
  readonly utilisation: number
  readonly switching: number
  readonly switches: number
  /** Jain's index over what part each process got of the CPU time that it was ready for: 1 when all got as much. */
  readonly fairness: number
  /** How many threads were in line for a CPU: the mean over time, and the most. */
  readonly lineMean: number
  readonly lineMax: number
  /** Means over the processes that have them. */
  readonly response: number | null
  readonly turnaround: number | null
  readonly waiting: number | null
  readonly missed: number
  readonly events: number
}

export interface CpuMeasures {
  readonly cpu: number
  readonly busy: number
  readonly switching: number
  readonly idle: number
  readonly switches: number
}

export interface Measures {
  readonly processes: readonly ProcessMeasures[]
  readonly cpus: readonly CpuMeasures[]
  readonly totals: TotalMeasures
}

/** Of the run that the dispatcher has made, or is in the midst of. */
export function measuresOf(dispatcher: Dispatcher): Measures {
  dispatcher.settleAccounts()
  const { totals, cpus, entities } = dispatcher
  const byProcess = new Map<string, Entity[]>()
  for (const entity of entities) {
    if (entity.activity === 'away') continue
    const threads = byProcess.get(entity.process)
    if (threads === undefined) byProcess.set(entity.process, [entity])
    else threads.push(entity)
  }
  const processes = [...byProcess].map(([process, threads]) => processMeasures(process, threads, dispatcher.now))
  const { elapsed } = totals
  const ended = processes.filter(({ turnaround }) => turnaround !== null).length
  const time = elapsed * cpus.length
  const switched = cpus.map((cpu) => switchedNs(cpu, dispatcher.now))
  return {
    processes,
    cpus: cpus.map(({ number, busyNs, switches }) => ({
      cpu: number,
      busy: busyNs,
      switching: switched[number] ?? 0,
      idle: elapsed - busyNs - (switched[number] ?? 0),
      switches,
    })),
    totals: {
      elapsed,
      ended,
      throughput: elapsed === 0 ? 0 : (ended * 1e9) / elapsed,
      utilisation: part(sum(cpus.map(({ busyNs }) => busyNs)), time),
      switching: part(sum(switched), time),
      switches: sum(cpus.map(({ switches }) => switches)),
      fairness: jain(
        processes.filter(({ cpu, waiting }) => cpu + waiting > 0).map(({ cpu, waiting }) => cpu / (cpu + waiting)),
      ),
      lineMean: part(totals.waitingNs, elapsed),
      lineMax: totals.waitingMax,
      response: mean(processes.map(({ response }) => response)),
      turnaround: mean(processes.map(({ turnaround }) => turnaround)),
      waiting: mean(processes.map(({ waiting }) => waiting)),
      missed: sum(processes.map(({ missed }) => missed)),
      events: totals.events,
    },
  }
}

function processMeasures(process: string, threads: readonly Entity[], now: number): ProcessMeasures {
  const arrived = least(threads.map((one) => one.arrived))
  const ran = threads.map(({ firstRun }) => firstRun).filter((at) => at >= 0 && at <= now) // the switch may not be over
  const total = (of: (entity: Entity) => number): number => sum(threads.map(of))
  return {
    process,
    arrived,
    response: ran.length === 0 ? null : least(ran) - arrived,
    turnaround: threads.every(({ ended }) => ended >= 0) ? -least(threads.map(({ ended }) => -ended)) - arrived : null,
    waiting: total(({ readyNs }) => readyNs),
    blocked: total(({ waitingNs }) => waitingNs),
    cpu: total(({ cpuNs }) => cpuNs),
    switches: total(({ switches }) => switches),
    preemptions: total(({ preemptions }) => preemptions),
    migrations: total(({ migrations }) => migrations),
    jobs: total(({ jobs }) => jobs),
    missed: total(({ missed }) => missed),
  }
}

/** Jain, Chiu, Hawe: A quantitative measure of fairness, DEC TR-301, 1984. 1 of none. */
export function jain(shares: readonly number[]): number {
  const squares = sum(shares.map((share) => share * share))
  return squares === 0 ? 1 : sum(shares) ** 2 / (shares.length * squares)
}

/** Of any number of them, as spreading them into a call is not. */
const least = (numbers: readonly number[]): number =>
  numbers.reduce((best, one) => Math.min(best, one), Number.POSITIVE_INFINITY)

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const part = (of: number, all: number): number => (all === 0 ? 0 : of / all)

function mean(given: readonly (number | null)[]): number | null {
  const numbers = given.filter((one) => one !== null)
  return numbers.length === 0 ? null : sum(numbers) / numbers.length
}
