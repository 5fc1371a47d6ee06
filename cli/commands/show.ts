import type { Command } from 'commander'
import { history, loadScenarioOfTrace, readTrace, show } from '../../trace/index.ts'
import { stateLines } from '../draw/state.ts'
import { ordinal } from '../options.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab show TRACE --step k`: the machine as it was after a step. */

interface Options {
  readonly step?: number
  readonly scenario?: string
  readonly json?: boolean
}

export function addShow(program: Command, terminal: Terminal): void {
  program
    .command('show')
    .argument('<trace>', 'a trace that run or explore wrote')
    .summary('show the machine at a step of a trace')
    .description('Shows processes, threads, wait queues and kernel objects after a step, and what the step changed.')
    .option('--step <k>', 'which step: 0 is before the first (default: the last)', ordinal)
    .option('--scenario <file>', "the scenario's file, where it is not found by the name in the trace")
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  ipclab show failing.ndjson
  ipclab show failing.ndjson --step 3`,
    )
    .action(async (file: string, options: Options) => {
      const trace = readTrace(file)
      const loaded = await loadScenarioOfTrace(trace, options.scenario, file)
      const shown = show(history(trace, loaded), options.step ?? trace.steps)
      terminal.print(options.json === true ? JSON.stringify(shown, null, 2) : stateLines(shown, trace.steps, terminal))
    })
}
