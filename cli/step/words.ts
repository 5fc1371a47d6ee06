import { BadInput } from '../../kernel/index.ts'
import { type Choice, readSchedule } from '../../scheduler/index.ts'
import { nearest } from '../../trace/scenario-file/words.ts'
import { fullNames } from '../schedule.ts'
import { keyOfThread } from './options.ts'
import { whyNot } from './report.ts'
import type { Session } from './session.ts'
import type { TableName } from './tables.ts'

/** What can be asked of a session in words, a line each: the keys of the screen, and what they stand for. */

export type Asked =
  | { readonly to: 'take'; readonly choices: readonly Choice[] }
  | { readonly to: 'go' | 'look' | 'ahead' | 'trouble' | 'happy' | 'why' | 'help' | 'leave' | 'nothing' }
  | { readonly to: 'back' | 'forward'; readonly times: number }
  | { readonly to: 'table'; readonly name: TableName }
  | { readonly to: 'save'; readonly path: string | null }

const COMMANDS: readonly (readonly [key: string, word: string, asked: Asked, about: string])[] = [
  ['g', 'go', { to: 'go' }, 'the running thread goes on until it has to wait'],
  ['b', 'back', { to: 'back', times: 1 }, 'a step back; back 3: three of them'],
  ['f', 'forward', { to: 'forward', times: 1 }, 'a step that was gone back behind, again'],
  ['l', 'look', { to: 'look' }, 'the steps so far, and who could go next'],
  ['p', 'processes', { to: 'table', name: 'processes' }, 'processes, threads and timers'],
  ['u', 'queues', { to: 'table', name: 'queues' }, 'who sleeps on which queue'],
  ['o', 'objects', { to: 'table', name: 'objects' }, 'kernel objects'],
  ['c', 'changed', { to: 'table', name: 'changes' }, 'what the last step changed'],
  ['w', 'waits', { to: 'table', name: 'waits' }, 'who waits on what'],
  ['e', 'explore', { to: 'ahead' }, 'can this still go wrong? can it still end well?'],
  ['t', 'trouble', { to: 'trouble' }, 'the way to the trouble that e has found: forward goes along it'],
  ['h', 'happy', { to: 'happy' }, 'the way to the good end that e has found'],
  ['y', 'why', { to: 'why' }, 'why it failed: who waits for whom, and what would have avoided it'],
  ['s', 'save', { to: 'save', path: null }, 'keep the schedule; save NAME: under that name'],
  ['?', 'help', { to: 'help' }, 'this list'],
  ['x', 'exit', { to: 'leave' }, 'leave; q does the same'],
]

export const helpLines: readonly string[] = [
  'a key of the list, a thread, or a schedule such as "P C P*3": they go next',
  ...COMMANDS.map(([key, word, , about]) => `${key}, ${word}`.padEnd(14) + about),
]

/** Reads a line. @throws BadInput for what is neither a command nor anybody's name */
export function readAsked(line: string, session: Session): Asked {
  const text = line.replace(/(^|\s)#.*$/, '').trim()
  if (text === '') return { to: 'nothing' }
  const { options } = session
  const option = options.find(({ choice }) => choice === text) ?? options.find(({ key }) => key === text)
  if (option !== undefined) return { to: 'take', choices: [option.choice] }
  const { threads } = session
  const thread = threads.find((one) => one === text || keyOfThread(threads, one) === text)
  if (thread !== undefined) throw new BadInput(whyNot(session, thread))
  const [word = '', ...rest] = text.split(/\s+/)
  const asked = commandOf(word)
  if (asked !== null && (rest.length === 0 || word.length > 1 || asked.to === 'save' || /^\d+$/.test(rest[0] ?? '')))
    return withRest(asked, rest, text)
  return { to: 'take', choices: choicesIn(text, session) }
}

function commandOf(word: string): Asked | null {
  if (['q', 'quit', 'leave'].includes(word)) return { to: 'leave' }
  return COMMANDS.find(([key, name]) => word === key || word === name)?.[2] ?? null
}

function withRest(asked: Asked, rest: readonly string[], text: string): Asked {
  if (rest.length === 0) return asked
  const [first = ''] = rest
  if (asked.to === 'save') return { to: 'save', path: rest.join(' ') }
  if ((asked.to === 'back' || asked.to === 'forward') && rest.length === 1 && /^[1-9]\d{0,6}$/.test(first))
    return { to: asked.to, times: Number(first) }
  throw new BadInput(`'${text}' is no command; '?' lists them`)
}

/** @throws BadInput */
export function choicesIn(text: string, { loaded, settings, options, threads }: Session): Choice[] {
  const { params, wakeOrder } = settings
  const words = readSchedule(text)
  // Threads that were made on the way have their names by now.
  const known = new Set([...threads, ...options.map(({ choice }) => choice)])
  try {
    return words.map((word) =>
      known.has(word) ? word : (fullNames([word], loaded.scenario, { params, wakeOrder })[0] ?? word),
    )
  } catch (error) {
    const near = nearest(
      text,
      COMMANDS.map(([, word]) => word),
    )
    if (!(error instanceof BadInput) || near === null || /\s/.test(text)) throw error
    throw new BadInput(`${error.message}; or is it the command '${near}'?`)
  }
}
