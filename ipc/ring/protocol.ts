/**
 * How two sides tell each other how far they are, and wake each other: the whole of it, on one Int32 cell per side.
 *
 * A cell holds a position, doubled, and in its lowest bit whether the other side sleeps on it. Publishing a position is one
 * exchange, which tells in the same step whether somebody is to be woken: so no wake-up is lost, and none is tried in vain.
 *
 * Positions count messages (or units of a record) without end and wrap at 32 bits: they are compared by their difference,
 * `(a - b) | 0`, never by `<`.
 */

/** The lowest bit of a cell: the other side sleeps until the cell changes. */
export const ASLEEP = 1

/** Lets the other side see everything written before, and wakes it if it sleeps. @param position doubled */
export function publish(cells: Int32Array, cell: number, position: number): void {
  if ((Atomics.exchange(cells, cell, position) & ASLEEP) !== 0) Atomics.notify(cells, cell)
}

/** As `publish`, where the other side may sleep on a cell of its own, which only counts who rang. */
export function publishAndRing(cells: Int32Array, cell: number, position: number, bell: number): void {
  if ((Atomics.exchange(cells, cell, position) & ASLEEP) === 0) return
  if (bell !== cell) Atomics.add(cells, bell, 1)
  Atomics.notify(cells, bell)
}

/** The position that the other side has published; what it wrote before can be read. Doubled. */
export function published(cells: Int32Array, cell: number): number {
  return Atomics.load(cells, cell) & ~ASLEEP
}

/** Marks that this side sleeps, if the cell still holds that position; from then on whoever changes it wakes us. */
export function fallAsleep(cells: Int32Array, cell: number, position: number): boolean {
  return (Atomics.compareExchange(cells, cell, position, position | ASLEEP) & ~ASLEEP) === position
}

/** Takes the mark of sleep away, if it is still there. */
export function wakeUp(cells: Int32Array, cell: number, position: number): void {
  Atomics.compareExchange(cells, cell, position | ASLEEP, position)
}

/** Wakes whoever sleeps on the cell, though the position stays: after a change elsewhere that it must look at. */
export function rouse(cells: Int32Array, cell: number): void {
  Atomics.and(cells, cell, ~ASLEEP)
  Atomics.notify(cells, cell)
}
