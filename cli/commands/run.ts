import { resolve } from 'node:path'
import type { Command } from 'commander'
import { BadInput } from '../../kernel/index.ts'
import { type Decider, Dispatcher, decider, policies, Recorder, readSchedule, replay } from '../../scheduler/index.ts'
import {
  checkWritable,
  type LoadedScenario,
  type Origin,
  type Trace,
  writePicture,
  writeTrace,
} from '../../trace/index.ts'
import { sayingWhere } from '../complaint.ts'
import { drawRun, runAsData, runExitCode, section, titleLine } from '../draw/run.ts'
import { drawTimed, timedAsData, timedAsPicture } from '../draw/timed.ts'
import { endingLines } from '../draw/verdict.ts'
import { replayCommand } from '../invocation.ts'
import {
  boot,
  type MachineOptions,
  onMachine,
  refuseMachine,
  type ScenarioOptions,
  withMachineOptions,
  withScenarioOptions,
} from '../options.ts'
import { recordGuarded } from '../recording.ts'
import { loadNamed } from '../scenario.ts'
import { fullNames } from '../schedule.ts'
import { PLAIN, type Terminal } from '../terminal.ts'
import { usualCosts } from '../timed-run.ts'

/** `ipclab run FILE`: one schedule, drawn. */

interface Options extends ScenarioOptions, MachineOptions {
  readonly strategy?: string
  readonly policy?: string
  readonly seed: string
  readonly schedule?: string
  readonly out?: string
  readonly json?: boolean
  readonly full?: boolean
}

export function addRun(program: Command, terminal: Terminal): void {
  const command = program
    .command('run')
    .argument('<file>', "a scenario file, or a name of the library's")
    .summary('run one schedule and draw it')
    .description(
      'Runs a scenario once and draws what its processes did: a column for each, a row for each step; under a policy, over time, with what it comes to.',
    )
    .option(
      '--strategy <name>',
      'who decides: random (the default), pct:depth=3, pos, surw, urw, dfs, dpor, or a policy',
    )
    .option(
      '--policy <name>',
      `who decides: ${Object.keys(policies).join(', ')}; rr:2ms is rr:quantum=2ms; mlfq:queues=4:boost=1s`,
    )
    .option('--seed <text>', 'for random and lottery', '1')
    .option('--schedule <choices>', 'decide by hand: "P P C", or P*3 for three times P; prefixes of names will do')
  withScenarioOptions(withMachineOptions(command))
    .option('--out <path>', 'write the trace there')
    .option('--svg <path>', 'under a policy: draw the chart there, as a picture to print')
    .option('--json', 'print the result as JSON')
    .option('--full', 'draw every step of a long run, also under a policy')
    .addHelpText(
      'after',
      `
Examples:
  ipclab run textbook/bounded-buffer
  ipclab run my.ts --policy rr:1 --set items=2
  ipclab run my.ts --policy eevdf --cpus 2 --cost x86-64
  ipclab run my.ts --policy eevdf --cpus 2 --svg run.svg
  ipclab run textbook/message-passing --schedule "C P"
  ipclab run my.ts --seed 7 --out run.ndjson`,
    )
    .action(async (file: string, options: Options) => {
      const loaded = await loadNamed(file)
      terminal.exitCode = await sayingWhere(loaded, () => run(loaded, options, terminal))
    })
}

function run(loaded: LoadedScenario, options: Options, terminal: Terminal): number {
  if (options.out !== undefined) checkWritable(options.out)
  if (options.svg !== undefined) checkWritable(options.svg, 'picture')
  if (options.svg !== undefined && options.out !== undefined && resolve(options.svg) === resolve(options.out))
    throw new BadInput('--out and --svg name the same file; give the picture another')
  const recorder = new Recorder()
  const { decider, from } = whoDecides(loaded, options, recorder)
  const trace = recordGuarded(loaded, { decider, from, ...boot(options) })
  const timed = decider instanceof Dispatcher ? { dispatcher: decider, recorder } : null
  if (options.json === true) {
    const data = { ...runAsData(trace, loaded), ...(timed === null ? {} : timedAsData(timed)) }
    terminal.print(JSON.stringify(data, null, 2))
  } else {
    const full = options.full === true
    terminal.print([titleLine(trace, terminal), ''])
    if (timed !== null) drawTimed(timed, full, terminal)
    if (timed !== null && full) terminal.print('')
    drawRun(trace, loaded, { full, waited: true, steps: timed === null || full }, terminal)
  }
  if (timed !== null && options.svg !== undefined) {
    const [ending = ''] = endingLines(trace.verdict, PLAIN)
    writePicture(timedAsPicture(timed, options.full === true, loaded.scenario.title, ending), options.svg)
  }
  save(trace, options, terminal)
  return runExitCode(trace, loaded.scenario.expect)
}

function whoDecides(loaded: LoadedScenario, options: Options, recorder: Recorder): { decider: Decider; from: Origin } {
  const { strategy, policy, schedule, seed } = options
  if ([strategy, policy, schedule].filter((given) => given !== undefined).length > 1)
    throw new BadInput('--strategy, --policy and --schedule each say who decides; give one of them')
  const name = strategy ?? policy ?? 'random'
  const isPolicy = schedule === undefined && Object.hasOwn(policies, name.split(':')[0] ?? '')
  if (policy !== undefined && !isPolicy)
    throw new BadInput(`there is no policy '${policy}'; there are ${Object.keys(policies).join(', ')}`)
  if (!isPolicy) refuseMachine(options)
  if (schedule !== undefined) {
    const choices = fullNames(readSchedule(schedule), loaded.scenario, boot(options))
    return { decider: replay(choices, 'by hand'), from: { decider: 'by hand', seed: null, run: 0 } }
  }
  const made = decider(name, seed, [], isPolicy ? { ...machineOf(loaded, options), recorder } : {})
  // A policy is asked anew by a replay, and draws what it drew.
  const draws = name === 'random' || (isPolicy && seed !== '1') || name.startsWith('lottery')
  return { decider: made, from: { decider: name, seed: draws ? seed : null, run: 0 } }
}

const machineOf = ({ scenario }: LoadedScenario, options: Options) =>
  onMachine(options, () => usualCosts(scenario, boot(options)))

function save(trace: Trace, { out, json }: Options, terminal: Terminal): void {
  if (out === undefined) return
  writeTrace(trace, out)
  if (json !== true) section([`replay: ${replayCommand(out)}`], terminal)
}
