import { type Event, NOBODY } from './event.ts'
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
  for (const node of path.nodes) {
    if (node.sequence === 0) continue
    for (const first of node.races) turn(path, first, node.event)
    for (const actor of node.lost) tryFirst(node, actor)
  }
  for (const { event, races } of blocked) for (const first of races) turn(path, first, event)
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
function turn(path: Path, first: number, second: Event): void {
  const { nodes, places } = path
  const node = nodes[first]
  if (node === undefined) return
  const sequence = [...path.notAfter(first), second]
  for (const asleep of node.sleep) if (initial(asleep, sequence, places) !== NOT_FIRST) return
  insert(sequence, node.branches, places)
}
