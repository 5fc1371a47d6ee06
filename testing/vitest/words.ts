import { type Exploration, expectationOf, type Story, storyLines } from '../../explore/index.ts'
import type { AnyValues, Scenario } from '../../kernel/index.ts'
import { type Failure, type Schedule, writeSchedule } from '../../scheduler/index.ts'
import type { Answer, Claim } from './claims.ts'
import { shownPath } from './place.ts'

/** What a matcher says when a claim is not met: the story of the run that breaks it, and how to see it again. */

export interface Question {
  readonly scenario: Scenario
  readonly claim: Claim
  readonly isNot: boolean
  readonly answer: Answer
}

/** A failing run, wherever it came from. */
export interface Breaking {
  readonly failure: Pick<Failure, 'kind' | 'name' | 'message'> & { readonly line: string | null }
  readonly story: Story | null
  readonly params: AnyValues
  readonly schedule: Schedule
  /** How long it is, and how it was found, a line each. */
  readonly facts: readonly string[]
  /** Where a kept schedule had to be guessed at. */
  readonly guesses: readonly string[]
  /** Where it is kept now, or why it is not. */
  readonly keeping: string
  /** The command that shows it again. */
  readonly command: string
}

export function aboutBreaking(question: Question, breaking: Breaking): string {
  const { failure, story, guesses, keeping, command } = breaking
  const told = story === null ? [] : storyLines(story)
  return [
    `${expected(question)}: ${question.answer === 'open' ? 'something else came first, ' : ''}${expectationOf(failure)}`,
    `${failure.message}${failure.line === null ? '' : ` (${failure.line})`}`,
    ...(told.length === 0 ? [] : ['', ...told]),
    '',
    ...scheduleLines(breaking),
    ...guessLines(guesses),
    keeping,
    command,
  ].join('\n')
}

/** What is said when no run failed. */
export function aboutSearch(question: Question, found: Exploration): string {
  const { claim, answer } = question
  const lines = [expected(question), found.text]
  if (answer === 'open' && claim.verb === 'is' && found.neverReached.length === 0)
    lines.push('give it more { executions }, a smaller scenario, or ask toHold() for no more than was tried')
  if (answer === 'open' && found.neverReached.length > 0)
    lines.push('what never came to pass was not tried: give it more { executions }, or mend the scenario')
  return lines.join('\n')
}

function expected({ scenario, claim, isNot, answer }: Question): string {
  const what = `expected '${scenario.title}' ${isNot ? 'not ' : ''}to ${claim.words}, and`
  if (answer === 'open') return `${what} that is not known`
  return `${what} it ${claim.verb}${answer === 'no' ? ' not' : ''}`
}

const SCHEDULE_MAX = 2000
const PARAMS_MAX = 200

function scheduleLines({ schedule, params, facts }: Breaking): string[] {
  const given = Object.entries(params).map(([name, value]) => `${name}=${value}`)
  return [
    `schedule: ${shortened(writeSchedule(schedule.choices), SCHEDULE_MAX)}`,
    ...(given.length === 0 ? [] : [`with ${shortened(given.join(', '), PARAMS_MAX)}`]),
    ...facts,
  ]
}

const shortened = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max)} …`)

const GUESSES_MAX = 10

function guessLines(guesses: readonly string[]): string[] {
  if (guesses.length === 0) return []
  const shown = guesses.slice(0, GUESSES_MAX).map((guess) => `  ${guess}`)
  if (guesses.length > GUESSES_MAX) shown.push(`  … and ${guesses.length - GUESSES_MAX} more`)
  return ['the scenario has changed since that schedule was kept; following it took guesses:', ...shown]
}

export const keptIn = (path: string): string => `kept in ${shownPath(path)}, to be tried first from now on`
