import {
  type Choice,
  isPick,
  KILLED,
  roundsInWords,
  SENT,
  SPURIOUS,
  TIMER,
  threadOfChoice,
  WOKEN,
} from '../../scheduler/index.ts'
import { giving, graphLines } from './graph.ts'
import { at, inWords, list, shortLine } from './phrases.ts'
import type { LastChance, Moment, Story, StoryWait, StoryWrite } from './story.ts'

/** A story in words, for reports and messages: plain text, not wider than a page. */

const WIDTH = 100

export function storyLines(story: Story): string[] {
  return sections(story)
    .flatMap(({ title, lines }) => [
      '',
      title,
      ...lines.flatMap((line) => wrapped(line, WIDTH - 2)).map((line) => `  ${line}`),
    ])
    .slice(1)
}

interface Section {
  readonly title: string
  readonly lines: readonly string[]
}

function sections(story: Story): Section[] {
  return [
    { title: 'who waits on what', lines: waitLines(story) },
    { title: 'who waits for whom', lines: graphLines(story, WIDTH - 2) },
    { title: 'who wrote what it went by', lines: story.writes.map(writeInWords) },
    { title: 'where it goes round', lines: roundLines(story) },
    { title: 'the last chance', lines: chanceLines(story) },
    { title: 'what this is called', lines: story.findings.map(({ name, text }) => `${name}: ${text}`) },
  ].filter(({ lines }) => lines.length > 0)
}

/** Rows of a table of who waits. */
export const WAITS_MAX = 20

/** Who waits in which call since when, and on whom that hangs. */
export function waitLines({ waits, ended }: Story): string[] {
  const lines: string[] = []
  for (const wait of waits.slice(0, WAITS_MAX)) {
    const since = wait.step === null ? '' : ` since ${stepOf(wait.step)}`
    lines.push(`${wait.thread} waits${wait.forEver ? ' for ever' : ''} in ${wait.call}${since}${at(wait.line)}`)
    lines.push(...endersOf(wait, ended).map((text) => `    ${text}`))
  }
  if (waits.length > WAITS_MAX) lines.push(`… and ${waits.length - WAITS_MAX} more`)
  return lines
}

const stepOf = (step: number): string => (step === 0 ? 'the start' : `step ${step}`)

const ENDERS_MAX = 4

/** By whom the object of a wait is held; or, where nobody holds it, who could give it. */
export function endersOf(wait: StoryWait, ended: readonly string[]): string[] {
  const { heldBy, givenBy } = wait
  const named = ({ thread }: Moment): string => (ended.includes(thread) ? `${thread} (ended)` : thread)
  const lines =
    heldBy.length > 0
      ? heldBy.map(
          (one) => `held by ${named(one)}${one.step === null ? '' : ` since ${stepOf(one.step)}`}${at(one.line)}`,
        )
      : givenBy.map((one) => giving(wait, one, named(one)))
  if (lines.length === 0) return [`nobody else is known to ${wait.toGive ? 'take' : 'give'} it`]
  return lines.length > ENDERS_MAX ? [...lines.slice(0, ENDERS_MAX), `… and ${lines.length - ENDERS_MAX} more`] : lines
}

export function writeInWords({ place, thread, step, line, call, readBefore }: StoryWrite): string {
  const stale =
    readBefore === null
      ? ''
      : `; ${readBefore.thread} had read it before that, at step ${readBefore.step}${at(readBefore.line)}`
  return `${place} was last written by ${thread}, at step ${step}: ${call}${at(line)}${stale}`
}

/** Which states come again and again, and who moves among them. */
export function roundLines({ livelock }: Story): string[] {
  if (livelock === null) return []
  const movers = livelock.threads.map(({ thread, calls, lines }) => {
    const where = lines.length === 0 ? '' : ` (${list(lines.map(shortLine))})`
    return `${thread}: ${calls.join(', ')}${where}`
  })
  return [roundsInWords(livelock), ...movers]
}

/** The last chance in a sentence or two; nothing where nobody has looked. */
export function chanceLines({ lastChance, hopeless }: Story): string[] {
  if (lastChance !== null) return [chanceInWords(lastChance)]
  if (hopeless === null) return []
  return [
    hopeless.certain
      ? 'it could not have ended well: no schedule does, and every one was tried'
      : `no schedule that was tried ends well (${inWords(hopeless.runs, 'schedule')})`,
  ]
}

function chanceInWords(chance: LastChance): string {
  const { step, took, instead, certain, runs } = chance
  const what = isPick(took)
    ? `had the choice there ${fell(instead)} instead of ${on(took)}`
    : `had ${first(instead, chance)} instead of ${thing(took)}`
  const until = runs === 0 && !certain ? `at least until step ${step}` : `until step ${step}`
  return `${until} it could still have ended well: ${what}${after(certain, runs)}`
}

const on = (choice: Choice): string => (choice.startsWith(WOKEN) ? `waking ${choice.slice(1)}` : choice.slice(1))
const fell = (choice: Choice): string => (choice.startsWith(WOKEN) ? `been ${on(choice)}` : `fallen on ${on(choice)}`)

function first(choice: Choice, { call, line }: LastChance): string {
  const where = [call, line === null ? null : shortLine(line)].filter((text) => text !== null).join(', ')
  const what = choice.startsWith(TIMER)
    ? `the timer of ${threadOfChoice(choice)} fired there`
    : `${choice} gone first there`
  return where === '' ? what : `${what} (${where})`
}

/** What the failing run did, as a thing. */
function thing(choice: Choice): string {
  const thread = threadOfChoice(choice)
  if (choice.startsWith(TIMER)) return `the timer of ${thread}`
  if (choice.startsWith(KILLED)) return `${thread} being killed`
  if (choice.startsWith(SPURIOUS)) return `a spurious wake-up of ${thread}`
  if (choice.startsWith(SENT)) return `${choice.slice(choice.indexOf(':') + 1)} being sent to ${thread}`
  return choice
}

function after(certain: boolean, runs: number): string {
  const all = inWords(runs, 'schedule')
  if (certain)
    return runs === 1
      ? '; after that there was no other way'
      : `; after that none of the ${all} that there are ends well`
  return runs === 0 ? '' : `; after that none of ${all} that were tried ends well`
}

/** Broken between words; what goes on is set in. */
export function wrapped(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const cut = rest.lastIndexOf(' ', width)
    const end = cut > indent.length + 4 ? cut : width
    lines.push(rest.slice(0, end))
    rest = `${indent}  ${rest.slice(end).trimStart()}`
  }
  return [...lines, rest]
}
