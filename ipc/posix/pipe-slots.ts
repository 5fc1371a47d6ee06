import { PAGE_SIZE } from '../../kernel/index.ts'

/**
 * What is in a pipe on Linux: not so many bytes but so many pages, each filled from its start and given up when all of
 * it has been read. So a pipe that holds 16 bytes in 16 pages is full.
 */

export interface Slot {
  /** What has not been read of it. */
  data: string
  /** Up to where the page is filled: reading gives no room back. */
  end: number
  /** A write of its own (O_DIRECT): nothing is appended to it, and who reads a part of it loses the rest. */
  readonly packet: boolean
}

export interface Slots {
  slots: Slot[]
  /** In bytes, of whole pages. */
  capacity: number
}

export const isEmpty = ({ slots }: Slots): boolean => slots.length === 0
export const isFull = ({ slots, capacity }: Slots): boolean => slots.length * PAGE_SIZE >= capacity
export const bytesIn = ({ slots }: Slots): number => slots.reduce((sum, { data }) => sum + data.length, 0)

/** How many bytes of a write that begins could be appended to the last page: those that fill no page, if they all fit. */
export function mergeable({ slots }: Slots, length: number): number {
  const odd = length % PAGE_SIZE
  const last = slots.at(-1)
  return last !== undefined && !last.packet && last.end + odd <= PAGE_SIZE ? odd : 0
}

/** Puts in what there is room for; returns how many bytes. @param merge how many of them go to the last page */
export function put(pipe: Slots, data: string, merge: number, packet: boolean): number {
  const last = pipe.slots.at(-1)
  if (last !== undefined && merge > 0) {
    last.data += data.slice(0, merge)
    last.end += merge
  }
  let at = merge
  while (at < data.length && !isFull(pipe)) {
    const page = data.slice(at, at + PAGE_SIZE)
    pipe.slots.push({ data: page, end: page.length, packet })
    at += page.length
  }
  return at
}

/** Takes out up to `count` bytes, of a packet no more than it has. */
export function take(pipe: Slots, count: number): string {
  let bytes = ''
  for (let slot = pipe.slots[0]; slot !== undefined && bytes.length < count; slot = pipe.slots[0]) {
    const wanted = count - bytes.length
    bytes += slot.data.slice(0, wanted)
    if (!slot.packet && slot.data.length > wanted) {
      slot.data = slot.data.slice(wanted)
      break
    }
    pipe.slots.shift()
    if (slot.packet) break
  }
  return bytes
}
