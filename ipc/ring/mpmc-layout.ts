import { CELL_BYTES, HEAD_CELLS, LINE_CELLS, type Shape, strideOf, WORD_BYTES } from './layout.ts'

/**
 * A ring from many to many, behind the head: hints where its tail and head are, who has its ends, a state for each slot, the slots.
 *
 * Producers and consumers count in tickets, without end. A slot's state is a word: the lap that it is in (which round of the ring
 * its ticket belongs to), who is at it, what it is doing, and whether somebody sleeps on it:
 *
 * ```
 * bits 31..12  lap    11..4  owner    3..1  phase    0  asleep
 * ```
 *
 * `FREE`: a producer with a ticket of this lap may claim it. `CLAIMED`: it writes. `FULL`: a consumer may take it. `TAKEN`: it
 * reads; then the slot is `FREE` in the next lap. `VOID`: its producer died while it wrote. `END`: the ring was closed here.
 *
 * Everything is decided by exchanges on these words alone, so that who dies at any moment leaves behind at most slots with its
 * name on them. After Vyukov, Bounded MPMC queue, 1024cores.net, where a slot's sequence number is its lap and phase.
 */

export const FREE = 0
export const CLAIMED = 1
export const FULL = 2
export const TAKEN = 3
export const VOID = 4
export const END = 5

const PHASE_SHIFT = 1
const OWNER_SHIFT = 4
const LAP_SHIFT = 12

/** As many as fit into an owner; 0 is nobody. */
export const ENDS_MAX = 255

export const state = (lap: number, phase: number, owner: number): number =>
  (lap << LAP_SHIFT) | (owner << OWNER_SHIFT) | (phase << PHASE_SHIFT)

export const phaseOf = (word: number): number => (word >>> PHASE_SHIFT) & 7
export const ownerOf = (word: number): number => (word >>> OWNER_SHIFT) & ENDS_MAX
export const lapOf = (word: number): number => word >>> LAP_SHIFT

/** How many laps are told apart: as many as a state has room for, and no more than tickets wrap after. A power of two. */
export const lapsOf = (slots: number): number => Math.min(2 ** (32 - LAP_SHIFT), 2 ** 32 / slots)

/**
 * How far one ticket is ahead of another: negative for behind. Tickets that are a whole number of rounds of all laps apart are
 * one and the same: their slot and their lap are.
 */
export function ticketsAhead(one: number, other: number, range: number): number {
  const difference = ((one - other) & (range - 1)) >>> 0
  return difference < range / 2 ? difference : difference - range
}

/** How many of so many laps one is ahead of the other: negative for behind. */
export function ahead(one: number, other: number, laps: number): number {
  const difference = (one - other) & (laps - 1)
  return difference < laps / 2 ? difference : difference - laps
}

/** Cells. The hints are plain: they are read and written without order, and may be behind, never ahead of the truth. */
export const TAIL_HINT = HEAD_CELLS
export const HEAD_HINT = HEAD_CELLS + LINE_CELLS
/** Whether the ring is to be closed. */
export const CLOSING = HEAD_CELLS + 2 * LINE_CELLS
/** The ends' words, as in ends.ts; the first is number 1. One that is taken and died is being buried. */
export const ENDS = HEAD_CELLS + 3 * LINE_CELLS
export const STATES = ENDS + Math.ceil((ENDS_MAX + 1) / LINE_CELLS) * LINE_CELLS

export function slotsAt({ slots }: Shape): number {
  return (STATES + Math.ceil(slots / LINE_CELLS) * LINE_CELLS) * CELL_BYTES
}

export const mpmcBytes = (shape: Shape): number => slotsAt(shape) + shape.slots * strideOf(shape) * WORD_BYTES
