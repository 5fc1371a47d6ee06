import type { Command } from 'commander'
import { type Exploration, exitCode, explore } from '../../explore/index.ts'
import type { LoadedScenario } from '../../trace/index.ts'
import { drawRun } from '../draw/run.ts'
import { table } from '../draw/table.ts'
import { replayCommand } from '../invocation.ts'
import { Progress } from '../progress.ts'
import { defaultTrace, recordFound, saveTrace } from '../recording.ts'
import { libraryNames, loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab demo`, which `npm start` runs: the textbook's programs, proved or broken, and one failure drawn. */

const FOLDERS = ['textbook/', 'posix/']
/** Whose failure is drawn, if it fails as it should. */
const DRAWN = 'textbook/shared-counter'
const EXECUTIONS = 100_000
const SECONDS = 5

export function addDemo(program: Command, terminal: Terminal): void {
  program
    .command('demo')
    .summary("explore the textbook's programs")
    .description("Explores the textbook's programs from the library, a line each, and draws one schedule that fails.")
    .addHelpText('after', '\nExample:\n  ipclab demo')
    .action(async () => {
      process.exitCode = await demo(terminal)
    })
}

interface Explored {
  readonly name: string
  readonly loaded: LoadedScenario
  readonly found: Exploration
}

async function demo(terminal: Terminal): Promise<number> {
  const { colors } = terminal
  const names = libraryNames().filter((name) => FOLDERS.some((folder) => name.startsWith(folder)))
  const explored: Explored[] = []
  const progress = new Progress(terminal)
  for (const name of names) {
    const loaded = await loadNamed(`ipclab:${name}`)
    const found = await progress.during((onProgress, signal) =>
      explore(loaded.scenario, { executions: EXECUTIONS, time: SECONDS, onProgress, signal }),
    )
    explored.push({ name, loaded, found })
    if (progress.interrupted) break
  }
  const rows = explored.map(({ name, found }) => [name, found.verdict, said(found), mark(found)])
  terminal.print(['', ...table(['program', 'verdict', 'what was found', 'as it should be'], rows, colors.dim)])
  const drawn = explored.find(({ name, found }) => name === DRAWN && found.failure !== null)
  if (drawn !== undefined) draw(drawn, terminal)
  return progress.interrupted ? 3 : Math.max(...explored.map(({ found }) => exitCode(found.met)))
}

function said({ failure, executions }: Exploration): string {
  const runs = `${executions} run${executions === 1 ? '' : 's'}`
  return failure === null ? `holds in ${runs}` : `${failure.kind}: ${failure.name}, in run ${executions}`
}

const mark = ({ met }: Exploration): string => (met === 'as expected' ? 'yes' : met)

function draw({ name, loaded, found }: Explored, terminal: Terminal): void {
  const trace = recordFound(loaded, found)
  terminal.print(['', `the schedule that breaks ${terminal.colors.bold(name)}:`, ''])
  drawRun(trace, loaded, { full: false, waited: false }, terminal)
  const path = defaultTrace(loaded)
  saveTrace(trace, path, true)
  terminal.print(['', `replay: ${replayCommand(path)}`])
}
