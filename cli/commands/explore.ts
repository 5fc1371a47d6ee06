import { type Command, Option } from 'commander'
import { type Exploration, type ExploreOptions, exitCode, explore, type Found } from '../../explore/index.ts'
import { writeSchedule } from '../../scheduler/index.ts'
import { checkWritable, type LoadedScenario, nameOfFile, writeTrace } from '../../trace/index.ts'
import { sayingWhere } from '../complaint.ts'
import { report } from '../draw/exploration.ts'
import { keepFailure, type Saved } from '../failure-folder.ts'
import { boot, count, duration, type ScenarioOptions, threads, withScenarioOptions } from '../options.ts'
import { Progress } from '../progress.ts'
import { loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab explore FILE`: every schedule, or as many as the budget allows. */

interface Options extends ScenarioOptions {
  readonly strategy?: string
  readonly dependency?: 'object' | 'refined'
  readonly seed: string
  readonly executions?: number
  readonly time?: number
  readonly workers?: number
  readonly checkDeterminism?: number
  readonly coverage?: boolean
  readonly vacuity?: boolean
  readonly shrink: boolean
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
      'Runs a scenario under many schedules, until one fails, none is left, or the budget is used up. The schedule that ' +
        'fails is drawn and kept as a trace.',
    )
    .option(
      '--strategy <name>',
      'portfolio (the default: samplers by turns, then dpor), random, pct:depth=N, pos, surw, urw, dfs, dfs:preemptions=N, dpor, or a policy',
    )
    .addOption(
      new Option(
        '--dependency <which>',
        'by what dpor goes: object (the default), or refined: more steps commute',
      ).choices(['object', 'refined']),
    )
    .option('--executions <n>', 'at most so many runs (default: 100000)', count)
    .option('--time <seconds>', 'at most so many seconds', duration)
    .option('--workers <n>', 'so many threads share the search, or auto; the answer is the same (default: 1)', threads)
    .option('--coverage', 'count different traces, and pairs of calls seen in both orders (takes longer)')
    .option('--vacuity', 'list calls that no other thread interfered with, or that never waited (takes longer still)')
    .option('--no-shrink', 'show the failure as it was found, not the smallest like it')
    .option('--seed <text>', 'for random runs', '1')
    .option('--check-determinism <k>', 'make every k-th run twice and compare; the first always is', count)
  withScenarioOptions(command)
    .option(
      '--out <path>',
      'where the failing trace goes (default: ipclab-out/NAME/FAILURE/trace.ndjson, with a report)',
    )
    .option('--json', 'print the result as JSON')
    .option('--full', 'draw every step of a long run')
    .addHelpText(
      'after',
      `
Data races and lock-order inversions are told of runs that end well, too: of each strategy the first 500 runs are watched for
them, and every 50th after that; with races: 'fail' in the scenario all are, and a data race is a failure.

Exit codes: 0 as the scenario expects, 1 not as it expects, 2 misuse or broken input, 3 inconclusive.

Examples:
  ipclab explore textbook/bounded-buffer-two-producers
  ipclab explore my.ts --strategy dfs --executions 1000000
  ipclab explore my.ts --strategy pct:depth=2 --executions 5000
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
    explore(loaded, { ...wishes(options), ...(terminal.watched ? { onProgress } : {}), signal }),
  )
  let saved: Saved | null = null
  try {
    saved = save(found, loaded, options)
  } finally {
    // What was found is told, also when it can't be kept.
    if (options.json === true) terminal.print(JSON.stringify(asData(found, loaded, saved), null, 2))
    else report(found, loaded, saved, options.full === true, terminal)
  }
  // What was cut short has settled nothing.
  return progress.interrupted && found.failure === null ? 3 : exitCode(found.met)
}

function wishes(options: Options): ExploreOptions {
  const { strategy, dependency, seed, executions, time, workers, checkDeterminism, coverage, vacuity, shrink } = options
  return {
    ...boot(options),
    seed,
    ...(shrink ? {} : { shrink }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(dependency === undefined ? {} : { dependency }),
    ...(executions === undefined ? {} : { executions }),
    ...(time === undefined ? {} : { time }),
    ...(workers === undefined ? {} : { workers }),
    ...(checkDeterminism === undefined ? {} : { checkDeterminism }),
    ...(coverage === undefined ? {} : { coverage }),
    ...(vacuity === undefined ? {} : { vacuity }),
  }
}

/** Keeps the failing run, in a folder of its own or where the user wants its trace. */
function save(found: Exploration, loaded: LoadedScenario, { out }: Options): Saved | null {
  const { failure } = found
  if (failure === null) return null
  if (out === undefined) return keepFailure(found, failure, loaded)
  writeTrace(failure.trace, out)
  return { trace: out, report: null }
}

function asData(found: Exploration, loaded: LoadedScenario, saved: Saved | null): object {
  const { scenario, failure, verdict, met, strategy, seed, params, wakeOrder, maxSteps } = found
  const { executions, schedules, traces, bound, steps, pruned, promises, neverReached, findings, watched } = found
  const { coverage, vacuity } = found
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
    traces,
    bound,
    steps,
    pruned,
    promises,
    neverReached,
    watched,
    ...(coverage === null ? {} : { coverage }),
    ...(vacuity === null ? {} : { vacuity }),
    findings: findings.map((one) => ({ ...one, schedule: one.schedule === null ? null : writeSchedule(one.schedule) })),
    failure: failure === null ? null : { ...failureAsData(failure), ...saved },
  }
}

function failureAsData(failure: Found): object {
  const { trace, execution, strategy, schedule, params, found, shrunk, story } = failure
  return {
    ...trace.verdict.failure,
    execution,
    foundBy: strategy,
    params,
    schedule: writeSchedule(schedule.choices),
    preemptions: schedule.preemptions,
    steps: schedule.steps,
    found: { schedule: writeSchedule(found.choices), preemptions: found.preemptions, steps: found.steps },
    fewestPreemptions: shrunk?.fewestPreemptions ?? false,
    fewestSteps: shrunk?.fewestSteps ?? false,
    lowered: shrunk?.lowered ?? [],
    story,
  }
}
