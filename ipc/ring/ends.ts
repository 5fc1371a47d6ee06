import { type RingHandle, shapeBehind } from './create.ts'
import { RingError } from './errors.ts'
import {
  CLOSED_BY_CONSUMER,
  CLOSED_BY_PRODUCER,
  CONSUMER,
  CONSUMER_DEAD,
  DOORBELL,
  LANE_CELLS,
  laneAt,
  PRODUCER,
  PRODUCER_DEAD,
  READ,
  type RingKind,
  type Shape,
  STATE,
  WRITTEN,
} from './layout.ts'
import { rouse } from './protocol.ts'

/** The ends of a lane: who has them, and what happens when one is given back, closed, or its owner dies. */

export type End = 'producer' | 'consumer'

/** An end's cell counts how often it was taken and given back: odd while somebody has it. */
export const isTaken = (count: number): boolean => (count & 1) === 1

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

/** @throws RingError `not a ring`, `wrong kind` */
export function laneOf(handle: RingHandle, number: number, allowed: readonly RingKind[]): Lane {
  const shape = shapeBehind(handle)
  if (!allowed.includes(shape.kind))
    throw new RingError(
      'wrong kind',
      `this ring is of kind '${shape.kind}', and '${allowed.join("' or '")}' is asked for`,
    )
  const { memory } = handle
  return { shape, number, memory, cells: new Int32Array(memory), at: laneAt(shape, number) }
}

/** The bytes of the lane's messages. */
export const dataAt = ({ at }: Lane): number => (at + LANE_CELLS) * Int32Array.BYTES_PER_ELEMENT

/** Takes an end; the number that comes back gives it back. @throws RingError `taken` */
export function take({ cells, at, number }: Lane, end: End): number {
  const cell = at + (end === 'producer' ? PRODUCER : CONSUMER)
  const count = Atomics.load(cells, cell)
  if (isTaken(count) || Atomics.compareExchange(cells, cell, count, count + 1) !== count)
    throw new RingError(
      'taken',
      `somebody is the ${end} of this ring${number > 0 ? ` (lane ${number})` : ''} already; if it is gone, say so by declareDead(handle, '${end}')`,
    )
  Atomics.and(cells, at + STATE, ~(end === 'producer' ? PRODUCER_DEAD : CONSUMER_DEAD))
  return count + 1
}

/** Gives an end back, unless it was given to another since. Whether it was ours. */
export function returnEnd({ cells, at }: Lane, end: End, taken: number): boolean {
  const cell = at + (end === 'producer' ? PRODUCER : CONSUMER)
  return Atomics.compareExchange(cells, cell, taken, taken + 1) === taken
}

/** Says something to both sides of a lane, and wakes whoever sleeps, so that it looks. */
export function announce({ cells, at }: Lane, bits: number): void {
  Atomics.or(cells, at + STATE, bits)
  rouse(cells, at + WRITTEN)
  rouse(cells, at + READ)
  Atomics.add(cells, DOORBELL, 1)
  Atomics.notify(cells, DOORBELL)
}

export const closedBy = (end: End): number => (end === 'producer' ? CLOSED_BY_PRODUCER : CLOSED_BY_CONSUMER)
