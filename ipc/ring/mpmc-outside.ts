import { type RingHandle, shapeBehind } from './create.ts'
import { DIED, freeEnd, TAKEN as HAD } from './ends.ts'
import { CLAIMED, CLOSING, ENDS, FREE, lapOf, lapsOf, ownerOf, phaseOf, STATES, state, VOID } from './mpmc-layout.ts'
import { rouse } from './protocol.ts'

/** What is done to a ring from many to many from outside, without an end of it. */

/** Nobody claims a slot any more; the first consumer that comes to a free one ends the ring there. */
export function closeMpmc(handle: RingHandle): void {
  const { slots } = shapeBehind(handle, 'mpmc')
  const cells = new Int32Array(handle.memory)
  Atomics.store(cells, CLOSING, 1)
  for (let cell = STATES; cell < STATES + slots; cell++) rouse(cells, cell)
}

/**
 * The owner of that end is gone: slots that it was writing are void, those that it was reading are free. Only then the end can
 * be taken again; and only one at a time buries it, as a second would not know whose slots it sees.
 * @param ours the end's word, as its owner had it
 */
export function buryMpmcEnd(handle: RingHandle, number: number, ours: number): boolean {
  const { slots } = shapeBehind(handle, 'mpmc')
  const cells = new Int32Array(handle.memory)
  if ((ours & (HAD | DIED)) !== HAD) return false
  if (Atomics.compareExchange(cells, ENDS + number, ours, ours | DIED) !== ours) return false
  const laps = lapsOf(slots)
  for (let cell = STATES; cell < STATES + slots; cell++) {
    for (let word = Atomics.load(cells, cell); ownerOf(word) === number; word = Atomics.load(cells, cell)) {
      const after =
        phaseOf(word) === CLAIMED ? state(lapOf(word), VOID, 0) : state((lapOf(word) + 1) & (laps - 1), FREE, 0)
      Atomics.compareExchange(cells, cell, word, after)
    }
    // Not only for those: who died between passing a slot on and waking has woken nobody.
    Atomics.notify(cells, cell)
  }
  return freeEnd(cells, ENDS + number, ours | DIED, 0)
}
