import { processorSeconds } from '../table.ts'

/**
 * The limits: what a loop does that keeps nothing but a heap of plain events, and one that runs a generator on at each as
 * well. Events a second of processor time.
 */

interface Event {
  at: number
  number: number
  readonly who: number
}

const sooner = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.number < b.number)

/** Takes the first event of the heap, and has it again `ns` later. */
function postpone(heap: Event[], ns: number, number: number): void {
  const event = heap[0] as Event // there is one for each process
  event.at += ns
  event.number = number
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    const right = heap[below + 1]
    if (right !== undefined && sooner(right, heap[below] as Event)) below += 1
    const other = heap[below] as Event // both are below length
    if (!sooner(other, event)) break
    heap[at] = other
    at = below
  }
  heap[at] = event
}

const ns = (turn: number): number => 1000 + ((turn * 7919) % 100_003)

const eventsOf = (processes: number): Event[] =>
  Array.from({ length: processes }, (_, who) => ({ at: who, number: who, who }))

function rate(events: number, step: (turn: number) => void): number {
  for (let turn = 0; turn < events / 2; turn++) step(turn)
  const from = processorSeconds()
  for (let turn = 0; turn < events; turn++) step(turn)
  return events / (processorSeconds() - from)
}

/** A binary heap of events, one for each process, and nothing else. */
export function bareHeap(processes: number, events: number): number {
  const heap = eventsOf(processes)
  return rate(events, (turn) => postpone(heap, ns(turn), turn))
}

/** The same, and each event runs its process on to its next `yield`. */
export function bareGenerators(processes: number, events: number): number {
  function* program(): Generator<number, void, unknown> {
    for (let turn = 0; ; turn++) yield ns(turn)
  }
  const programs = Array.from({ length: processes }, program)
  const heap = eventsOf(processes)
  return rate(events, (turn) => {
    const { who } = heap[0] as Event // as above
    postpone(heap, programs[who]?.next().value ?? 0, turn)
  })
}
