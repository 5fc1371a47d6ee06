import { type Command, InvalidArgumentError, Option } from 'commander'
import { CPUS_MAX } from '../../scheduler/index.ts'
import { checkWritable, type LoadedScenario, writePicture } from '../../trace/index.ts'
import { exitCodeOf } from '../compare/ends.ts'
import { type Asked, compare } from '../compare/matrix.ts'
import { sayingWhere } from '../complaint.ts'
import { comparisonAsData, comparisonAsPicture, drawComparison } from '../draw/comparison/index.ts'
import {
  boot,
  count,
  layoutOption,
  type MachineOptions,
  onMachine,
  type ScenarioOptions,
  withScenarioOptions,
} from '../options.ts'
import { counting } from '../progress.ts'
import { loadNamed } from '../scenario.ts'
import type { Terminal } from '../terminal.ts'
import { usualCosts } from '../timed-run.ts'

/** `ipclab compare FILE`: one scenario under several policies, in one table. */

interface Options extends ScenarioOptions, Pick<MachineOptions, 'cost' | 'queues' | 'svg'> {
  readonly policies: readonly string[]
  readonly cpus: readonly number[]
  readonly seeds: number
  readonly json?: boolean
}

export function addCompare(program: Command, terminal: Terminal): void {
  const command = program
    .command('compare')
    .argument('<file>', "a scenario file, or a name of the library's")
    .summary('run under several policies and compare')
    .description(
      'Runs a scenario under each of several scheduling policies, on each number of CPUs, with each seed, and puts what they come to in one table: means over the processes, of these the median over the seeds, and the quartiles where seeds make a difference. The best on as many CPUs is marked.',
    )
    .addOption(
      new Option('--policies <list>', 'as run --policy names them, with commas between')
        .argParser(list)
        .default(['fifo', 'rr', 'mlfq', 'eevdf'], 'fifo,rr,mlfq,eevdf'),
    )
    .addOption(new Option('--cpus <list>', 'numbers of CPUs, as in 1,2,4').argParser(cpuCounts).default([1], '1'))
    .option('--seeds <n>', 'for lottery and for what programs choose: seeds 1 to N', count, 20)
    .option('--cost <model>', 'what things cost: unit (the default), zero, x86-64 or a file X.json')
    .addOption(layoutOption('one run queue, or one for each CPU'))
  withScenarioOptions(command)
    .option('--svg <path>', 'draw the comparison there, as a picture to print')
    .option('--json', 'print all figures of all runs as JSON')
    .addHelpText(
      'after',
      `
Examples:
  ipclab compare my.ts --policies fifo,rr:2ms,mlfq,eevdf --cost x86-64
  ipclab compare my.ts --policies fifo,lottery:1ms,stride:1ms --cpus 1,2,4 --seeds 50 --svg shares.svg
  ipclab compare classic/priority-inversion --policies priority,priority:inherit --set radio=20

Exit codes: 0 every run ended well, or as the scenario expects, 1 one did not, or a deadline was missed, 2 misuse or
broken input, 3 no run under some policy came to its end, as assume() gave them all up.`,
    )
    .action(async (file: string, options: Options) => {
      const loaded = await loadNamed(file)
      terminal.exitCode = await sayingWhere(loaded, () => perform(loaded, options, terminal))
    })
}

function perform(loaded: LoadedScenario, options: Options, terminal: Terminal): number {
  const { policies, cpus, seeds, cost, queues, svg } = options
  if (svg !== undefined) checkWritable(svg, 'picture')
  const machine = { ...(cost === undefined ? {} : { cost }), ...(queues === undefined ? {} : { queues }) }
  const on = onMachine(machine, () => usualCosts(loaded.scenario, boot(options)))
  const asked: Asked = { policies, cpus, seeds, on, boot: boot(options) }
  const cells = counting(terminal, (onRun) => compare(loaded.scenario, asked, onRun))
  const comparison = { loaded, asked, cells }
  if (options.json === true) terminal.print(JSON.stringify(comparisonAsData(comparison), null, 2))
  else drawComparison(comparison, terminal)
  if (svg !== undefined) writePicture(comparisonAsPicture(comparison), svg)
  return exitCodeOf(cells)
}

const EXAMPLE = 'write names with commas between, as in fifo,rr:2ms.'

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError(EXAMPLE)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new InvalidArgumentError(`'${twice}' is there twice.`)
  return names
}

function cpuCounts(text: string): number[] {
  const given = text.split(',').map((number) => number.trim())
  const twice = given.find((number, at) => given.indexOf(number) !== at)
  const numbers = given.map(Number)
  if (numbers.some((number, at) => !/^[1-9]\d*$/.test(given[at] ?? '') || number > CPUS_MAX))
    throw new InvalidArgumentError(`it takes whole numbers from 1 to ${CPUS_MAX} with commas between, as in 1,2,4.`)
  if (twice !== undefined) throw new InvalidArgumentError(`'${twice}' is there twice.`)
  return numbers
}
