import type { Command } from 'commander'
import { type Exploration, type ExploreOptions, exitCode, explore } from '../../explore/index.ts'
import { writeSchedule } from '../../scheduler/index.ts'
import { checkWritable, type LoadedScenario, nameOfFile, type Trace } from '../../trace/index.ts'
import { sayingWhere } from '../complaint.ts'
import { drawRun, section } from '../draw/run.ts'
import { metLine, verdictLines } from '../draw/verdict.ts'
import { replayCommand } from '../invocation.ts'
import { boot, count, duration, type ScenarioOptions, withScenarioOptions } from '../options.ts'
import { Progress } from '../progress.ts'
import { defaultTrace, saveTrace } from '../recording.ts'
import { loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab explore FILE`: every schedule, or as many as the budget allows. */

interface Options extends ScenarioOptions {
  readonly strategy?: string
  readonly seed: string
  readonly executions?: number
  readonly time?: number
  readonly checkDeterminism?: number
  readonly out?: string
  readonly json?: boolean
  readonly full?: boolean
}

export function addExplore(program: Command, terminal: Terminal): void {
  const command = program
    .command('explore')
    .argument('<file>', "a scenario file, or a name of the library's")
    .summary('look for a schedule that breaks it, or prove that there is none')
    .description(
      'Runs a scenario under many schedules, until one fails, none is left, or the budget is used up. The schedule that\n' +
        'fails is drawn and kept as a trace.',
    )
    .option('--strategy <name>', 'portfolio (the default: some random runs, then dfs), random, dfs, fifo, rr:quantum=N')
    .option('--executions <n>', 'at most so many runs (default: 100000)', count)
    .option('--time <seconds>', 'at most so many seconds', duration)
    .option('--seed <text>', 'for random runs', '1')
    .option('--check-determinism <k>', 'make every k-th run twice and compare; the first always is', count)
  withScenarioOptions(command)
    .option('--out <path>', 'where the failing trace goes (default: ipclab-out/NAME/trace.ndjson)')
    .option('--json', 'print the result as JSON')
    .option('--full', 'draw every step of a long run')
    .addHelpText(
      'after',
      `
Exit codes: 0 as the scenario expects, 1 not as it expects, 2 misuse or broken input, 3 inconclusive.

Examples:
  ipclab explore textbook/bounded-buffer-two-producers
  ipclab explore my.ts --strategy dfs --executions 1000000
  ipclab explore my.ts --set items=2 --time 10 --out failing.ndjson`,
    )
    .action(async (file: string, options: Options) => {
      const loaded = await loadNamed(file)
      terminal.exitCode = await sayingWhere(loaded, () => exploreNamed(loaded, options, terminal))
    })
}

async function exploreNamed(loaded: LoadedScenario, options: Options, terminal: Terminal): Promise<number> {
  if (options.out !== undefined) checkWritable(options.out) // before the search, not after it
  const progress = new Progress(terminal, options.time)
  const found = await progress.during((onProgress, signal) =>
    explore(loaded, { ...wishes(options), onProgress, signal }),
  )
  const trace = found.failure?.trace ?? null
  const path = options.out ?? defaultTrace(loaded)
  if (options.json === true) {
    if (trace !== null) saveTrace(trace, path, options.out === undefined)
    terminal.print(JSON.stringify(asData(found, loaded, trace, path), null, 2))
  } else {
    report(found, loaded, trace, options, terminal)
    if (trace !== null) {
      saveTrace(trace, path, options.out === undefined)
      terminal.print(`replay: ${replayCommand(path)}`)
    }
  }
  // What was cut short has settled nothing.
  return progress.interrupted && found.failure === null ? 3 : exitCode(found.met)
}

function wishes(options: Options): ExploreOptions {
  const { strategy, seed, executions, time, checkDeterminism } = options
  return {
    ...boot(options),
    seed,
    ...(strategy === undefined ? {} : { strategy }),
    ...(executions === undefined ? {} : { executions }),
    ...(time === undefined ? {} : { time }),
    ...(checkDeterminism === undefined ? {} : { checkDeterminism }),
  }
}

function report(
  found: Exploration,
  loaded: LoadedScenario,
  trace: Trace | null,
  options: Options,
  terminal: Terminal,
): void {
  const { colors } = terminal
  const { scenario, met } = found
  terminal.print(`${colors.bold(scenario.title)} ${colors.dim(`(${nameOfFile(loaded.file)})`)}`)
  section(verdictLines(found, colors), terminal)
  if (trace !== null) {
    terminal.print('')
    drawRun(trace, loaded, { full: options.full === true, waited: false }, terminal)
  }
  section([metLine(met, scenario.expect, colors)], terminal)
}

function asData(found: Exploration, loaded: LoadedScenario, trace: Trace | null, path: string): object {
  const { scenario, failure, verdict, met, strategy, seed, params, wakeOrder, maxSteps } = found
  const { executions, schedules, steps, pruned, neverReached } = found
  return {
    scenario: nameOfFile(loaded.file),
    title: scenario.title,
    expect: scenario.expect,
    verdict,
    met,
    strategy,
    seed,
    params,
    wakeOrder,
    maxSteps,
    executions,
    schedules,
    steps,
    pruned,
    neverReached,
    failure:
      failure === null || trace === null
        ? null
        : {
            ...trace.verdict.failure,
            execution: failure.execution,
            foundBy: failure.strategy,
            schedule: writeSchedule(failure.schedule.choices),
            preemptions: failure.schedule.preemptions,
            steps: failure.schedule.steps,
            trace: path,
          },
  }
}
