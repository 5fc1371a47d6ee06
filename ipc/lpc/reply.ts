import {
  type Args,
  type Call,
  call,
  type Data,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  pin,
  type Ref,
  reads,
  type Thread,
} from '../../kernel/index.ts'
import { freeDataInfo } from './data-info.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import {
  areLengthsSound,
  asData,
  bytesCopied,
  captured,
  LPC_REPLY,
  messageIn,
  type Outgoing,
  type PortMessage,
  received,
  stamped,
} from './message.ts'
import { isTooLong, LINKS, type Port, portAt } from './port.ts'
import { type NtStatus, ntError } from './status.ts'
import {
  deliver,
  hang,
  type LpcThread,
  lpcThread,
  sleepForAnswer,
  takeAnswer,
  threadByClientId,
  waiterFor,
} from './thread.ts'
import { waitForReply } from './waits.ts'

/**
 * Replying: the message goes to the thread that its header names, if that waits for just this. Any thread with a
 * suitable handle may reply, in whatever order, whether it has received the request or not.
 */

interface ReplyArgs extends Args {
  readonly port: Handle
  readonly message: Data
}

/** What is wrong with the header, before anything is looked at that it names. */
export function headerError(message: PortMessage): NtStatus | null {
  return areLengthsSound(message) && message.messageId !== 0 ? null : 'STATUS_INVALID_PARAMETER'
}

/** Who is to have the reply, if it waits for it. */
export function addressee(kernel: Kernel, port: Ref<Port>, message: PortMessage): Ref<LpcThread> | NtStatus {
  const thread = threadByClientId(kernel, message.clientId)
  if (thread === null) return 'STATUS_INVALID_CID'
  return waiterFor(kernel, thread, message.messageId, port) ?? 'STATUS_REPLY_MESSAGE_MISMATCH'
}

/** Hands over the reply, and frees what was kept of the request. */
export function reply(kernel: Kernel, port: Ref<Port>, to: Ref<LpcThread>, message: PortMessage): void {
  const { clientId, messageId, callbackId } = message
  const { process, thread } = clientId
  const stamp = { type: LPC_REPLY, clientId: { process, thread }, messageId, callbackId, context: null, sender: null }
  deliver(kernel, to, stamped(message, stamp))
  freeDataInfo(kernel, port, message)
}

/** Finds the port and the addressee; fails with the first thing that is wrong. */
function findBoth(
  kernel: Kernel,
  thread: Thread,
  { port: handle, message: given }: ReplyArgs,
): { readonly port: Ref<Port>; readonly to: Ref<LpcThread>; readonly message: PortMessage } | NtStatus {
  const message = messageIn(given)
  if (message === null) return 'STATUS_ACCESS_VIOLATION'
  const error = headerError(message)
  if (error !== null) return error
  const port = portAt(kernel, thread, handle)
  if (isStatus(port)) return port
  if (isTooLong(kernel, port, message)) return 'STATUS_PORT_MESSAGE_TOO_LONG'
  const to = addressee(kernel, port, message)
  return isStatus(to) ? to : { port, to, message }
}

const replyDef = defineCall<ReplyArgs, void>({
  name: 'NtReplyPort',
  error: ntError,
  copies: ({ message }, returned) => bytesCopied(message, returned),
  stages: [
    {
      attempt(kernel, thread, args) {
        const found = findBoth(kernel, thread, args)
        if (typeof found === 'string') return fail(kernel, found)
        reply(kernel, found.port, found.to, found.message)
        return done(kernel)
      },
    },
  ],
})

/**
 * Replies to a request; never waits. NT's design says that a reply nobody waits for is queued to the other side as
 * LPC_LOST_REPLY; what is recorded is STATUS_REPLY_MESSAGE_MISMATCH, and so it is here. Whether Windows XP looked at the
 * port that the reply is sent through is not known; here, as in late versions of NT 5, it has to be related to the one
 * that the request was sent through.
 * @throws NtError STATUS_INVALID_PARAMETER (lengths that disagree, id 0), STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH,
 *   STATUS_PORT_MESSAGE_TOO_LONG, STATUS_INVALID_CID (no such thread), STATUS_REPLY_MESSAGE_MISMATCH (it does not wait for
 *   that, or by an unrelated port), STATUS_ACCESS_VIOLATION (no message)
 */
export const NtReplyPort = (PortHandle: Handle, ReplyMessage: Outgoing): Call<void> =>
  call(replyDef, { port: handleGiven(PortHandle), message: asData(captured(ReplyMessage)) })

/** Stage 0 replies. */
const ANSWERED = 1

function replyAndWait(kernel: Kernel, thread: Thread, args: ReplyArgs): Outcome {
  const found = findBoth(kernel, thread, args)
  if (typeof found === 'string') return fail(kernel, found)
  const { port, to, message } = found
  const { type, connectedPort } = reads(kernel, port, LINKS)
  const peer = type === 'connection' ? port : connectedPort
  if (peer === null) return fail(kernel, 'STATUS_PORT_DISCONNECTED')
  pin(kernel, thread, port)
  reply(kernel, port, to, message)
  const state = lpcThread(kernel, thread)
  hang(kernel, state, message.messageId, peer).port = port
  kernel.stage = ANSWERED
  return sleepForAnswer(kernel, thread, state)
}

const replyWaitDef = defineCall<ReplyArgs, PortMessage>({
  name: 'NtReplyWaitReplyPort',
  error: ntError,
  copies: ({ message }, returned) => bytesCopied(message, returned),
  stages: [
    { attempt: replyAndWait },
    {
      attempt(kernel, thread) {
        const state = lpcThread(kernel, thread)
        const message = takeAnswer(kernel, state)
        if (message === undefined) return sleepForAnswer(kernel, thread, state)
        return message === null ? fail(kernel, 'STATUS_LPC_REPLY_LOST') : done(kernel, received(message))
      },
    },
  ],
  ...waitForReply,
})

/**
 * Answers a callback and goes on waiting: for the reply to the request that the caller made first, or a further callback.
 * @throws NtError as `NtReplyPort`, STATUS_PORT_DISCONNECTED, STATUS_LPC_REPLY_LOST
 */
export const NtReplyWaitReplyPort = (PortHandle: Handle, ReplyMessage: Outgoing): Call<PortMessage> =>
  call(replyWaitDef, { port: handleGiven(PortHandle), message: asData(captured(ReplyMessage)) })
