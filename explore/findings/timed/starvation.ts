import type { Id } from '../../../kernel/index.ts'
import type { Stretch } from '../../../scheduler/index.ts'
import { list } from '../../story/phrases.ts'
import type { Finding } from '../finding.ts'
import type { Timeline } from './timeline.ts'

/** So many turns of everybody else in line may go by. */
const ROUNDS_MAX = 10
/** The longest waits in line that are looked at. */
const WAITS_MAX = 50

/** A thread has a CPU: for how long, and since when it had been ready. */
interface Turn extends Stretch {
  readonly came: number
}

/**
 * Starvation: a thread is ready, and has no CPU until others that became ready after it have had one more than ten times
 * as often as there are others who want one at a time: more than ten rounds have gone by in which it had no turn. (Bounded
 * waiting, as Peterson asks it of locks, asked of the CPU; who comes first and goes first passes nobody over.)
 */
export function starvations(timeline: Timeline): Finding[] {
  const turns = [...timeline.threads].flatMap((thread) => turnsOf(timeline, thread)).sort((a, b) => a.from - b.from)
  const waits = [...timeline.threads].flatMap((thread) => timeline.of(thread).filter(isReady))
  const longest = waits.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, WAITS_MAX)
  const found = new Map<Id, Finding>()
  for (const wait of longest) {
    if (found.has(wait.thread)) continue // its longest has been told
    const passing = turns
      .slice(firstFrom(turns, wait.from))
      .filter(({ from, came }) => from < wait.to && came > wait.from)
    if (passing.length <= ROUNDS_MAX) continue
    const others = [...new Set(passing.map(({ thread }) => thread))]
    if (passing.length > ROUNDS_MAX * atOnce(timeline, wait))
      found.set(wait.thread, tell(timeline, wait, passing, others))
  }
  return [...found.values()]
}

const isReady = ({ activity }: Stretch): boolean => activity === 'ready'

function turnsOf(timeline: Timeline, thread: Id): Turn[] {
  const own = timeline.of(thread)
  return own.flatMap((stretch, at) => {
    const before = own[at - 1]
    if (stretch.activity !== 'running') return []
    return [{ ...stretch, came: before?.activity === 'ready' ? before.from : stretch.from }]
  })
}

/** How many others want a CPU at a time, at most. */
function atOnce(timeline: Timeline, wait: Stretch): number {
  const changes: [at: number, by: number][] = []
  for (const thread of timeline.threads) {
    if (thread === wait.thread) continue
    for (const activity of ['ready', 'running'] as const)
      for (const { from, to } of timeline.within(thread, activity, wait)) changes.push([from, 1], [to, -1])
  }
  changes.sort(([a, up], [b, down]) => a - b || up - down)
  let now = 0
  let most = 1
  for (const [, by] of changes) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

/** The first of those sorted that begins then or later. */
function firstFrom(turns: readonly Turn[], from: number): number {
  let low = 0
  let high = turns.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((turns[middle]?.from ?? 0) < from) low = middle + 1
    else high = middle
  }
  return low
}

function tell(timeline: Timeline, wait: Stretch, passing: readonly Turn[], others: readonly Id[]): Finding {
  const ns = wait.to - wait.from
  const goesOn = wait.to >= timeline.end
  const shares = others.map((thread) => {
    const own = passing.filter((turn) => turn.thread === thread)
    return { thread, times: own.length, ns: own.reduce((sum, { from, to }) => sum + to - from, 0) }
  })
  const told = shares
    .toSorted((a, b) => b.ns - a.ns)
    .map(({ thread, times, ns }) => `${thread} ${times === 1 ? 'once' : `${times} times`} (${timeline.inWords(ns)})`)
  return {
    name: 'starvation',
    object: 'CPU',
    threads: [wait.thread, ...others],
    steps: [],
    ns,
    text:
      `${wait.thread} is ready for ${timeline.inWords(ns)}${goesOn ? ', to the end,' : ''} and has no CPU, ` +
      `while others have one who became ready after it: ${list(told)}`,
  }
}
