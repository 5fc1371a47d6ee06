import type { Choice, DfsPart, Ending, Failure, Learned, Schedule } from '../../scheduler/index.ts'
import type { Covered } from '../coverage/survey.ts'

/**
 * A search is made of units: runs that come out the same whoever makes them, and whatever becomes of the other units.
 * What they come to is put together in their order, so that the answer does not depend on who was quick. All of it is
 * plain data, which can be sent to a worker and back.
 */
export interface Unit {
  readonly phase: number
  /** Runs of the phase that are known to come before it. */
  readonly from: number
  /** Of a sampler: how many runs. */
  readonly count: number
  /** Of a depth-first search. */
  readonly part: DfsPart | null
}

/** A unit to be made now. */
export interface Order {
  readonly unit: Unit
  /** No more runs than the budget has left. */
  readonly limit: number
  /** *Sometimes* conditions that need no longer be looked at. */
  readonly reached: readonly string[]
}

/** A run in which a data race or a lock-order inversion was to be seen. */
export interface Sighting {
  /** Number of the run, from 1. */
  readonly execution: number
  readonly strategy: string
  /** A policy keeps time, and only it makes its runs again. */
  readonly keepsTime: boolean
  readonly choices: readonly Choice[]
  /** What was new there. */
  readonly keys: readonly string[]
}

/** A failing run, as it was found. */
export interface Raw {
  readonly failure: Failure
  readonly ending: Ending
  readonly schedule: Schedule
  /** Number of the run, from 1. */
  readonly execution: number
  /** The strategy or policy that made it. */
  readonly strategy: string
  /** A policy keeps time, and only it makes its runs again. */
  readonly keepsTime: boolean
}

/** What a unit has come to. */
export interface Tally {
  readonly executions: number
  readonly steps: number
  readonly pruned: number
  /** *Sometimes* conditions that were reached. */
  readonly reached: readonly string[]
  /** Runs that were watched for data races and lock-order inversions, and those that had something new to show. */
  readonly watched: number
  readonly sightings: readonly Sighting[]
  /** Semaphores that were seen to be no locks. */
  readonly signals: readonly string[]
  /** What those of its runs cover that were looked at for it; `null`: none was. */
  readonly covered: Covered | null
  /** Why no more runs were made: none is left; those that are, are for other units or beyond the budget; … */
  readonly end: 'all' | 'more' | 'given up' | 'endless' | 'failed' | 'stopped'
  /** What is left, in order, where a depth-first search ended with `more`. */
  readonly rest: { readonly first: DfsPart; readonly after: DfsPart } | null
  /** A bound kept schedules from being made. */
  readonly leftOut: boolean
  readonly complete: boolean
  readonly bound: number | null
  readonly traces: number | null
  readonly learned: Learned | null
  /** The run that failed, which is the last; its number is that in the unit. */
  readonly raw: Raw | null
}

/** What a unit has come to, and what was thrown in its last run. */
export interface Result {
  readonly tally: Tally
  readonly thrown: { readonly error: unknown } | null
}
