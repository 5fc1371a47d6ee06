import type { Process, Task } from '../../kernel/index.ts'
import type { Cpu } from './cpu.ts'
import type { RunQueue } from './policy.ts'

/** What a thread does, as the dispatcher sees it. `away`: its process has not arrived. */
export type Activity = 'away' | 'ready' | 'running' | 'waiting' | 'ended'

/** The weights of nice values: `sched_prio_to_weight` in Linux's kernel/sched/core.c. Each step is about a tenth of the CPU. */
const WEIGHTS: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
  1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
]

/** The weight of nice 0. */
export const WEIGHT = 1024
const TICKETS = 100

/** What is known and measured of jobs that come one after the other. Few threads have any. */
class Jobs {
  period = Number.POSITIVE_INFINITY
  deadline = Number.POSITIVE_INFINITY
  done = 0
  missed = 0
  latenessMax = Number.NEGATIVE_INFINITY
  /** CPU time that it had had when the job under way was released. */
  cpuNsAtRelease = 0
}

/** Of those who have none. */
const NO_JOBS: Readonly<Jobs> = new Jobs()

/** A thread as policies schedule it. Times are virtual ns. */
export class Entity {
  readonly task: Task
  readonly process: string
  /** In the order in which threads came to be: what decides where nothing else does. */
  readonly number: number

  // What the policy goes by, as its process says it.
  /** Higher is more urgent; a protocol may have raised it above `base`. */
  priority = 0
  base = 0
  weight = WEIGHT
  tickets = TICKETS
  length: number | null = null
  cpus: readonly number[] | null = null

  #jobs: Readonly<Jobs> = NO_JOBS

  // Where it is.
  activity: Activity = 'away'
  /** It runs there. */
  cpu: Cpu | null = null
  /** The run queue that it belongs to: it is in line there, or runs for it, or was last. */
  queue: RunQueue | null = null
  inLine = false
  /** Where it ran last; -1 when it never has. */
  lastCpu = -1

  /** CPU time that the call still takes that it stands before or is in; -1: not known yet. */
  left = -1
  /** What it owes for memory, to be paid before its next call. */
  debt = 0

  // The policy's own.
  key = 0
  /** Decides between equal keys. */
  turn = 0
  /** What is left of its slice; -1: it gets a new one. */
  slice = -1
  level = 0
  allotment = 0
  /** Of a fair policy: service received, weighted. */
  vruntime = 0
  vdeadline = 0
  /** Where `vruntime` began, and the ns that have been added to it since. */
  vstart = 0
  served = 0
  /** The weight, or tickets, with which it is counted among those who compete; 0: not at all. */
  counted = 0
  lag = 0
  /** Place in a heap, -1 when in none. */
  place = -1
  /** Neighbours in a line. */
  ahead: Entity | null = null
  behind: Entity | null = null

  // What is measured.
  arrived = 0
  firstRun = -1
  ended = -1
  /** Since when it does what it does. */
  since = 0
  /** So much of that has been counted. */
  countedNs = 0
  cpuNs = 0
  readyNs = 0
  waitingNs = 0
  /** Of these, `ioNs` for a device. */
  ioNs = 0
  waitsForIo = false
  /** How often a CPU was switched to it, and how often of these after it had been put off. */
  switches = 0
  preemptions = 0
  putOff = false
  migrations = 0
  /** The longest that it was ready and not running. */
  readyNsMax = 0

  constructor(task: Task, process: string, number: number) {
    this.task = task
    this.process = process
    this.number = number
  }

  /** Reads what its process says of it. */
  read(process: Process): void {
    const { sched, priority } = process
    this.base = priority
    this.priority = priority
    if (sched === null) return
    this.weight = WEIGHTS[sched.nice + 20] ?? WEIGHT
    this.tickets = sched.tickets ?? TICKETS
    this.length = sched.length
    this.cpus = sched.cpus
    if (this.#jobs === NO_JOBS && sched.period === null && sched.deadline === null) return
    const jobs = this.#ownJobs()
    jobs.period = sched.period ?? Number.POSITIVE_INFINITY
    jobs.deadline = sched.release + (sched.deadline ?? sched.period ?? Number.POSITIVE_INFINITY)
  }

  get period(): number {
    return this.#jobs.period
  }

  /** When the job under way has to be done. */
  get deadline(): number {
    return this.#jobs.deadline
  }

  get jobs(): number {
    return this.#jobs.done
  }

  get missed(): number {
    return this.#jobs.missed
  }

  get latenessMax(): number {
    return this.#jobs.latenessMax
  }

  /** Whether it has run since its last job was done, or has done none. */
  get isInJob(): boolean {
    return this.#jobs.done === 0 || this.cpuNs > this.#jobs.cpuNsAtRelease
  }

  /** The job under way is done. */
  jobDone(now: number): void {
    const jobs = this.#ownJobs()
    const lateness = now - jobs.deadline
    jobs.done += 1
    jobs.latenessMax = Math.max(jobs.latenessMax, lateness)
    if (lateness > 0) jobs.missed += 1
    jobs.cpuNsAtRelease = this.cpuNs
  }

  #ownJobs(): Jobs {
    if (this.#jobs === NO_JOBS) this.#jobs = new Jobs()
    return this.#jobs as Jobs // which is now its own
  }

  mayRunOn(cpu: number): boolean {
    return this.cpus === null || this.cpus.includes(cpu)
  }
}
