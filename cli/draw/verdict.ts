import type { Exploration, Met } from '../../explore/index.ts'
import type { Expectation } from '../../kernel/index.ts'
import type { Failure, Waiting } from '../../scheduler/index.ts'
import type { Review, TraceVerdict } from '../../trace/index.ts'
import type { Colors } from '../terminal.ts'
import { shortCall, shortObject, shortWait } from './call.ts'
import { indent, table } from './table.ts'

/** How a run or a search ended, in words. */

/** Rows of a table of who waits. */
const WAITS_MAX = 20
/** What a failure says may be as long as this. */
const MESSAGE_MAX = 500

/** The search's own words, its first line coloured by what it says. */
export function verdictLines({ text, verdict, failure }: Exploration, colors: Colors): string[] {
  const [headline = '', ...said] = text.split('\n')
  const more = said.filter((line) => line !== failure?.message) // that is told below the drawing
  const paint = {
    proved: colors.green,
    bounded: colors.green,
    sampled: colors.green,
    failed: colors.red,
    inconclusive: colors.yellow,
  }[verdict]
  return [colors.bold(paint(headline)), ...more]
}

/** Whether that is what the scenario says of itself. */
export function metLine(met: Met, expect: Expectation, colors: Colors): string {
  switch (met) {
    case 'as expected':
      return colors.green(`as the scenario expects (${expect})`)
    case 'not as expected':
      return colors.red(`not as the scenario expects (${expect})`)
    case 'inconclusive':
      return colors.yellow(
        `the scenario expects '${expect}': that was not settled; try more --executions or --strategy dfs`,
      )
    default:
      return met satisfies never
  }
}

const BROKEN: { readonly [kind in Failure['kind']]: string } = {
  deadlock: 'deadlock',
  'data race': 'data race',
  invariant: 'an invariant is broken',
  assertion: 'an assertion fails',
  'uncaught error': 'an error is not caught',
  'step limit': 'not over',
}

/** How one run ended. */
export function endingLines({ ending, steps, failure }: TraceVerdict, colors: Colors): string[] {
  const after = `after ${steps} step${steps === 1 ? '' : 's'}`
  switch (ending) {
    case 'done':
      return [colors.green(`done: every program came to its end ${after}`)]
    case 'pruned':
      return [colors.yellow(`given up by assume() ${after}`)]
    default: {
      const where = failure?.line === null || failure === null ? '' : ` (${failure.line})`
      return [
        colors.bold(colors.red(`${BROKEN[failure?.kind ?? 'deadlock']} ${after}`)),
        `${shortened(failure?.message ?? '')}${where}`,
      ]
    }
  }
}

/** Who waits in which call for what, held or to be ended by whom, on which line. */
export function waitingLines(waiting: readonly Waiting[], review: Review, colors: Colors): string[] {
  if (waiting.length === 0) return []
  const rows = waiting.slice(0, WAITS_MAX).map((one) => {
    const period = review.waits.find(({ thread, to }) => thread === one.thread && to === null)
    const call = period === undefined ? shortCall(one.call, one.args, {}) : shortWait(period)
    return [
      one.thread,
      call,
      period === undefined ? one.object : shortObject(period),
      list(one.heldBy),
      list(one.awaits),
      one.line ?? '',
    ]
  })
  return [
    'who waits on what',
    ...indent([
      ...table(['thread', 'waits in', 'for', 'held by', 'can be ended by', 'at'], rows, colors.dim),
      ...more(waiting),
    ]),
  ]
}

/** What each had to wait for during the run, and how long. */
export function waitedLines({ waits }: Review, steps: number, colors: Colors): string[] {
  if (waits.length === 0) return []
  const rows = waits.slice(0, WAITS_MAX).map((period) => {
    const { thread, from, to, line } = period
    const when = to === null ? `${from} to the end` : `${from} to ${to}`
    return [thread, shortWait(period), shortObject(period), when, String((to ?? steps) - from), line ?? '']
  })
  return [
    'what each waited for',
    ...indent([...table(['thread', 'in', 'for', 'after step', 'steps', 'at'], rows, colors.dim), ...more(waits)]),
  ]
}

const shortened = (text: string): string => (text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text)

const more = (all: readonly unknown[]): string[] =>
  all.length > WAITS_MAX ? [`… and ${all.length - WAITS_MAX} more`] : []

const list = (names: readonly string[] | undefined): string => names?.join(', ') ?? ''
