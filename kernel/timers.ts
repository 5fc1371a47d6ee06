import { Heap } from 'heap-js'
import type { Timer } from './state.ts'

/** The timers as they are in the state: a plain array that is a binary heap, the earliest first. */

/** The order in which timers fire: a total one. */
export const earlier = (a: Timer, b: Timer): number => a.at - b.at || a.number - b.number

export const pushTimer = (heap: Timer[], timer: Timer): void => Heap.heappush(heap, timer, earlier)

/** Takes the first out. */
export function popTimer(heap: Timer[]): void {
  Heap.heappop(heap, earlier)
}
