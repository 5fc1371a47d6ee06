import type { Id } from '../../kernel/index.ts'

/** Circles in a graph of who waits for whom. */

type Graph = ReadonlyMap<Id, readonly Id[]>

/**
 * The sets of those who all lead to each other, one who leads to itself included, in the order of the graph's keys; each
 * along its edges as far as they go round. (Strongly connected components, by two depth-first searches.)
 */
export function circlesIn(graph: Graph): Id[][] {
  const back = new Map<Id, Id[]>()
  for (const [id, others] of graph)
    for (const other of others) {
      const before = back.get(other)
      if (before !== undefined) before.push(id)
      else if (graph.has(other)) back.set(other, [id])
    }
  const placed = new Set<Id>()
  const component = new Map<Id, Set<Id>>()
  for (const root of finished(graph).reverse()) {
    if (placed.has(root)) continue
    const members = reach(back, root, placed)
    for (const id of members) component.set(id, members)
  }
  const circles: Id[][] = []
  for (const [id, members] of component) if (!isCircle(graph, id, members)) component.delete(id)
  for (const id of graph.keys()) {
    const members = component.get(id)
    if (members === undefined) continue
    circles.push(alongEdges(graph, id, members))
    for (const member of members) component.delete(member)
  }
  return circles
}

const isCircle = (graph: Graph, id: Id, members: ReadonlySet<Id>): boolean =>
  members.size > 1 || graph.get(id)?.includes(id) === true

/** All ids, each behind those that it leads to and that were not met before. */
function finished(graph: Graph): Id[] {
  const order: Id[] = []
  const met = new Set<Id>()
  for (const root of graph.keys()) {
    if (met.has(root)) continue
    met.add(root)
    const path: { readonly id: Id; next: number }[] = [{ id: root, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const other = graph.get(top.id)?.[top.next]
      top.next += 1
      if (other === undefined) {
        order.push(top.id)
        path.pop()
      } else if (graph.has(other) && !met.has(other)) {
        met.add(other)
        path.push({ id: other, next: 0 })
      }
    }
  }
  return order
}

/** Those whom one leads to and who are not placed yet, itself included. */
function reach(graph: Graph, from: Id, placed: Set<Id>): Set<Id> {
  const members = new Set<Id>([from])
  placed.add(from)
  for (const id of members) {
    for (const other of graph.get(id) ?? []) {
      if (placed.has(other)) continue
      placed.add(other)
      members.add(other)
    }
  }
  return members
}

function alongEdges(graph: Graph, from: Id, members: ReadonlySet<Id>): Id[] {
  const way = new Set<Id>()
  for (let id: Id | undefined = from; id !== undefined; ) {
    way.add(id)
    id = graph.get(id)?.find((other) => members.has(other) && !way.has(other))
  }
  for (const id of members) way.add(id)
  return [...way]
}
