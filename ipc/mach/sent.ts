import { BadInput, type Data } from '../../kernel/index.ts'
import { isObject, listOf, shown, signed, text, unsigned } from './args.ts'
import { MACH_MSGH_BITS_LOCAL, MACH_MSGH_BITS_REMOTE } from './constants.ts'

/** A message as programs write it, and as a call's arguments hold it. */

/** What a body consists of, on the sender's side. */
export type BodyItem =
  /** Whole numbers of 32 bits. */
  | { readonly data: readonly number[] }
  /** Characters of one byte each. */
  | { readonly string: string }
  /** Rights, all taken with one disposition: MACH_MSG_TYPE_COPY_SEND and so on. */
  | { readonly disposition: number; readonly ports: readonly number[] }
  /** Out-of-line memory: so many bytes from an address on. With `deallocate` they are unmapped from the sender. */
  | { readonly address: number; readonly size: number; readonly deallocate?: boolean }

export interface MachMessage {
  /** MACH_MSGH_BITS(how the destination is taken, how the reply right is). That rights are in the body needs no saying. */
  readonly msgh_bits: number
  /** Where to. */
  readonly msgh_remote_port: number
  /** Where a reply may be sent. */
  readonly msgh_local_port?: number
  readonly msgh_id?: number
  readonly body?: readonly BodyItem[]
}

/** The same as plain data, every number what C would make of it. */
export interface SentMessage {
  readonly remote: number
  readonly remoteType: number
  readonly local: number
  readonly localType: number
  readonly id: number
  readonly body: readonly SentItem[]
}

export type SentItem =
  | { readonly data: readonly number[] }
  | { readonly string: string }
  | { readonly disposition: number; readonly ports: readonly number[] }
  | { readonly address: number; readonly size: number; readonly deallocate: boolean }

/** @throws BadInput when it is no message at all: C would not have compiled it */
export function sentMessage(message: unknown, call: string): SentMessage {
  if (!isObject(message)) throw new BadInput(`${call}: a message is an object with a header, not ${shown(message)}`)
  const bits = unsigned(message.msgh_bits)
  return {
    remote: unsigned(message.msgh_remote_port),
    remoteType: MACH_MSGH_BITS_REMOTE(bits),
    local: unsigned(message.msgh_local_port),
    localType: MACH_MSGH_BITS_LOCAL(bits),
    id: signed(message.msgh_id),
    body: listOf(message.body ?? [], 'the body', call).map((item) => sentItem(item, call)),
  }
}

function sentItem(item: unknown, call: string): SentItem {
  if (!isObject(item)) throw new BadInput(`${call}: an item of a body is an object, not ${shown(item)}`)
  if ('data' in item) return { data: listOf(item.data, 'data', call).map(signed) }
  if ('string' in item) return { string: text(item.string) }
  if ('ports' in item)
    return { disposition: unsigned(item.disposition) & 0xff, ports: listOf(item.ports, 'ports', call).map(unsigned) }
  if ('address' in item)
    return { address: unsigned(item.address), size: unsigned(item.size), deallocate: item.deallocate === true }
  throw new BadInput(
    `${call}: an item of a body has data, a string, ports with a disposition, or an address and a size`,
  )
}

/** What a received body consists of. */
export type ReceivedItem =
  | { readonly data: readonly number[] }
  | { readonly string: string }
  /** MACH_MSG_TYPE_PORT_SEND, _SEND_ONCE or _RECEIVE: rights that the receiver has now, by their names. _PORT_NAME: mere names. */
  | { readonly type: number; readonly ports: readonly number[] }
  /** Out-of-line memory, at a new address. */
  | { readonly address: number; readonly size: number }

export interface ReceivedMessage {
  /** MACH_MSGH_BITS(what the reply right is, by what kind of right the message came), and MACH_MSGH_BITS_COMPLEX. */
  readonly msgh_bits: number
  readonly msgh_size: number
  /** The right to reply to. */
  readonly msgh_remote_port: number
  /** The port that the message was sent to. */
  readonly msgh_local_port: number
  readonly msgh_seqno: number
  readonly msgh_id: number
  readonly body: readonly ReceivedItem[]
}

/** Plain data, as calls hold it. */
export const asData = (value: object): Data => value as unknown as Data // made of nothing else
