import { type Event, NOBODY, type Places } from './event.ts'
import type { Node, Path } from './path.ts'
import { initial, insert, NOT_FIRST } from './tree.ts'

/** What a run that is over asks for: each of its races the other way round. */

/**
 * Turns round every race of the run, also those that were turned round before: what comes behind them may be new.
 * @param blocked calls in which threads wait for ever, and what they race with
 */
export function reverseRaces(
  path: Path,
  blocked: readonly { readonly event: Event; readonly races: readonly number[] }[],
): void {
  const { nodes } = path
  // Of each step, those that race with it: what is left when it comes later is the same for all of them.
  const seconds: (Event[] | undefined)[] = []
  const note = (first: number, second: Event): void => {
    const list = seconds[first]
    if (list === undefined) seconds[first] = [second]
    else list.push(second)
  }
  for (const { event, sequence, races } of nodes) if (sequence > 0) for (const first of races) note(first, event)
  for (const { event, races } of blocked) for (const first of races) note(first, event)
  for (let first = 0; first < nodes.length; first++) {
    const node = nodes[first] as Node // below length
    const list = seconds[first]
    if (list !== undefined) turn(path, first, list)
    for (const actor of node.lost) tryFirst(node, actor)
  }
}

/** What a step makes impossible is tried in its place. */
function tryFirst({ sleep, branches }: Node, actor: number): void {
  if (isAsleep(sleep, actor) || branches.some(({ event }) => event.actor === actor)) return
  const event = { actor, picks: NOBODY, counts: NOBODY, touched: null, reaches: NOBODY }
  branches.push({ event, children: [], free: true })
}

/** Whether all that the actor could do is asleep. */
export function isAsleep(sleep: readonly Event[], actor: number): boolean {
  let picks = 0
  let count = 0
  for (const event of sleep) {
    if (event.actor !== actor) continue
    if (event.counts.length === 0) return true
    if (event.counts.length > 1) continue
    picks += 1
    count = event.counts[0] ?? 0
  }
  return count > 0 && picks >= count
}

/** From before the first of two: whatever does not come after it, and then the second. */
function turn(path: Path, first: number, seconds: readonly Event[]): void {
  const { nodes, places } = path
  const { sleep, branches } = nodes[first] as Node // somebody races with it
  const sequence = path.notAfter(first)
  const length = sequence.length
  for (const second of seconds) {
    sequence[length] = second
    if (!isCovered(sleep, sequence, places)) insert(sequence, branches, places)
  }
}

/** Whether what is asleep leads to all that the sequence would. */
function isCovered(sleep: readonly Event[], sequence: readonly Event[], places: Places): boolean {
  for (let i = 0; i < sleep.length; i++) if (initial(sleep[i] as Event, sequence, places) !== NOT_FIRST) return true // below length
  return false
}
