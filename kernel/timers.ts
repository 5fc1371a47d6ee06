import type { Timer } from './state.ts'

/** A binary heap of timers in a plain array, as it is in the state: the earliest is the first. */

/** The order in which timers fire: a total one. */
export const earlier = (a: Timer, b: Timer): number => a.at - b.at || a.number - b.number

const isEarlier = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.number < b.number)

export function pushTimer(heap: Timer[], timer: Timer): void {
  let at = heap.length
  heap.push(timer)
  while (at > 0) {
    const above = (at - 1) >> 1
    const other = heap[above] as Timer // a place below length, as all below
    if (!isEarlier(timer, other)) break
    heap[at] = other
    at = above
  }
  heap[at] = timer
}

/** Takes the first out. */
export function popTimer(heap: Timer[]): void {
  const last = heap.pop()
  const { length } = heap
  if (last === undefined || length === 0) return
  let at = 0
  for (let below = 1; below < length; below = 2 * at + 1) {
    let other = heap[below] as Timer
    if (below + 1 < length && isEarlier(heap[below + 1] as Timer, other)) {
      below += 1
      other = heap[below] as Timer
    }
    if (!isEarlier(other, last)) break
    heap[at] = other
    at = below
  }
  heap[at] = last
}
