import type { Door, Machine, Simulation, WakeOrder } from '../kernel/index.ts'
import type { DispatcherSettings } from './dispatcher/settings.ts'
import type { Ending } from './run.ts'

/** What a sampler knows from its runs. */
export interface Learned {
  /** The most threads, and the most steps, that a run had. */
  readonly threads: number
  readonly steps: number
  /** Runs made when these were known. */
  readonly runs: number
}

/** What two that made different runs know together. */
export function together(one: Learned, other: Learned): Learned {
  const threads = Math.max(one.threads, other.threads)
  const steps = Math.max(one.steps, other.steps)
  const runsOf = (of: Learned): number => (of.threads === threads && of.steps === steps ? of.runs : 0)
  return { threads, steps, runs: runsOf(one) + runsOf(other) }
}

/**
 * A decider is asked three questions: is there another run to make? who goes next? and, inside a step, which of these?
 * Scheduling policies and exploring strategies are both deciders and nothing more.
 */
export interface Decider extends Door {
  /** As the user named it, with its options: `rr:quantum=2`. */
  readonly name: string
  /** Whether this is a policy, which keeps time, or a strategy, under which timers fire at any moment. */
  readonly keepsTime: boolean
  /** In which order it supposes that waiters are woken, where nothing says so. Default: `any`. */
  readonly wakeOrder?: WakeOrder
  /** On what a policy runs, for the header of a trace. */
  readonly settings?: DispatcherSettings
  /**
   * A run begins: number `index` of this decider, from 0, on a machine that stands before its first step.
   * `false`: there is none left to make.
   */
  begin(simulation: Simulation, index: number): boolean
  /** Which option next, below `machine.options`. Option 0 is the running thread, if it can go on. -1: give the run up, it was made in another order. */
  next(machine: Machine): number
  /**
   * A fault has struck where nobody else could go on: whether it could not have struck earlier, where somebody could, in a
   * run that differs in nothing else. Who can tell is offered such faults; to `next`, -1 then means that none strikes.
   */
  isTooLate?(machine: Machine): boolean
  /** The run that was begun is over, and the machine stands behind its last step. */
  ended?(simulation: Simulation, ending: Ending): void
  /** Runs that `assume` gives up are to be made to their end all the same: what others do in them matters. */
  readonly needsEnds?: boolean
  /** Its runs are drawn from a seed, and there is always another one. */
  readonly samples?: boolean
  /** After `begin` has said no: whether every schedule was made, so that what held is proved. */
  readonly complete: boolean
  /** It makes one run for all schedules that differ only in the order of steps which have nothing to do with each other. */
  readonly reduces?: boolean
  /** How many runs that makes, when it is complete. */
  readonly traces?: number | null
  /** So far every schedule with at most so many preemptions was made; `null` where none is bounded like that. */
  readonly bound?: number | null
  /** An estimate of how much of all that it is to make it has made, from 0 to 1. */
  readonly share?: number | null
  /** What is known from the runs made so far, for what is published of the method; plain data. */
  learned?(): Learned | null
  /** What so many runs promise by what is published of the method, in a sentence. @param learned default: from the runs made so far */
  promise?(learned?: Learned): string | null
}
