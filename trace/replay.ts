import { BadInput, type Scenario } from '../kernel/index.ts'
import { Departure } from '../scheduler/index.ts'
import { deciderOf } from './again.ts'
import { readTrace } from './file.ts'
import type { TraceEvent, TraceHeader, TraceVerdict } from './format.ts'
import { findScenario, type Source, sourceOf } from './names.ts'
import { recordRun } from './record.ts'
import { type LoadedScenario, loadScenarioFile } from './scenario-file.ts'
import type { Trace } from './trace.ts'
import { describeEvent, tellApart } from './words.ts'

export interface ReplayOptions {
  /** Where the trace was read from: its scenario may lie beside it, or in a folder above it. */
  readonly file?: string
  /** The scenario, or the path of its file, where it is not to be looked for by the name in the header. */
  readonly scenario?: LoadedScenario | Scenario | string
}

export interface Replayed {
  /** The run made again. Its text is that of the trace it was made from, unless `note` says otherwise. */
  readonly trace: Trace
  readonly scenario: Scenario
  /** A sentence for the user, when the scenario has changed and yet every step is the same. */
  readonly note: string | null
}

/** A replay went another way than its trace: the scenario has changed, or ipclab has, or the program is not deterministic. */
export class Divergence extends BadInput {
  /** The first step that differs, from 1; 0 when the run can't even begin. */
  readonly step: number
  /** What the trace has there, in words. */
  readonly expected: string
  readonly found: string

  constructor(step: number, expected: string, found: string, why: string) {
    super(`the replay differs at step ${step}: expected ${expected}; found ${found}; ${why}`)
    this.step = step
    this.expected = expected
    this.found = found
  }
}
Divergence.prototype.name = 'Divergence'

/** Makes the run of a trace file again: see `replayTrace`. */
export function replayFile(file: string, options: ReplayOptions = {}): Promise<Replayed> {
  return replayTrace(readTrace(file), { file, ...options })
}

/**
 * Makes the run of a trace again, by its choices, on a machine rebuilt from its header, and compares every step.
 * @throws Divergence at the first step that differs
 * @throws BadInput when the scenario is not found or can't be loaded
 */
export async function replayTrace(trace: Trace, options: ReplayOptions = {}): Promise<Replayed> {
  const source = await sourceOfTrace(trace, options)
  return replaySource(trace, source)
}

/** The scenario of a trace, under the name that the trace gives it. */
export async function sourceOfTrace(trace: Trace, options: ReplayOptions = {}): Promise<Source> {
  const { scenario, file = null } = options
  const given =
    scenario === undefined || typeof scenario === 'string' ? await loadScenarioOfTrace(trace, scenario, file) : scenario
  return sourceOf(given, trace.header.scenario)
}

/**
 * Loads the scenario of a trace, from `path` or wherever the trace's name for it leads.
 * @param file where the trace was read from
 */
export async function loadScenarioOfTrace(
  { header }: Trace,
  path: string | undefined,
  file: string | null,
): Promise<LoadedScenario> {
  if (path === undefined && header.scenario === null) {
    throw new BadInput(
      `the trace is of '${header.title}', a scenario that was made by a program and not read from a file; let that program replay it`,
    )
  }
  return loadScenarioFile(path ?? findScenario(header.scenario ?? '', header.hash, file))
}

function replaySource(trace: Trace, source: Source): Replayed {
  const { header } = trace
  const changed = header.hash !== source.hash
  const why = reason(header, source)
  const same = changed ? sameBesideLines : (a: string, b: string) => a === b
  const differ = (step: number, found: string): Divergence => new Divergence(step, expectedAt(trace, step), found, why)

  function check(line: string, step: number): void {
    const expected = trace.lines.at(step)
    if (expected !== undefined && same(line, expected)) return
    const found = JSON.parse(line) as TraceEvent // it was written just now
    if (expected === undefined) throw differ(step, describeEvent(found))
    throw new Divergence(step, ...tellApart(trace.event(step), found), why)
  }

  const { params, wakeOrder, maxSteps, lines } = header
  const options = { decider: deciderOf(trace), params, wakeOrder, maxSteps, lines, from: header, check }
  const again = attempt(() => recordRun(source, options), differ, changed ? why : null)
  if (again.steps < trace.steps) throw differ(again.steps + 1, endOf(again.verdict))
  if (endOf(again.verdict) !== endOf(trace.verdict)) throw differ(again.steps + 1, endOf(again.verdict))
  const note = again.digest === trace.digest ? null : `${why}; every step is the same all the same`
  return { trace: again, scenario: source.scenario, note }
}

/** Runs it; what it throws says also that the scenario has changed, if that is so. */
function attempt(run: () => Trace, differ: (step: number, found: string) => Divergence, changed: string | null): Trace {
  try {
    return run()
  } catch (error) {
    if (error instanceof Departure) {
      throw differ(error.step, `that this can't come; what can is ${error.found.join(', ') || 'nothing'}`)
    }
    if (!(error instanceof BadInput) || error instanceof Divergence || changed === null) throw error
    throw new BadInput(`${error.message}; ${changed}`)
  }
}

function reason(header: TraceHeader, source: Source): string {
  const name = header.scenario ?? `'${header.title}'`
  return header.hash === source.hash
    ? `${name} is as it was when the trace was recorded, so ipclab has changed since or the program is not deterministic`
    : `${name} has changed since the trace was recorded (hash ${header.hash} then, ${source.hash} now)`
}

const expectedAt = (trace: Trace, step: number): string =>
  step <= trace.steps ? describeEvent(trace.event(step)) : endOf(trace.verdict)

const endOf = ({ ending, failure }: TraceVerdict): string =>
  failure === null || failure.name === ending ? `the end (${ending})` : `the end (${ending}: ${failure.name})`

const SITE = /,"line":"(?:[^"\\]|\\.)*"/g

const sameBesideLines = (a: string, b: string): boolean => a === b || a.replace(SITE, '') === b.replace(SITE, '')
