import type { Data } from '../../kernel/index.ts'
import { littleEndian32, word32 } from './bytes.ts'

/**
 * Messages: a header of 24 bytes (PORT_MESSAGE, in its 32-bit layout) and a payload. Programs see the header as an object
 * and the payload as a string with one character a byte.
 */

/** Message types, as the header has them. */
export const LPC_NEW_MESSAGE = 0
export const LPC_REQUEST = 1
export const LPC_REPLY = 2
export const LPC_DATAGRAM = 3
/** Of NT's design; no call sends it, as an unexpected reply is STATUS_REPLY_MESSAGE_MISMATCH. */
export const LPC_LOST_REPLY = 4
export const LPC_PORT_CLOSED = 5
export const LPC_CLIENT_DIED = 6
export const LPC_EXCEPTION = 7
export const LPC_DEBUG_EVENT = 8
export const LPC_ERROR_EVENT = 9
export const LPC_CONNECTION_REQUEST = 10
/** Set in the type of what the kernel itself sends to itself; programs can't. */
export const LPC_KERNELMODE_MESSAGE = 0x8000

/** Bytes of the header. */
export const PORT_HEADER = 24
/** The most that MaxMessageLength can be, header included: 304 bytes of payload. */
export const MAX_MESSAGE_LENGTH = 328
/** The most bytes that go along with a connection request, and with its answer. */
export const MAX_CONNECT_INFO = 260

/** CLIENT_ID: a thread, by its process's number and its own. */
export interface ClientId {
  readonly process: number
  readonly thread: number
}

/** A message as it is received. */
export interface PortMessage {
  /** LPC_REQUEST, LPC_REPLY, … */
  readonly type: number
  /** Bytes of payload. */
  readonly dataLength: number
  /** At least header and payload. */
  readonly totalLength: number
  /** Where in the message, counted from its header, the block of data info is; 0 for none. */
  readonly dataInfoOffset: number
  /** The thread that sent it; in a reply, the one that it is for. */
  readonly clientId: ClientId
  readonly messageId: number
  /** Not 0 in callbacks and their answers. */
  readonly callbackId: number
  /** In connection requests: bytes of the view that the client has given. */
  readonly clientViewSize: number
  readonly data: string
}

/** A piece of the sender's memory, for NtReadRequestData and NtWriteRequestData. */
export interface DataInfoEntry {
  readonly address: number
  readonly length: number
}

/** A message to be sent: its payload, or that with whatever of the header is not to be as it follows from it. */
export type Outgoing = string | OutgoingMessage

export interface OutgoingMessage {
  readonly data?: string
  /** Appended to the payload as a block, for the receiver to read and write. */
  readonly dataInfo?: readonly DataInfoEntry[]
  /** LPC_REQUEST makes a request a callback; otherwise 0, the default. */
  readonly type?: number
  readonly clientId?: ClientId
  readonly messageId?: number
  readonly callbackId?: number
  /** Default: as long as the payload is. */
  readonly dataLength?: number
  /** Default: header and payload. */
  readonly totalLength?: number
  readonly dataInfoOffset?: number
}

/** Bytes, header and all, of what a call is given and what it returns, where these are messages: all of both is copied. */
export const bytesCopied = (given: Data, returned: unknown): number => {
  const { totalLength = 0, message = null } = (returned ?? {}) as Partial<PortMessage & { message: PortMessage }>
  return (messageIn(given)?.totalLength ?? 0) + (message?.totalLength ?? totalLength)
}

/** The reply to a message. */
export const replyTo = ({ clientId, messageId, callbackId }: PortMessage, data = ''): OutgoingMessage => ({
  data,
  clientId,
  messageId,
  callbackId,
})

/** A callback to whoever waits for the reply to this message, for NtRequestWaitReplyPort. */
export const callbackTo = (message: PortMessage, data = ''): OutgoingMessage => ({
  ...replyTo(message, data),
  type: LPC_REQUEST,
})

const SHORT_MAX = 0x7fff
const LONG = 4
const ENTRY = 8

/** What a program has passed, as the header and the bytes that C would see; `null` where there is no message to be read. */
export function captured(given: unknown): PortMessage | null {
  if (typeof given === 'string') return captured({ data: given })
  if (typeof given !== 'object' || given === null) return null
  const message = given as { readonly [K in keyof OutgoingMessage]: unknown } // any of them may be anything
  const text = message.data === undefined ? '' : message.data
  const entries = entriesGiven(message.dataInfo)
  if (!isBytes(text) || entries === null) return null
  const padded = entries.length === 0 ? text : paddedToLong(text)
  const payload = entries.length === 0 ? text : padded + dataInfoBlock(entries)
  const dataLength = short(message.dataLength ?? Math.min(payload.length, SHORT_MAX - PORT_HEADER))
  const totalLength = short(message.totalLength ?? Math.min(payload.length + PORT_HEADER, SHORT_MAX))
  const itsOffset = entries.length === 0 ? 0 : PORT_HEADER + padded.length
  return {
    type: short(message.type ?? LPC_NEW_MESSAGE),
    dataLength,
    totalLength,
    dataInfoOffset: short(message.dataInfoOffset ?? itsOffset),
    clientId: clientIdGiven(message.clientId),
    messageId: unsigned(message.messageId),
    callbackId: unsigned(message.callbackId),
    clientViewSize: 0,
    data: payload.slice(0, Math.max(0, dataLength)).padEnd(dataLength, '\0'),
  }
}

