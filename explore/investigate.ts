import type { AnyValues, Scenario } from '../kernel/index.ts'
import { decider as deciderNamed, type Ending, type Failure, replay, type Schedule } from '../scheduler/index.ts'
import { type LoadedScenario, record, type Trace } from '../trace/index.ts'
import type { ExploreOptions } from './explore.ts'
import { bootOptions, type Raw, type Search } from './search.ts'

/** What is made of a failing run: the smallest that fails in the same way, its trace, and its story. */

/** A failure that was found, and the schedule that leads to it. */
export interface Found extends Failure {
  readonly ending: Ending
  /** The parameters of the run: smaller ones than were asked for, where those do. */
  readonly params: AnyValues
  readonly schedule: Schedule
  /** The schedule as it was found. */
  readonly found: Schedule
  /** Number of the failing run among all that were made, from 1. */
  readonly execution: number
  readonly strategy: string
  /** Where: the line of the assertion, or of the call that failed or broke the invariant. */
  readonly line: string | null
  /** The failing run, to be written, replayed and looked into. */
  readonly trace: Trace
}

/** Looks into a failure, in pieces between which it can be stopped: then it is taken as it was found. */
export function* investigate(
  given: Scenario | LoadedScenario,
  raw: Raw,
  search: Search,
  options: ExploreOptions,
): Generator<void, Found> {
  const trace = recordRaw(given, raw, search, options)
  yield
  const { params } = trace.header
  return {
    ...failureOf(trace, raw.failure),
    ending: trace.verdict.ending,
    params,
    schedule: raw.schedule,
    found: raw.schedule,
    execution: raw.execution,
    strategy: raw.strategy,
    trace,
  }
}

function recordRaw(given: Scenario | LoadedScenario, raw: Raw, search: Search, options: ExploreOptions): Trace {
  const decider = raw.keepsTime ? deciderNamed(raw.strategy, search.seed) : replay(raw.schedule.choices)
  const { maxSteps } = search
  return record(given, { decider, maxSteps, from: originOf(raw, search), ...bootOptions(options) })
}

const originOf = (raw: Raw, { strategy, seed }: Search) => ({
  decider: raw.keepsTime ? raw.strategy : strategy,
  seed,
  run: raw.execution - 1,
})

function failureOf({ verdict }: Trace, found: Failure): Failure & { readonly line: string | null } {
  const { failure } = verdict
  return failure === null ? { ...found, line: null } : { ...found, ...failure }
}
