/**
 * A ring's shared memory. A head says what it is; lanes follow, each from one producer to the consumer: who has its ends, the
 * two cells on which they publish how far they are, and its data. Cells that different sides write are 128 bytes apart, so that
 * they share no cache line, nor the pair of lines that processors fetch together.
 *
 * ```
 * byte 0      head: magic, version, kind, bytes of a message, slots, lanes
 *      128    DOORBELL: where the consumer of many lanes sleeps
 *      256    lane 0  +0    PRODUCER, CONSUMER: who has its ends, and what became of them
 *                     +128  WRITTEN: how far the producer is   (the consumer sleeps here)
 *                     +256  READ:    how far the consumer is   (the producer sleeps here)
 *                     +384  data
 *             lane 1  ...
 * ```
 */

/** `IPCR`. */
export const MAGIC_NUMBER = 0x49504352
export const LAYOUT_VERSION = 1

/**
 * `spsc`: messages of one size, from one producer to one consumer; `records`: of any size; `mpsc`: from many producers, a lane
 * each; `mpmc`: from many to many.
 */
export const kinds = ['spsc', 'records', 'mpsc', 'mpmc'] as const
export type RingKind = (typeof kinds)[number]

export const CELL_BYTES = 4
export const LINE_BYTES = 128
export const LINE_CELLS = LINE_BYTES / CELL_BYTES

/** Messages are laid out, and copied, by words of eight bytes. */
export const WORD_BYTES = 8

/** Cells of the head, by number. */
export const MAGIC = 0
export const VERSION = 1
export const KIND = 2
export const MESSAGE_BYTES = 3
export const SLOTS = 4
export const LANES = 5
export const DOORBELL = LINE_CELLS
export const HEAD_CELLS = 2 * LINE_CELLS

/** Cells of a lane, from its first. The ends' words are those of ends.ts. */
export const PRODUCER = 0
export const CONSUMER = 1
export const WRITTEN = LINE_CELLS
export const READ = 2 * LINE_CELLS
export const LANE_CELLS = 3 * LINE_CELLS

/** Positions are doubled and wrap at 32 bits: so many of them are told apart with room to spare. */
export const SLOTS_MAX = 2 ** 28

/** What a ring is, as its head says. */
export interface Shape {
  readonly kind: RingKind
  /** Bytes of a message; the most that a record may have. */
  readonly messageBytes: number
  /** Messages that a lane holds, a power of two; of records, words. */
  readonly slots: number
  readonly lanes: number
}

/** Words from one slot to the next. */
export const strideOf = ({ kind, messageBytes }: Shape): number =>
  kind === 'records' ? 1 : Math.ceil(messageBytes / WORD_BYTES)

/** Bytes of a lane with its data, whole lines. */
export function laneBytes(shape: Shape): number {
  const data = shape.slots * strideOf(shape) * WORD_BYTES
  return LANE_CELLS * CELL_BYTES + Math.ceil(data / LINE_BYTES) * LINE_BYTES
}

/** First cell of a lane. */
export const laneAt = (shape: Shape, lane: number): number => HEAD_CELLS + (lane * laneBytes(shape)) / CELL_BYTES
