import {
  type Args,
  type Call,
  call,
  copy,
  type Data,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  reads,
  type Thread,
  threadOf,
  writes,
} from '../../kernel/index.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import {
  asData,
  type ClientId,
  captured,
  dataInfoOf,
  type Message,
  messageIn,
  type Outgoing,
  type PortMessage,
  unsigned,
} from './message.ts'
import { DATA, LINKS, type Port, portAt } from './port.ts'
import { ntError } from './status.ts'
import { threadByClientId, waiterFor } from './thread.ts'
import { copyMemory } from './virtual-memory.ts'

/**
 * Data info: a request says where in its sender's memory more is to be read or written, and as long as the sender waits
 * for the reply, the receiver may. The connection port keeps such a request until it is replied to.
 */

/** The port that keeps what is received through this one; `null`: it is disconnected, and nothing is kept. */
function keeper(kernel: Kernel, port: Ref<Port>): Ref<Port> | null {
  const { type } = peek(kernel, port)
  return type === 'connection' || type === 'unconnected' ? port : reads(kernel, port, LINKS).connectionPort
}

/** A message that was received through the port is kept, if it has data info. */
export function keepDataInfo(kernel: Kernel, port: Ref<Port>, message: Message): void {
  if (message.dataInfoOffset === 0) return
  const by = keeper(kernel, port)
  if (by !== null) writes(kernel, by, DATA).dataInfo.push(copy(message))
}

function find(kernel: Kernel, by: Ref<Port>, messageId: number, { process, thread }: ClientId): number {
  return reads(kernel, by, DATA).dataInfo.findIndex(
    ({ clientId, messageId: id }) => id === messageId && clientId.process === process && clientId.thread === thread,
  )
}

/** The message is replied to. */
export function freeDataInfo(kernel: Kernel, port: Ref<Port>, { messageId, clientId }: PortMessage): void {
  const by = keeper(kernel, port)
  const at = by === null ? -1 : find(kernel, by, messageId, clientId)
  if (by !== null && at >= 0) writes(kernel, by, DATA).dataInfo.splice(at, 1)
}

interface CopyArgs extends Args {
  readonly port: Handle
  readonly message: Data
  readonly index: number
  readonly buffer: number
  readonly length: number
}

function attempt(kernel: Kernel, thread: Thread, args: CopyArgs, write: boolean): Outcome {
  const message = messageIn(args.message)
  if (message === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
  if (message.dataInfoOffset === 0) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  const port = portAt(kernel, thread, args.port)
  if (isStatus(port)) return fail(kernel, port)
  const { clientId, messageId } = message
  const client = threadByClientId(kernel, clientId)
  if (client === null) return fail(kernel, 'STATUS_INVALID_CID')
  if (waiterFor(kernel, client, messageId, port) === null) return fail(kernel, 'STATUS_REPLY_MESSAGE_MISMATCH')
  const by = keeper(kernel, port)
  const at = by === null ? -1 : find(kernel, by, messageId, clientId)
  const kept = by === null ? undefined : peek(kernel, by).dataInfo[at]
  const entry = kept === undefined ? undefined : dataInfoOf(kept)[args.index]
  if (entry === undefined || args.length > entry.length) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  const [own, others] = [
    { thread, address: args.buffer },
    { thread: threadOf(kernel, client), address: entry.address },
  ]
  const isCopied = copyMemory(kernel, write ? own : others, write ? others : own, args.length)
  return isCopied ? done(kernel, args.length) : fail(kernel, 'STATUS_ACCESS_VIOLATION')
}

const readDef = defineCall<CopyArgs, number>({
  name: 'NtReadRequestData',
  error: ntError,
  stages: [{ attempt: (kernel, thread, args) => attempt(kernel, thread, args, false) }],
})

const writeDef = defineCall<CopyArgs, number>({
  name: 'NtWriteRequestData',
  error: ntError,
  stages: [{ attempt: (kernel, thread, args) => attempt(kernel, thread, args, true) }],
})

const given = (port: unknown, message: unknown, index: unknown, buffer: unknown, length: unknown): CopyArgs => ({
  port: handleGiven(port),
  message: asData(captured(message)),
  index: unsigned(index),
  buffer: handleGiven(buffer),
  length: unsigned(length),
})

/**
 * Copies from the memory of a request's sender, as an entry of the request's data info describes it, into the caller's.
 * Returns how many bytes.
 * @param Message the request as it was received
 * @param Index of the entry
 * @param Buffer address in the caller's memory
 * @throws NtError STATUS_INVALID_PARAMETER (no data info, no such entry, or it is shorter), STATUS_INVALID_HANDLE,
 *   _OBJECT_TYPE_MISMATCH, STATUS_INVALID_CID, STATUS_REPLY_MESSAGE_MISMATCH (the sender does not wait for that any
 *   more), STATUS_ACCESS_VIOLATION (either's memory)
 */
export const NtReadRequestData = (
  PortHandle: Handle,
  Message: Outgoing,
  Index: number,
  Buffer: number,
  BufferLength: number,
): Call<number> => call(readDef, given(PortHandle, Message, Index, Buffer, BufferLength))

/** The other way round: copies from the caller's memory into the sender's. @throws NtError as `NtReadRequestData` */
export const NtWriteRequestData = (
  PortHandle: Handle,
  Message: Outgoing,
  Index: number,
  Buffer: number,
  BufferLength: number,
): Call<number> => call(writeDef, given(PortHandle, Message, Index, Buffer, BufferLength))
