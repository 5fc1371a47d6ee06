import type { Command } from 'commander'
import { type Exploration, exitCode, explore } from '../../explore/index.ts'
import type { LoadedScenario } from '../../trace/index.ts'
import { drawRun } from '../draw/run.ts'
import { pad } from '../draw/table.ts'
import { keepFailure } from '../failure-folder.ts'
import { replayCommand } from '../invocation.ts'
import { Progress } from '../progress.ts'
import { libraryNames, loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab demo`, which `npm start` runs: the textbook's programs, proved or broken, and one failure drawn. */

const FOLDERS = ['textbook/', 'posix/']
/** Whose failing schedule is drawn. */
const DRAWN = 'textbook/bounded-buffer-two-producers'
const SECONDS = 5
const VERDICT_WIDTH = 'inconclusive'.length

export function addDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .summary("explore the textbook's programs")
    .description("Explores the textbook's programs from the library, a line each, and draws one schedule that fails.")
    .addHelpText('after', '\nExample:\n  ipclab demo')
    .action(async () => {
      terminal.exitCode = await demo(terminal)
    })
}

interface Explored {
  readonly loaded: LoadedScenario
  readonly found: Exploration
}

async function demo(terminal: Terminal): Promise<number> {
  const names = libraryNames().filter((name) => FOLDERS.some((folder) => name.startsWith(folder)))
  const width = Math.max(...names.map((name) => name.length))
  const progress = new Progress(terminal, SECONDS)
  const results: Exploration[] = []
  let drawn: Explored | null = null
  terminal.print("The textbook's programs, each under every schedule, or until one breaks it:\n")
  for (const name of names) {
    const loaded = await loadNamed(`ipclab:${name}`)
    const found = await progress.during((onProgress, signal) =>
      explore(loaded, { time: SECONDS, ...(terminal.watched ? { onProgress } : {}), signal }),
    )
    if (progress.interrupted) return 3
    results.push(found)
    terminal.print(line(pad(name, width), found, terminal))
    if (name === DRAWN && found.failure !== null) drawn = { loaded, found }
  }
  terminal.print(['', sum(results)])
  if (drawn !== null) draw(drawn, terminal)
  return Math.max(0, ...results.map(({ met }) => exitCode(met)))
}

function line(name: string, found: Exploration, { colors }: Terminal): string {
  const { verdict, met, scenario } = found
  const paint = verdict === 'failed' ? colors.red : verdict === 'proved' ? colors.green : colors.yellow
  const strange = met === 'as expected' ? '' : colors.yellow(`; expected: ${scenario.expect}`)
  return `${name}  ${paint(pad(verdict, VERDICT_WIDTH))}  ${said(found)}${strange}`
}

function said({ failure, verdict, executions, schedules }: Exploration): string {
  if (failure !== null) {
    const what = failure.kind === failure.name ? failure.kind : `${failure.kind}: ${failure.name}`
    return `${what} (run ${executions})`
  }
  if (verdict !== 'proved') return `holds in the ${executions} tried`
  return schedules === null ? 'holds in every schedule' : `holds in every schedule (there are ${schedules})`
}

function sum(results: readonly Exploration[]): string {
  const having = (verdict: Exploration['verdict']): number => results.filter((one) => one.verdict === verdict).length
  const strange = results.filter(({ met }) => met !== 'as expected').length
  const all = strange === 0 ? 'each as its scenario expects' : `${strange} not as its scenario expects`
  return `${having('proved')} proved, ${having('failed')} broken, ${all}`
}

function draw({ loaded, found }: Explored, terminal: Terminal): void {
  if (found.failure === null) return
  const { trace } = found.failure
  terminal.print(['', `A schedule that breaks ${terminal.colors.bold(found.scenario.title)}:`, ''])
  drawRun(trace, loaded, { full: false, waited: false, story: found.failure.story }, terminal)
  const saved = keepFailure(found, found.failure, loaded)
  terminal.print(['', `report: ${saved.report}`, `replay: ${replayCommand(saved.trace)}`])
}
