import { mkdirSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type ExploreOptions, guarded, SILENCE_MS_MAX } from '../../explore/index.ts'
import { type AnyValues, BadInput, parameters, type Scenario } from '../../kernel/index.ts'
import { type Guided, guided, MAX_STEPS, type Schedule, witnessed } from '../../scheduler/index.ts'
import {
  type KeptSchedule,
  keptOf,
  type LoadedScenario,
  readKept,
  record,
  type Trace,
  type TraceFailure,
  writeKept,
} from '../../trace/index.ts'
import { aligned } from './aligned.ts'
import { thenFair } from './fair.ts'
import type { Place } from './place.ts'

/**
 * Schedules that are kept beside the tests which they made fail. They are tried first from then on, also through a
 * scenario that was edited since, and stay when all is mended: regression tests, as snapshots are.
 */

/** What came of following a kept schedule. */
export interface Tried {
  readonly path: string
  readonly kept: KeptSchedule
  readonly trace: Trace
  /** `null`: it holds. */
  readonly failure: TraceFailure | null
  readonly schedule: Schedule
  /** Where the scenario was not the one that it was kept for, and what was done about it. */
  readonly guesses: readonly string[]
}

/** The files of a place, in order. */
export function keptAt({ folder, name }: Place): string[] {
  let files: string[]
  try {
    files = readdirSync(folder)
  } catch {
    return [] // no folder, nothing kept
  }
  return files
    .map((file) => ({ file, number: numberOf(file, name) }))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number)
    .map(({ file }) => join(folder, file))
}

/** `name.json` is the first, `name.2.json` the second; 0 for what is another's. */
function numberOf(file: string, name: string): number {
  if (file === `${name}.json`) return 1
  const digits = file.startsWith(`${name}.`) ? /^(\d+)\.json$/.exec(file.slice(name.length + 1))?.[1] : undefined
  return digits === undefined ? 0 : Number(digits)
}

type Given = Scenario | LoadedScenario

/** Follows a kept schedule, in the ways in which it can be meant. @throws BadInput when the file can't be read */
export function tryKept(path: string, given: Given, options: ExploreOptions): Tried {
  const kept = readKept(path)
  const scenario = 'files' in given ? given.scenario : given
  const { params, notes } = paramsFor(kept, scenario, options.params ?? {})
  const maxSteps = options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS
  const { wakeOrder } = options
  const recording = { params, maxSteps, ...(wakeOrder === undefined ? {} : { wakeOrder }) }

  function attempt(guide: Guided, noted: readonly string[]): Tried {
    const decider = witnessed(thenFair(guide))
    const trace = guarded(
      () => null,
      () => record(given, { ...recording, decider, from: { decider: 'guided', seed: null, run: 0 } }),
      SILENCE_MS_MAX + maxSteps / STEPS_PER_MS,
    )
    const guesses = guide.guesses.map(({ step, text }) => (step === 0 ? text : `step ${step}: ${text}`))
    const failure = failureOf(trace, kept)
    return { path, kept, trace, failure, schedule: decider.schedule(), guesses: [...noted, ...guesses] }
  }

  const first = attempt(guided(kept.steps), notes)
  if (fails(first) && first.guesses.length > 0) return first
  // It holds, or it fails by chance: other calls may have been taken for those that the schedule means.
  for (const elsewhere of ['another call', 'perhaps the same'] as const) {
    const meant = aligned(kept.steps, first.trace, elsewhere)
    if (meant === null) break
    const second = attempt(guided(meant.steps), [...notes, ...meant.guesses])
    if (fails(second)) return second
    if (fails(first)) return { ...first, guesses: [...notes, ...meant.guesses] }
  }
  return fails(first) || first.guesses.length === 0 ? first : attempt(guided(kept.steps, 'added'), notes)
}

const fails = ({ failure }: Tried): boolean => failure !== null

/** That a run has no end says little of one whose schedule was over, and was kept for something else. */
function failureOf({ verdict: { failure } }: Trace, { failure: before }: KeptSchedule): TraceFailure | null {
  return failure?.kind === 'step limit' && before?.kind !== 'step limit' ? null : failure
}

/** Steps that a recording is sure to make in a millisecond. */
const STEPS_PER_MS = 20

/** What the test asks for goes before what the schedule was kept with, which goes before the scenario's defaults. */
function paramsFor(
  { params: kept }: KeptSchedule,
  scenario: Scenario,
  wished: AnyValues,
): { params: AnyValues; notes: string[] } {
  const params: Record<string, AnyValues[string]> = { ...wished }
  const notes: string[] = []
  for (const [name, value] of Object.entries(kept)) {
    const asked = wished[name]
    if (asked !== undefined) {
      if (asked !== value) notes.push(`it was kept with ${name}=${value}, and the test asks for ${name}=${asked}`)
    } else if (accepts(scenario, name, value)) params[name] = value
    else notes.push(`it was kept with ${name}=${value}, which the scenario does not take any more`)
  }
  return { params, notes }
}

function accepts(scenario: Scenario, name: string, value: AnyValues[string]): boolean {
  try {
    parameters(scenario, { [name]: value })
    return true
  } catch (error) {
    if (error instanceof BadInput) return false
    throw error
  }
}

/** As snapshots: what a build server finds is told and not kept. */
const isKeeping = (): boolean => ['', '0', 'false', undefined].includes(process.env.CI)

/** Where a schedule is kept; or why it is not. */
export type Keeping = { readonly path: string } | { readonly why: string }

/**
 * Keeps the schedule of a failing run beside those that are kept already.
 * @param tried the kept schedule that led there: if it had to be guessed how, it is brought up to date
 */
export function keep(trace: Trace, place: Place, tried: Tried | null): Keeping {
  const kept = keptOf(trace)
  if (tried !== null && (tried.guesses.length === 0 || !isSameFailure(tried.kept, kept))) return { path: tried.path }
  if (!isKeeping()) return tried === null ? { why: 'not kept, as CI is set' } : { path: tried.path }
  const path = tried?.path ?? nextPath(place)
  try {
    mkdirSync(place.folder, { recursive: true })
    writeKept(kept, path)
    return { path }
  } catch (error) {
    return { why: `not kept: ${(error as Error).message}` }
  }
}

function nextPath(place: Place): string {
  const last = keptAt(place).reduce((most, path) => Math.max(most, numberOf(basename(path), place.name)), 0)
  return join(place.folder, `${place.name}${last === 0 ? '' : `.${last + 1}`}.json`)
}

const isSameFailure = ({ failure: a }: KeptSchedule, { failure: b }: KeptSchedule): boolean =>
  a?.kind === b?.kind && a?.name === b?.name
