import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { complaint, MISUSE } from './complaint.ts'
import type { Terminal } from './terminal.ts'

/** The command line as a whole: which commands there are, and how misuse is told. */

/** Does what the arguments ask for; returns the exit code. */
export async function perform(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const program = await makeProgram(args, terminal)
    await program.parseAsync(args, { from: 'user' })
    return terminal.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSE
    terminal.tell(`${complaint(error)}\n`)
    return MISUSE
  }
}

const EXAMPLES = `
Examples:
  ipclab list                              the library of scenarios
  ipclab explore textbook/bounded-buffer   prove it, or break it
  ipclab run textbook/bounded-buffer       one schedule, drawn
  ipclab compare classic/philosophers      several scheduling policies in one table
  ipclab step posix/mutex-first            be the scheduler yourself
  ipclab new my.ts                         a scenario of your own

Exit codes: 0 as the scenario expects, 1 not as it expects, 2 misuse or broken input, 3 inconclusive.`

type Add = (program: Command, terminal: Terminal) => void

/** The commands, in the order in which they are told. Each is loaded when it is needed: loading takes longer than most searches. */
const COMMANDS: { readonly [name: string]: () => Promise<Add> } = {
  run: async () => (await import('./commands/run.ts')).addRun,
  compare: async () => (await import('./commands/compare.ts')).addCompare,
  explore: async () => (await import('./commands/explore.ts')).addExplore,
  step: async () => (await import('./commands/step.ts')).addStep,
  grade: async () => (await import('./commands/grade.ts')).addGrade,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  show: async () => (await import('./commands/show.ts')).addShow,
  list: async () => (await import('./commands/list.ts')).addList,
  new: async () => (await import('./commands/new.ts')).addNew,
  demo: async () => (await import('./commands/demo.ts')).addDemo,
}

/** The command that the arguments begin with; all of them where they begin with none. */
function wanted([first = '']: readonly string[]): Promise<Add[]> {
  const one = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  return Promise.all((one === undefined ? Object.values(COMMANDS) : [one]).map((load) => load()))
}

async function makeProgram(args: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('ipclab')
    .description(
      'An operating system that does inter-process communication, simulated, and every schedule it could take.',
    )
    .version(version(), '-v, --version')
    .option('--no-color', 'no colours; NO_COLOR does the same')
    .addHelpText('after', EXAMPLES)
  for (const add of await wanted(args)) add(program, terminal)
  // Commander's own complaints come in our words, in one line.
  const outputError = (text: string): void => terminal.tell(complaintOf(text))
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError, writeOut: (text) => terminal.print(text.trimEnd()), writeErr: terminal.tell })
      .showSuggestionAfterError()
    if (command !== program) command.option('--no-color', 'no colours').allowExcessArguments(false)
  }
  return program
}

function complaintOf(text: string): string {
  const words = text
    .replace(/^error: /, '')
    .replace(' is invalid. ', ' is invalid: ')
    .trim()
    .split('\n')
    .join(' ')
  return `ipclab: ${words}${/[.?)]$/.test(words) ? '' : "; 'ipclab --help' shows how"}\n`
}

function version(): string {
  let folder = new URL('.', import.meta.url)
  for (;;) {
    try {
      return (JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { version: string }).version
    } catch (error) {
      const above = new URL('..', folder)
      if (above.href === folder.href) throw error
      folder = above
    }
  }
}
