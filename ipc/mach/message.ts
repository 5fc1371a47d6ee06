import type { Id } from '../../kernel/index.ts'
import {
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_RECEIVE,
  MACH_MSG_TYPE_MOVE_SEND,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_MSG_TYPE_PORT_SEND,
  MACH_MSG_TYPE_PORT_SEND_ONCE,
} from './constants.ts'
import type { SentMessage } from './sent.ts'

/** Messages: as the kernel holds them, with rights in the place of names, and what size they have on a 32-bit machine. */

export interface Message {
  readonly id: number
  /** In bytes, header included. */
  readonly size: number
  /** The right that it was sent to, which it keeps until it is received; `null` once that must not be given back any more. */
  remote: Id | null
  readonly remoteType: number
  /** The right to reply to. */
  readonly local: Carried
  readonly localType: number
  readonly body: readonly Item[]
  /** With it a receive right would get into its own queue: it is never queued. */
  readonly circular: boolean
}

/** A right in a message: the port, `null` for none, or `DEAD` for one whose port was dead when it was taken. */
export type Carried = Id | null
export const DEAD: Id = 'dead'

/** Whether there is a right: its port may have died since. */
export const isRight = (carried: Carried): carried is Id => carried !== null && carried !== DEAD

export type Item =
  | { readonly kind: 'data'; readonly data: readonly number[] }
  | { readonly kind: 'string'; readonly string: string }
  /** Numbers that are said to be names, and are no rights. */
  | { readonly kind: 'names'; readonly type: number; readonly names: readonly number[] }
  | { readonly kind: 'rights'; readonly type: number; readonly rights: Carried[] }
  | MemoryItem

/** Out-of-line memory: whole pages, shared with the sender until one of the two writes. */
export interface MemoryItem {
  readonly kind: 'memory'
  /** In bytes; where in its first page it begins. */
  readonly size: number
  readonly offset: number
  /** Frames; an absent page is all zeros. */
  pages: (Id | null)[]
}

export const HEADER_SIZE = 24
const TYPE_SIZE = 4
const LONG_TYPE_SIZE = 12
const WORD = 4
/** A type descriptor has 12 bits for the number of elements; for more there is a longer one. */
const NUMBER_MAX = 4095

export const isComplex = ({ kind }: Item): boolean => kind === 'rights' || kind === 'memory'

/** Bytes of an item: its descriptor and what is inline, in whole words. */
export function sizeOfItem(item: Item): number {
  switch (item.kind) {
    case 'data':
      return described(item.data.length) + item.data.length * WORD
    case 'names':
      return described(item.names.length) + item.names.length * WORD
    case 'rights':
      return described(item.rights.length) + item.rights.length * WORD
    case 'string':
      return described(item.string.length + 1) + Math.ceil((item.string.length + 1) / WORD) * WORD
    case 'memory':
      return described(item.size) + WORD
    default:
      return item satisfies never
  }
}

/** Bytes of what a program sends, header and all; memory out of line counts by its descriptor alone. */
export function sizeOfSent({ body }: SentMessage): number {
  let size = HEADER_SIZE
  for (const item of body) {
    if ('string' in item) size += described(item.string.length + 1) + Math.ceil((item.string.length + 1) / WORD) * WORD
    else if ('address' in item) size += described(item.size) + WORD
    else {
      const { length } = 'data' in item ? item.data : item.ports
      size += described(length) + length * WORD
    }
  }
  return size
}

const described = (number: number): number => (number > NUMBER_MAX ? LONG_TYPE_SIZE : TYPE_SIZE)

/** Whether it is a disposition of rights at all. */
export const isPortType = (type: number): boolean =>
  type >= MACH_MSG_TYPE_MOVE_RECEIVE && type <= MACH_MSG_TYPE_MAKE_SEND_ONCE

/** Whether it is one that makes a right to send to. */
export const isSendType = (type: number): boolean =>
  type >= MACH_MSG_TYPE_MOVE_SEND && type <= MACH_MSG_TYPE_MAKE_SEND_ONCE

/** What a right that was taken so is in the message. */
export function typeInMessage(disposition: number): number {
  if (disposition === 0 || disposition === MACH_MSG_TYPE_MOVE_RECEIVE) return disposition
  const once = disposition === MACH_MSG_TYPE_MOVE_SEND_ONCE || disposition === MACH_MSG_TYPE_MAKE_SEND_ONCE
  return once ? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND
}