/** One character a byte: what has other characters can't be meant. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: any byte is fine, also NUL
export const isBytes = (data: unknown): data is string => typeof data === 'string' && /^[\x00-\xff]*$/.test(data)

function clientIdGiven(given: unknown): ClientId {
  const { process, thread } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
  return { process: unsigned(process), thread: unsigned(thread) }
}

/** `null`: no list of entries. */
function entriesGiven(given: unknown): DataInfoEntry[] | null {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) return null
  const entries: DataInfoEntry[] = []
  for (const one of given) {
    if (typeof one !== 'object' || one === null) return null
    const { address, length } = one as Record<string, unknown>
    entries.push({ address: unsigned(address), length: unsigned(length) })
  }
  return entries
}

/** What a C program would have in a short, and in an unsigned long. */
const short = (value: unknown): number => (typeof value === 'number' ? (value << 16) >> 16 : 0)
export const unsigned = (value: unknown): number => (typeof value === 'number' ? value >>> 0 : 0)

const paddedToLong = (data: string): string => data.padEnd(Math.ceil(data.length / LONG) * LONG, '\0')

/** The block that describes pieces of memory: how many, and address and length of each. `count`: what to say instead. */
export function dataInfoBlock(entries: readonly DataInfoEntry[], count = entries.length): string {
  return littleEndian32(count) + entries.map((one) => littleEndian32(one.address) + littleEndian32(one.length)).join('')
}

/** The pieces of memory that a message describes, in order; none without data info. */
export function dataInfoOf({ data, dataInfoOffset }: Pick<PortMessage, 'data' | 'dataInfoOffset'>): DataInfoEntry[] {
  if (dataInfoOffset === 0) return []
  const at = dataInfoOffset - PORT_HEADER
  const entries: DataInfoEntry[] = []
  for (let left = word32(data, at), entry = at + LONG; left > 0; left--, entry += ENTRY)
    entries.push({ address: word32(data, entry), length: word32(data, entry + LONG) })
  return entries
}

/** Whether data info, if there is any, lies within the message. Room for one entry is asked for even where there is none. */
export function isDataInfoSound({ data, dataInfoOffset, totalLength }: PortMessage): boolean {
  if (dataInfoOffset === 0) return true
  if (dataInfoOffset < PORT_HEADER || dataInfoOffset + LONG + ENTRY > totalLength) return false
  return dataInfoOffset + LONG + ENTRY * word32(data, dataInfoOffset - PORT_HEADER) <= totalLength
}

/** Whether the lengths of the header agree. Negative ones are, as in C, very large. */
export const areLengthsSound = ({ dataLength, totalLength }: PortMessage): boolean =>
  (dataLength >>> 0) + PORT_HEADER <= totalLength >>> 0

/** A message under way, or kept for its data info. */
export interface Message extends PortMessage {
  /** What the receiver is told of the connection that it came by. */
  readonly context: PortContext | null
  /** The port that it was sent through. */
  readonly sender: string | null
}

/** What a server may note with a connection, to be given back with all that comes by it. */
export type PortContext = number | string

/** What the kernel puts into a message on its way. */
export type Stamped = Pick<Message, 'type' | 'clientId' | 'messageId' | 'callbackId' | 'context' | 'sender'>

/** The message as it is under way. Field by field: a spread costs ten times as much, and every message is made so. */
export const stamped = (message: PortMessage, stamp: Stamped): Message => ({
  type: stamp.type,
  dataLength: message.dataLength,
  totalLength: message.totalLength,
  dataInfoOffset: message.dataInfoOffset,
  clientId: stamp.clientId,
  messageId: stamp.messageId,
  callbackId: stamp.callbackId,
  clientViewSize: message.clientViewSize,
  data: message.data,
  context: stamp.context,
  sender: stamp.sender,
})

/** The message as its receiver sees it. */
export const received = (message: Message): PortMessage => ({
  type: message.type,
  dataLength: message.dataLength,
  totalLength: message.totalLength,
  dataInfoOffset: message.dataInfoOffset,
  clientId: { process: message.clientId.process, thread: message.clientId.thread },
  messageId: message.messageId,
  callbackId: message.callbackId,
  clientViewSize: message.clientViewSize,
  data: message.data,
})

/** The same as call argument, */
export const asData = (message: PortMessage | null): Data => message as unknown as Data // plain data it is

/** and back. `null`: there is no message at that address. */
export const messageIn = (argument: Data): PortMessage | null => argument as unknown as PortMessage | null // made by `captured`
