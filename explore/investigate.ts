import { type AnyValues, invariant, type Scenario } from '../kernel/index.ts'
import { decider as deciderNamed, type Ending, type Failure, replay, type Schedule } from '../scheduler/index.ts'
import { type LoadedScenario, record, type Trace } from '../trace/index.ts'
import type { ExploreOptions } from './explore.ts'
import type { Raw } from './search/unit.ts'
import { bootOptions } from './search/wishes.ts'
import type { Search } from './search.ts'
import { type ShrinkFrom, type ShrinkOptions, type Shrunk, shrinking } from './shrink/index.ts'
import { type Story, tellStory } from './story/index.ts'

/** What is made of a failing run: the smallest that fails in the same way, its trace, and its story. */

/** A failure that was found, and the schedule that leads to it. */
export interface Found extends Failure {
  readonly ending: Ending
  /** The parameters of the run: smaller ones than were asked for, where those do. */
  readonly params: AnyValues
  readonly schedule: Schedule
  /** The schedule as it was found. */
  readonly found: Schedule
  /** How far it was shrunk; `null` when it was not. */
  readonly shrunk: Shrunk | null
  /** Number of the failing run among all that were made, from 1. */
  readonly execution: number
  readonly strategy: string
  /** Where: the line of the assertion, or of the call that failed or broke the invariant. */
  readonly line: string | null
  /** The failing run, to be written, replayed and looked into. */
  readonly trace: Trace
  readonly story: Story | null
}

/** Looks into a failure, in pieces between which it can be stopped: then it is taken as it was found. */
export function* investigate(
  given: Scenario | LoadedScenario,
  raw: Raw,
  search: Search,
  options: ExploreOptions,
): Generator<void, Found> {
  const { signal } = options
  const wished = (options.shrink ?? options.prefix === undefined) && !raw.keepsTime
  const late =
    wished && raw.failure.kind !== 'step limit' ? null : cutShort(given, recordRaw(given, raw, search, options), raw)
  yield
  const shrinks = wished && (late === null || !isLate(raw, late))
  const shrunk = shrinks ? yield* shrinking(search.scenario, fromOf(raw, search), shrinkOptions(options)) : null
  const trace =
    shrunk === null ? (late ?? recordRaw(given, raw, search, options)) : recordShrunk(given, raw, shrunk, search)
  const story = signal?.aborted === true ? null : yield* untilStopped(tellStory(given, trace), signal)
  const { params } = trace.header
  return {
    ...failureOf(trace, raw.failure),
    ending: trace.verdict.ending,
    params,
    schedule: scheduleOf(shrunk, raw, trace),
    found: raw.schedule,
    shrunk,
    execution: raw.execution,
    strategy: raw.strategy,
    trace,
    story,
  }
}

/** Goes through with it, unless it is stopped on the way. */
function* untilStopped<T>(work: Generator<void, T>, signal: ExploreOptions['signal']): Generator<void, T | null> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (signal?.aborted === true) return null
    yield
  }
}

/** That of the trace. */
function scheduleOf(shrunk: Shrunk | null, { schedule }: Raw, { choices, steps }: Trace): Schedule {
  return { choices, preemptions: (shrunk ?? schedule).preemptions, steps }
}

function fromOf({ failure: { kind, name }, schedule }: Raw, { simulation, wishes: { maxSteps } }: Search): ShrinkFrom {
  invariant(simulation !== null, 'a run that failed was made')
  const { params, state } = simulation
  return { params, wakeOrder: state.wakeOrder, maxSteps, choices: schedule.choices, failure: { kind, name } }
}

/** Parameters that the user has set stay as they are. */
const shrinkOptions = ({ params, signal }: ExploreOptions): ShrinkOptions => ({
  fixed: Object.keys(params ?? {}),
  ...(signal === undefined ? {} : { signal }),
})

/** A deadlock that was seen only in how long some of those have waited who could be set free by anybody. */
const isLate = (raw: Raw, { verdict }: Trace): boolean =>
  raw.failure.kind === 'step limit' && verdict.failure?.kind === 'deadlock'

/** Of such a run, no more than is needed to see it: as long again as it took the last of them to come to wait. */
function cutShort(given: Scenario | LoadedScenario, trace: Trace, raw: Raw): Trace {
  if (!isLate(raw, trace)) return trace
  const stuck = new Set(trace.verdict.failure?.threads)
  const { header, choices, events } = trace
  const last = events.findLast(({ thread }) => stuck.has(thread))?.step ?? 0
  const { params, wakeOrder, decider, seed, run } = header
  const options = { params, wakeOrder, maxSteps: 2 * last + 1, from: { decider, seed, run } }
  const shorter = record(given, { decider: replay(choices), ...options })
  return isLate(raw, shorter) ? shorter : trace
}

function recordRaw(given: Scenario | LoadedScenario, raw: Raw, search: Search, options: ExploreOptions): Trace {
  const decider = raw.keepsTime ? deciderNamed(raw.strategy, search.wishes.seed) : replay(raw.schedule.choices)
  const { maxSteps } = search.wishes
  return record(given, { decider, maxSteps, from: originOf(raw, search), ...bootOptions(options) })
}

function recordShrunk(given: Scenario | LoadedScenario, raw: Raw, shrunk: Shrunk, search: Search): Trace {
  const { params, maxSteps, choices } = shrunk
  const { wakeOrder } = search.simulation?.state ?? {}
  const base = { decider: replay(choices), maxSteps, params, from: originOf(raw, search) }
  return record(given, wakeOrder === undefined ? base : { ...base, wakeOrder })
}

const originOf = (raw: Raw, { wishes: { strategy, seed } }: Search) => ({
  decider: raw.keepsTime ? raw.strategy : strategy,
  seed,
  run: raw.execution - 1,
})

function failureOf({ verdict }: Trace, found: Failure): Failure & { readonly line: string | null } {
  const { failure } = verdict
  if (failure === null) return { ...found, line: null }
  return { ...failure, stuck: failure.kind === 'deadlock' ? failure.threads : [] }
}
