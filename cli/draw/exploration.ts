import type { Exploration } from '../../explore/index.ts'
import { type LoadedScenario, nameOfFile } from '../../trace/index.ts'
import { replayCommand } from '../invocation.ts'
import type { Terminal } from '../terminal.ts'
import { drawRun, section } from './run.ts'
import { vacuityLines } from './vacuity.ts'
import { metLine, verdictLines } from './verdict.ts'

/** Where a failure is kept. */
export interface Saved {
  readonly trace: string
  readonly report: string | null
}

/** What a search has come to, from its title to the command that makes its failure again. */
export function report(
  found: Exploration,
  loaded: LoadedScenario,
  saved: Saved | null,
  full: boolean,
  terminal: Terminal,
): void {
  const { colors } = terminal
  const { scenario, met, failure } = found
  terminal.print(`${colors.bold(scenario.title)} ${colors.dim(`(${nameOfFile(loaded.file)})`)}`)
  section(verdictLines(found, colors), terminal)
  if (failure !== null) {
    terminal.print('')
    drawRun(failure.trace, loaded, { full, waited: false, story: failure.story }, terminal)
  }
  if (found.vacuity !== null) section(vacuityLines(found.vacuity, colors), terminal)
  section([metLine(met, scenario.expect, colors)], terminal)
  if (saved === null) return
  if (saved.report !== null) terminal.print(`report: ${saved.report}`)
  terminal.print(`replay: ${replayCommand(saved.trace)}`)
}
