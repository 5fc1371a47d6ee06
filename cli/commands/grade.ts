import type { Command } from 'commander'
import { BadInput, parameters } from '../../kernel/index.ts'
import { MAX_STEPS, writeSchedule } from '../../scheduler/index.ts'
import { type LoadedScenario, nameOfFile } from '../../trace/index.ts'
import { MISUSE, sayingWhere } from '../complaint.ts'
import { indent, table } from '../draw/table.ts'
import { readAnswer } from '../grade/answer.ts'
import { comparison, type Grade, grade, type Shortest, shortestOf } from '../grade/grading.ts'
import { boot, type ScenarioOptions, withScenarioOptions } from '../options.ts'
import { loadNamed } from '../scenario.ts'
import type { Settings } from '../step/place.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab grade SCENARIO SCHEDULE`: does it break it? */

interface Options extends ScenarioOptions {
  readonly exact?: boolean
  readonly compare: boolean
  readonly json?: boolean
}

export function addGrade(program: Command, terminal: Terminal): void {
  const command = program
    .command('grade')
    .argument('<scenario>', "a scenario file, or a name of the library's")
    .argument('<schedules...>', 'what was handed in: files that step saved, traces, or texts such as "P P C"')
    .summary('grade schedules that are to break a scenario')
    .description(
      'Plays a schedule to the letter and says whether it brings about what the scenario expects, in how many steps and ' +
        "preemptions, and how short it could be. Behind the schedule's end the running thread goes on. It is played with " +
        "the scenario's own parameters, whatever it was made with.",
    )
    .option('--exact', "what comes after the schedule's end does not count")
    .option('--no-compare', 'do not look for the shortest')
  withScenarioOptions(command)
    .option('--json', 'print the grades as JSON')
    .addHelpText(
      'after',
      `
Examples:
  ipclab grade posix/mutex-first mine.schedule.json
  ipclab grade textbook/shared-counter "p1 p2"
  ipclab grade exercise.ts answers/*.json

Exit codes: 0 all break it as expected, 1 not all do, 2 one can't be read.`,
    )
    .action(async (file: string, given: string[], options: Options) => {
      const loaded = await loadNamed(file)
      terminal.exitCode = await sayingWhere(loaded, () => gradeAll(loaded, given, options, terminal))
    })
}

type Row = Grade | { readonly name: string; readonly unreadable: string }

function gradeAll(loaded: LoadedScenario, given: readonly string[], options: Options, terminal: Terminal): number {
  const { scenario } = loaded
  const { params, wakeOrder, maxSteps } = boot(options)
  const settings: Settings = {
    params: parameters(scenario, params),
    wakeOrder: wakeOrder ?? scenario.wakeOrder ?? 'any',
    maxSteps: maxSteps ?? scenario.maxSteps ?? MAX_STEPS,
  }
  const rows = given.map((one) => gradeOne(one, loaded, settings, options.exact === true, given.length === 1))
  const grades = rows.filter((row): row is Grade => !('unreadable' in row))
  const shortest = options.compare ? shortestOf(loaded, settings, grades) : null
  if (options.json === true) terminal.print(JSON.stringify(asData(loaded, settings, rows, shortest), null, 2))
  else terminal.print(inWords(loaded, rows, shortest, terminal))
  if (grades.length < rows.length) return MISUSE
  return grades.every(({ right }) => right) ? 0 : 1
}

/** @param alone then what can't be read is a misuse; among others it has a row like them */
function gradeOne(given: string, loaded: LoadedScenario, settings: Settings, exact: boolean, alone: boolean): Row {
  try {
    return grade(loaded, settings, readAnswer(given, loaded.scenario, settings), { exact })
  } catch (error) {
    if (alone || !(error instanceof BadInput)) throw error
    return { name: given, unreadable: error.message }
  }
}

function inWords(
  loaded: LoadedScenario,
  rows: readonly Row[],
  shortest: Shortest | null,
  { colors }: Terminal,
): string[] {
  const { title, expect } = loaded.scenario
  const head = `${colors.bold(title)} ${colors.dim(`(${nameOfFile(loaded.file)}; expects ${expect})`)}`
  const [only] = rows
  if (rows.length === 1 && only !== undefined) return [head, '', ...oneInWords(only, shortest, colors)]
  const cells = rows.map((row) => {
    if ('unreadable' in row) return [row.name, '?', '', '', row.unreadable]
    const notes = row.notes.map((note) => `; ${note}`).join('')
    const counted = row.ending === 'not followed' ? ['', ''] : [String(row.steps), String(row.preemptions)]
    return [row.name, row.right ? 'right' : 'wrong', ...counted, `${row.text}${notes}`]
  })
  const paint = { right: colors.green, wrong: colors.red, '?': colors.yellow }
  const lines = table(['schedule', 'grade', 'steps', 'preemptions', 'it'], cells, colors.dim).map((line, at) => {
    const grade = cells[at - 1]?.[1] as keyof typeof paint | undefined // one of those above
    return grade === undefined ? line : paint[grade](line)
  })
  const right = rows.filter((row) => 'right' in row && row.right).length
  const last = shortest === null ? '' : `; the shortest${shortest.certain ? '' : ' known'} has ${lengthOf(shortest)}`
  return [head, '', ...lines, '', `${right} of ${rows.length} right${last}`]
}

function oneInWords(row: Row, shortest: Shortest | null, { bold, green, red }: Terminal['colors']): string[] {
  if ('unreadable' in row) return [row.unreadable]
  const { right, text, failure, notes } = row
  const compared = shortest === null ? '' : `; ${comparison(row, shortest)}`
  const paint = right ? green : red
  return [bold(paint(`${text}${compared}`)), ...indent([...(failure === null ? [] : [failure.message]), ...notes])]
}

const lengthOf = ({ steps, preemptions }: Shortest): string =>
  `${steps} step${steps === 1 ? '' : 's'}, ${preemptions} preemption${preemptions === 1 ? '' : 's'}`

function asData(loaded: LoadedScenario, settings: Settings, rows: readonly Row[], shortest: Shortest | null): object {
  return {
    scenario: nameOfFile(loaded.file),
    title: loaded.scenario.title,
    expect: loaded.scenario.expect,
    ...settings,
    right: rows.filter((row) => 'right' in row && row.right).length,
    of: rows.length,
    shortest: shortest === null ? null : { ...shortest, choices: undefined, schedule: writeSchedule(shortest.choices) },
    grades: rows.map((row) => {
      if ('unreadable' in row) return { ...row, right: false }
      const { choices, ...rest } = row
      return { ...rest, schedule: writeSchedule(choices) }
    }),
  }
}
