import type { AnyValues, Data, Id, StepKind, WakeOrder } from '../kernel/index.ts'
import type { DispatcherSettings, Ending, Failure, Waiting } from '../scheduler/index.ts'

/** What a trace consists of; FORMAT.md describes it as it stands in the file. */

export const TRACE_VERSION = 1

/** The first line: everything needed to make the run again, but for its choices. */
export interface TraceHeader {
  readonly ipclab: 'trace'
  readonly version: number
  /** Relative path with forward slashes, `ipclab:NAME` for one of the library, `null` for one that no file holds. */
  readonly scenario: string | null
  /** Of the scenario file and its relative imports. */
  readonly hash: string | null
  readonly title: string
  readonly params: AnyValues
  /** As the user named it: `random`, `rr:quantum=2`, `by hand`. */
  readonly decider: string
  readonly seed: string | null
  /** Which run of that decider it was, from 0. */
  readonly run: number
  readonly wakeOrder: WakeOrder
  readonly maxSteps: number
  /** Whether events say on which line of the scenario their call was made. */
  readonly lines: boolean
  /** On what a policy ran; absent where no policy decided. */
  readonly machine?: DispatcherSettings
}

export type EventOutcome = 'returns' | 'fails' | 'sleeps' | 'goes on' | 'ends' | 'delivered' | 'sent'

/** Mode, object, part, memory order, and the object's label if it has one. */
export type Touched = readonly [mode: 'r' | 'w' | 'rw', object: Id, part: number, order: string, label?: string]

/** One transition. Keys that have nothing to say are absent. */
export interface TraceEvent {
  readonly step: number
  /** Virtual ns. */
  readonly time: number
  readonly cpu: number
  readonly process: Id
  readonly thread: Id
  readonly kind: StepKind
  readonly call: string | null
  readonly stage: number
  readonly args: { readonly [name: string]: Data }
  readonly outcome: EventOutcome
  /** What the call returned; absent when that is nothing. 64-bit values are decimal strings. */
  readonly value?: Data
  /** The code with which it failed, and what came with the code. */
  readonly error?: string
  readonly detail?: Data
  /** What was delivered or sent. */
  readonly signal?: string
  /** Threads woken, in order. */
  readonly woken?: readonly Id[]
  /** Calls of others that ended in this step: handed off, or kept back until a signal handler had run. */
  readonly finished?: readonly FinishedCall[]
  /** Threads made and threads ended, in order. */
  readonly made?: readonly Id[]
  readonly ended?: readonly Id[]
  readonly touched: readonly Touched[]
  /** `file:line` of the call. */
  readonly line?: string
  /** What the program logged between this call and its next. */
  readonly log?: readonly string[]
  /** An assertion that did not hold, or an error not caught, after this call. */
  readonly failed?: { readonly kind: string; readonly message: string; readonly line?: string }
}

export interface FinishedCall {
  readonly thread: Id
  readonly call: string
  readonly outcome: 'returns' | 'fails'
  readonly value?: Data
  readonly error?: string
  readonly detail?: Data
}

/** What is wrong, as the trace tells it. Who is stuck it need not say: where that is the failure, they are its `threads`. */
export interface TraceFailure extends Omit<Failure, 'waiting' | 'stuck'> {
  /** Where: the line of the assertion, or of the call that failed or broke the invariant. */
  readonly line: string | null
  readonly waiting: readonly Waiting[]
}

/** The line before the last: how the run ended. */
export interface TraceVerdict {
  readonly ending: Ending
  readonly steps: number
  readonly time: number
  readonly failure: TraceFailure | null
}
