import { type RingHandle, shapeBehind } from './create.ts'
import {
  CLOSED,
  cellOfEnd,
  DIED,
  type End,
  freeEnd,
  type Lane,
  laneOf,
  OWNER_MAX,
  ownerOf,
  rouseLane,
  TAKEN,
} from './ends.ts'
import { RingError, shown, wholeNumber } from './errors.ts'
import type { Shape } from './layout.ts'
import { ENDS, ENDS_MAX } from './mpmc-layout.ts'
import { buryMpmcEnd, closeMpmc } from './mpmc-outside.ts'

/** What is done to a ring from outside, by whoever has its handle and none of its ends. */

/**
 * Tells a ring that the owner of an end is gone for good: a worker that was terminated, say. The other side is told, what the
 * dead one was at is made usable, and the end can be taken by a fresh one. Nothing happens where nobody has the end. Call it
 * from a thread that lives on, and only when the owner does nothing any more: after the worker's `exit`.
 *
 * Lost, or seen twice: of a producer, what it had not published is lost (`mpmc`: the message it was writing). Of a consumer,
 * what it had not given back is read again by the next one, up to an eighth of the ring; what it had, and held as a copy (of a
 * message, or a batch), is lost with it, and nothing where it reads in place and gives back after its work. But of `mpmc`, the
 * one message that it was reading or held is lost, and none is read twice.
 * @param number of `mpsc`, the producer's `lane`; of `mpmc`, the end's `number`
 * @throws RingError `not a ring`, `wrong kind`, `bad argument`
 */
export function declareDead(handle: RingHandle, end: End, number?: number): void {
  const shape = shapeBehind(handle)
  if (end !== 'producer' && end !== 'consumer')
    throw new RingError('bad argument', `an end is 'producer' or 'consumer', not ${shown(end)}`)
  if (shape.kind === 'mpmc') {
    const which = wholeNumber('number', number, 1, ENDS_MAX)
    buryMpmcEnd(handle, which, Atomics.load(new Int32Array(handle.memory), ENDS + which))
  } else if (end === 'consumer') for (const lane of lanesOf(handle, shape)) buryLaneEnd(lane, end, 0)
  else buryLaneEnd(laneOf(handle, number ?? 0, shape.kind), end, 0)
}

/** As `declareDead`, of all ends that were attached by that owner and are still its own. @throws RingError likewise */
export function declareOwnerDead(handle: RingHandle, owner: number): void {
  wholeNumber('owner', owner, 1, OWNER_MAX)
  const shape = shapeBehind(handle)
  if (shape.kind === 'mpmc') {
    const cells = new Int32Array(handle.memory)
    for (let number = 1; number <= ENDS_MAX; number++) {
      const word = Atomics.load(cells, ENDS + number)
      if (ownerOf(word) === owner) buryMpmcEnd(handle, number, word)
    }
    return
  }
  for (const lane of lanesOf(handle, shape)) {
    buryLaneEnd(lane, 'producer', owner)
    buryLaneEnd(lane, 'consumer', owner)
  }
}

/** @param owner only if it is this one's; 0: whoever's */
function buryLaneEnd(lane: Lane, end: End, owner: number): void {
  const cell = cellOfEnd(lane, end)
  const word = Atomics.load(lane.cells, cell)
  if ((word & TAKEN) !== 0 && (owner === 0 || ownerOf(word) === owner)) freeEnd(lane.cells, cell, word, DIED)
  // Also where nobody has the end: who died between closing and waking has woken nobody.
  rouseLane(lane)
}

const lanesOf = (handle: RingHandle, shape: Shape): Lane[] =>
  Array.from({ length: shape.lanes }, (_, lane) => laneOf(handle, lane, shape.kind))

/** As much of a `Worker` of Node's as is needed here. */
export interface Exiting {
  readonly threadId: number
  once(event: 'exit', listener: () => void): unknown
}

/**
 * When the worker exits, whatever ends it has of the ring are declared dead: those that it attached with its `threadId` as
 * `owner`. What somebody else has attached meanwhile is left alone. A thread that blocks hears no exit: let its event loop turn.
 * @throws RingError `not a ring`, `bad argument`: the worker has exited already, or is a page's
 */
export function watch(worker: Exiting, handle: RingHandle): void {
  shapeBehind(handle)
  // Which is -1 after its exit.
  const threadId = worker?.threadId
  if (!(threadId > 0))
    throw new RingError('bad argument', "watch is for a Worker of Node's that has not exited; else: declareDead")
  worker.once('exit', () => declareOwnerDead(handle, threadId))
}

/** Closes a ring for both sides: what was published is still read. @throws RingError `not a ring`, `wrong kind` */
export function close(handle: RingHandle): void {
  const shape = shapeBehind(handle)
  if (shape.kind === 'mpmc') return closeMpmc(handle)
  for (const lane of lanesOf(handle, shape)) {
    for (const end of ['producer', 'consumer'] as const) Atomics.or(lane.cells, cellOfEnd(lane, end), CLOSED)
    rouseLane(lane)
  }
}
