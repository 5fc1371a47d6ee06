import { type RingHandle, shapeBehind } from './create.ts'
import { RingError, wholeNumber } from './errors.ts'
import { CONSUMER, DOORBELL, LANE_CELLS, laneAt, PRODUCER, READ, type RingKind, type Shape, WRITTEN } from './layout.ts'
import { rouse } from './protocol.ts'

/**
 * The ends of a ring, each a word: whether somebody has it, what became of who had it, how often it was taken, and by whom.
 *
 * ```
 * bits 31..11  owner    10..3  generation    2  closed    1  died    0  taken
 * ```
 *
 * It changes by compare-and-exchange of the whole word, so that whoever speaks of an end speaks of that owner and of no later one.
 */

export type End = 'producer' | 'consumer'

export const TAKEN = 1
/** Who had it last is dead. */
export const DIED = 2
/** Whoever has it, or takes it: the ring is closed from this side. */
export const CLOSED = 4
const GENERATIONS = 0x7f8
const ONE_MORE = 8
const OWNER_SHIFT = 11
/** Owners have a name from 1 up to here, as threads have; 0 for none. */
export const OWNER_MAX = 2 ** (32 - OWNER_SHIFT) - 1

export const ownerOf = (word: number): number => word >>> OWNER_SHIFT

/** Takes an end: the word that stands there from now on; 0: somebody has it. */
export function takeEnd(cells: Int32Array, cell: number, owner: number): number {
  for (;;) {
    const word = Atomics.load(cells, cell)
    if ((word & TAKEN) !== 0) return 0
    const ours = (owner << OWNER_SHIFT) | ((word + ONE_MORE) & GENERATIONS) | (word & CLOSED) | TAKEN
    if (Atomics.compareExchange(cells, cell, word, ours) === word) return ours
  }
}

/** Frees an end that has been taken with that word, unless it was given to another since. @param fate `CLOSED`, `DIED` or 0 */
export function freeEnd(cells: Int32Array, cell: number, ours: number, fate: number): boolean {
  for (;;) {
    const word = Atomics.load(cells, cell)
    if ((word & ~CLOSED) !== (ours & ~CLOSED)) return false
    const free = (word & (GENERATIONS | CLOSED)) | fate
    if (Atomics.compareExchange(cells, cell, word, free) === word) return true
  }
}

/** A lane of a ring, as either side sees it. */
export interface Lane {
  readonly shape: Shape
  readonly number: number
  readonly memory: SharedArrayBuffer
  /** The whole memory, as cells. */
  readonly cells: Int32Array<SharedArrayBuffer>
  /** The lane's first cell. */
  readonly at: number
}

/** @throws RingError `not a ring`, `wrong kind`, `bad argument`: there is no such lane */
export function laneOf(handle: RingHandle, number: number, kind: RingKind): Lane {
  const shape = shapeBehind(handle, kind)
  wholeNumber('lane', number, 0, shape.lanes - 1)
  const { memory } = handle
  return { shape, number, memory, cells: new Int32Array(memory), at: laneAt(shape, number) }
}

/** The bytes of the lane's messages. */
export const dataAt = ({ at }: Lane): number => (at + LANE_CELLS) * Int32Array.BYTES_PER_ELEMENT

export const cellOfEnd = ({ at }: Lane, end: End): number => at + (end === 'producer' ? PRODUCER : CONSUMER)

/** Wakes whoever sleeps at a lane, so that it looks at what has become of the ends. */
export function rouseLane({ cells, at }: Lane): void {
  rouse(cells, at + WRITTEN)
  rouse(cells, at + READ)
  Atomics.add(cells, DOORBELL, 1)
  Atomics.notify(cells, DOORBELL)
}

export function takenAlready({ number, shape }: Lane, end: End): RingError {
  const [lane, which] = shape.lanes > 1 ? [` (lane ${number})`, `, ${number}`] : ['', '']
  return new RingError(
    'taken',
    `somebody is the ${end} of this ring already${lane}; if it is gone, say so by declareDead(handle, '${end}'${which})`,
  )
}
