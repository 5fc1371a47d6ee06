import type { Command } from 'commander'
import { checkWritable, loadScenarioOfTrace, readTrace, replayTrace, writeTrace } from '../../trace/index.ts'
import { drawRun, runAsData, runExitCode, section, titleLine } from '../draw/run.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab replay TRACE`: the recorded run, made again and compared step by step. */

interface Options {
  readonly scenario?: string
  readonly out?: string
  readonly json?: boolean
  readonly full?: boolean
}

export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .argument('<trace>', 'a trace that run or explore wrote')
    .summary('make the run of a trace again')
    .description(
      'Makes the run of a trace again and compares every step. A scenario that has changed since is told at the first ' +
        'step that differs.',
    )
    .option('--scenario <file>', "the scenario's file, where it is not found by the name in the trace")
    .option('--out <path>', 'write the trace anew: the same bytes')
    .option('--json', 'print the result as JSON')
    .option('--full', 'draw every step of a long run')
    .addHelpText(
      'after',
      `
Examples:
  ipclab replay ipclab-out/my/trace.ndjson
  ipclab replay failing.ndjson --out again.ndjson`,
    )
    .action(async (file: string, options: Options) => {
      terminal.exitCode = await replay(file, options, terminal)
    })
}

async function replay(file: string, options: Options, terminal: Terminal): Promise<number> {
  const recorded = readTrace(file)
  if (options.out !== undefined) checkWritable(options.out)
  const loaded = await loadScenarioOfTrace(recorded, options.scenario, file)
  const { trace, note } = await replayTrace(recorded, { file, scenario: loaded })
  if (options.json === true) {
    terminal.print(JSON.stringify({ ...runAsData(trace, loaded), note }, null, 2))
  } else {
    terminal.print([titleLine(trace, terminal), ''])
    drawRun(trace, loaded, { full: options.full === true, waited: true }, terminal)
    const same = `replayed: ${trace.steps} steps, each as recorded (digest ${trace.digest})`
    section([note === null ? terminal.colors.green(same) : terminal.colors.yellow(note)], terminal)
  }
  if (options.out !== undefined) writeTrace(trace, options.out)
  return runExitCode(trace, loaded.scenario.expect)
}
