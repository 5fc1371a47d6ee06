import type { Id } from '../../kernel/index.ts'
import type { StoryWait } from './story.ts'

/**
 * The circles among those who wait for ever: from each, by the shortest way back to itself. The smallest come first.
 */
export function circlesOf(waits: readonly StoryWait[]): Id[][] {
  const order = waits.filter(({ forEver }) => forEver).map(({ thread }) => thread)
  const edges = new Map(waits.filter(({ forEver }) => forEver).map(({ thread, waitsFor }) => [thread, waitsFor]))
  const circles = new Map<string, Id[]>()
  for (const start of order) {
    const way = shortestWayBack(start, edges)
    if (way === null) continue
    const key = order.filter((id) => way.includes(id)).join(' ')
    if (!circles.has(key)) circles.set(key, way)
  }
  return [...circles.values()].sort((a, b) => a.length - b.length)
}

function shortestWayBack(start: Id, edges: ReadonlyMap<Id, readonly Id[]>): Id[] | null {
  const from = new Map<Id, Id>()
  const line: Id[] = [start]
  for (const id of line) {
    for (const next of edges.get(id) ?? []) {
      if (next === start) return wayTo(id, start, from)
      if (from.has(next)) continue
      from.set(next, id)
      line.push(next)
    }
  }
  return null
}

function wayTo(end: Id, start: Id, from: ReadonlyMap<Id, Id>): Id[] {
  const way = [end]
  for (let id = end; id !== start; ) {
    id = from.get(id) ?? start
    way.unshift(id)
  }
  return way
}
