import { type Event, NOBODY } from './event.ts'
import type { Node, Path } from './path.ts'
import { initial, insert, NOT_FIRST } from './tree.ts'

/** What a run that is over asks for: each of its races the other way round. */

/** Sees to it that from the node something is explored that begins like the sequence, as far as order matters. */
export type Reversal = (node: Node, sequence: readonly Event[], path: Path) => void

/** Wake-up trees: the whole sequence is kept, so that no run is made in vain. */
export const wakeUp: Reversal = (node, sequence, { places }) => {
  for (const asleep of node.sleep) if (initial(asleep, sequence, places) !== NOT_FIRST) return
  insert(sequence, node.branches, places)
}

/** Source sets: one step with which the sequence could begin is enough. */
export const sourceSet: Reversal = ({ done, branches }, sequence, { places }) => {
  const covers = (event: Event): boolean => initial(event, sequence, places) >= 0
  if (done.some(covers) || branches.some(({ event }) => covers(event))) return
  const [event] = sequence
  if (event !== undefined) branches.push({ event, children: [], free: false })
}

/**
 * Turns round every race of the run.
 * @param blocked calls in which threads wait for ever, and what they race with
 * @param from steps from which on races are new; those before have been turned round
 */
export function reverseRaces(
  path: Path,
  blocked: readonly { readonly event: Event; readonly races: readonly number[] }[],
  reverse: Reversal,
  from: number,
): void {
  const { nodes } = path
  for (let step = 0; step < nodes.length; step++) {
    const node = nodes[step] as Node // below length
    if (node.sequence === 0) continue
    if (step >= from) for (const first of node.races) turn(path, first, node.event, step, reverse)
    for (const actor of node.lost) tryFirst(node, actor)
  }
  for (const { event, races } of blocked) for (const first of races) turn(path, first, event, nodes.length, reverse)
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
function turn(path: Path, first: number, second: Event, _at: number, reverse: Reversal): void {
  const node = path.nodes[first]
  if (node === undefined) return
  reverse(node, [...path.notAfter(first), second], path)
}
