import { type Kernel, PAGE_SIZE, type Ref, reads, writes } from '../../kernel/index.ts'
import type { Socket } from './socket-object.ts'
import { wakeEach } from './waiting.ts'

/**
 * How much a socket may have sent that is not received yet: SO_SNDBUF, socket(7). Linux counts not the bytes but the
 * memory that it puts them in, so the smaller the messages the fewer bytes they may be: 278 of one byte each.
 */

/** Of a socket: what of its room is taken. */
export const ROOM = 2

/** net.core.wmem_default */
export const SNDBUF = 212992

/** The queue of those who wait for room to send from the socket. */
export const room = (socket: Ref<Socket>): string => `${socket}/room`

/** A message may begin as long as not all of it is taken, however long it is. */
export const hasRoom = (kernel: Kernel, ref: Ref<Socket>): boolean => reads(kernel, ref, ROOM).sent < SNDBUF

/** Who waits for room, or polls for it, has to see three quarters of it free. */
export const hasMuchRoom = (kernel: Kernel, ref: Ref<Socket>): boolean => reads(kernel, ref, ROOM).sent * 4 <= SNDBUF

export function uncharge(kernel: Kernel, ref: Ref<Socket>, cost: number): void {
  const socket = writes(kernel, ref, ROOM)
  socket.sent -= cost
  if (!socket.dead && socket.sent * 4 <= SNDBUF) wakeEach(kernel, room(ref))
}

/** struct sk_buff and struct skb_shared_info. */
const BUFFER = 256
const SHARED = 320
const CACHE_LINE = 64

/** The memory of a buffer whose first part is in one piece, the rest in pages: its `truesize`. */
function trueSize(inOnePiece: number, inPages: number): number {
  const wanted = roundUp(inOnePiece, CACHE_LINE) + SHARED
  return 2 ** Math.ceil(Math.log2(wanted)) + BUFFER + roundUp(inPages, PAGE_SIZE)
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit

/** How much of a datagram's buffer is in one piece, and of a stream's. */
const PIECE = 4 * PAGE_SIZE - SHARED
const STREAM_PIECE = PAGE_SIZE - SHARED

/** What goes into one buffer of a stream. */
export const STREAM_MAX = STREAM_PIECE + 2 ** 15

/** How long a datagram may be. */
export const DATAGRAM_MAX = SNDBUF - 32

export const costOfDatagram = (bytes: number): number => cost(bytes, PIECE)
export const costOfStream = (bytes: number): number => cost(bytes, STREAM_PIECE)

function cost(bytes: number, piece: number): number {
  const inPages = Math.min(bytes, roundUp(Math.max(0, bytes - piece), PAGE_SIZE))
  return trueSize(bytes - inPages, inPages)
}
