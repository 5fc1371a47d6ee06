import { type Exploration, isExpected, type Story } from '../../explore/index.ts'
import { writeSchedule } from '../../scheduler/index.ts'
import type { LoadedScenario, Trace } from '../../trace/index.ts'
import { findingsGuarded, reviewGuarded } from '../recording.ts'
import type { Terminal } from '../terminal.ts'
import { findingLines, storyLines } from './story.ts'
import { swimlane } from './swimlane.ts'
import { endingLines, waitedLines, waitingLines } from './verdict.ts'

/** One run, from its title to its end. */

/** Steps that are drawn of a longer run. */
export const STEPS_MAX = 60

export interface RunDrawing {
  readonly full: boolean
  /** Also what each waited for, and what of that has a name. */
  readonly waited: boolean
  /** Whether the steps are drawn. Default: yes. */
  readonly steps?: boolean
  /** Of the failure, where it has been told. */
  readonly story?: Story | null
}

export function drawRun(trace: Trace, loaded: LoadedScenario, drawing: RunDrawing, terminal: Terminal): void {
  const { full, waited, steps = true, story = null } = drawing
  const { colors, width } = terminal
  const seen = reviewGuarded(trace, loaded)
  if (steps)
    terminal.print(swimlane(trace, seen, { width, colors, stepsMax: full ? Number.POSITIVE_INFINITY : STEPS_MAX }))
  terminal.print(['', ...endingLines(trace.verdict, colors)])
  if (story === null) section(waitingLines(trace.verdict.failure?.waiting ?? [], seen, colors), terminal)
  else section(storyLines(story, terminal), terminal)
  if (!waited) return
  section(waitedLines(seen, trace.steps, colors), terminal)
  if (story === null) section(findingLines(findingsGuarded(trace, loaded), terminal), terminal)
}

export function section(lines: readonly string[], terminal: Terminal): void {
  if (lines.length > 0) terminal.print(['', ...lines])
}

export function titleLine({ header }: Trace, terminal: Terminal): string {
  const { bold, dim } = terminal.colors
  const by = header.seed === null ? header.decider : `${header.decider}, seed ${header.seed}`
  return `${bold(header.title)} ${dim(`(${header.scenario}; ${by})`)}`
}

/** One run as data, for `--json`. */
export function runAsData(trace: Trace, loaded: LoadedScenario): object {
  const seen = reviewGuarded(trace, loaded)
  const { header, verdict, choices } = trace
  return {
    scenario: header.scenario,
    title: header.title,
    params: header.params,
    decider: header.decider,
    seed: header.seed,
    wakeOrder: header.wakeOrder,
    ...verdict,
    schedule: writeSchedule(choices),
    waits: seen.waits.map(({ thread, call, object, from, to, line }) => ({ thread, call, object, from, to, line })),
    findings: findingsGuarded(trace, loaded),
    digest: trace.digest,
  }
}

/** Exit code of a single run: it shows what it shows; only a failure that nobody expects is one. */
export function runExitCode({ verdict }: Trace, expect: Exploration['scenario']['expect']): 0 | 1 | 3 {
  if (verdict.failure !== null) return isExpected(expect, verdict.failure) ? 0 : 1
  return verdict.ending === 'pruned' ? 3 : 0
}
