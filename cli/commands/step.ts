import type { Command } from 'commander'
import { writeSchedule } from '../../scheduler/index.ts'
import { nameOfFile } from '../../trace/index.ts'
import { sayingWhere } from '../complaint.ts'
import { invocation, quoted } from '../invocation.ts'
import { boot, ordinal, type ScenarioOptions, withScenarioOptions } from '../options.ts'
import { play } from '../step/interactive.ts'
import { Console } from '../step/keys.ts'
import { open } from '../step/opened.ts'
import { asData, exitCodeOf, headline, report, settingsWords } from '../step/report.ts'
import { obey } from '../step/scripted.ts'
import type { Session } from '../step/session.ts'
import { choicesIn } from '../step/words.ts'
import type { Terminal } from '../terminal.ts'

/** `ipclab step FILE`: the user is the scheduler. */

interface Options extends ScenarioOptions {
  readonly schedule?: string
  readonly at?: number
  readonly scenario?: string
  readonly json?: boolean
}

export function addStep(program: Command, terminal: Terminal): void {
  const command = program
    .command('step')
    .argument('<file>', "a scenario file or a name of the library's; or a trace or a saved schedule, to go on with")
    .summary('be the scheduler: who goes next?')
    .description(
      'You are the scheduler: at each step you say who goes next. Go back and try another way, look at processes, queues ' +
        'and objects, ask whether it can still go wrong, and save the schedule. On a terminal the keys are on the screen; ' +
        'over a pipe the same letters are read, a line each.',
    )
    .option('--schedule <choices>', 'make these choices, say where that leads, and end: "P P C", or P*3')
    .option('--at <k>', 'stand after step k of a trace or saved schedule (default: at its end)', ordinal)
    .option('--scenario <file>', "a trace's scenario, where it is not found by the name in it")
  withScenarioOptions(command)
    .option('--json', 'print where it stands as JSON, and end')
    .addHelpText(
      'after',
      `
Examples:
  ipclab step posix/mutex-first
  ipclab step ipclab-out/my/trace.ndjson --at 7
  ipclab step textbook/message-passing --schedule "C P" --json
  printf 'P\\nC\\nwaits\\nback\\nsave mine.json\\n' | ipclab step my.ts`,
    )
    .action(async (file: string, options: Options) => {
      terminal.exitCode = await step(file, options, terminal)
    })
}

async function step(file: string, options: Options, terminal: Terminal): Promise<number> {
  const { session, notes } = await open(file, { wished: boot(options), scenario: options.scenario })
  if (options.at !== undefined) session.goTo(options.at)
  return sayingWhere(session.loaded, async () => {
    const { schedule, json } = options
    if (schedule !== undefined) session.takeAll(choicesIn(schedule, session))
    if (json === true) terminal.print(JSON.stringify({ ...asData(session), notes }, null, 2))
    else if (schedule !== undefined) terminal.print([...notes, ...report(session, terminal)])
    else await byHand(session, notes, terminal)
    return exitCodeOf(session)
  })
}

async function byHand(session: Session, notes: readonly string[], terminal: Terminal): Promise<void> {
  const { stdin, stdout, env } = process
  if (stdin.isTTY !== true || stdout.isTTY !== true || env.TERM === 'dumb') {
    if (notes.length > 0) terminal.print([...notes, ''])
    return obey(session, stdin, terminal)
  }
  const saved = await play(session, new Console(stdin, stdout), terminal.colors, notes)
  terminal.print(farewell(session, saved, terminal))
}

/** What stays on the screen: how far it came, and how to come back to it. */
function farewell(session: Session, saved: readonly string[], terminal: Terminal): string[] {
  const { choices } = session
  if (choices.length === 0) return [headline(session, terminal.colors)]
  const file = quoted(nameOfFile(session.loaded.file))
  const again = saved.at(-1) === undefined ? [] : [`go on: ${invocation()} step ${quoted(saved.at(-1) ?? '')}`]
  const schedule = quoted(writeSchedule(choices))
  return [
    ...report(session, terminal),
    '',
    ...again,
    `draw it: ${invocation()} run ${file}${settingsWords(session)} --schedule ${schedule}`,
  ]
}
