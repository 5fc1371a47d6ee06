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
import { keepDataInfo } from './data-info.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import {
  areLengthsSound,
  asData,
  bytesCopied,
  captured,
  isDataInfoSound,
  LPC_DATAGRAM,
  LPC_KERNELMODE_MESSAGE,
  LPC_REQUEST,
  type Message,
  messageIn,
  type Outgoing,
  type PortMessage,
  received,
  stamped,
} from './message.ts'
import { isTooLong, LINKS, type Port, portAt, route } from './port.ts'
import { enqueue, nextCallbackId, nextMessageId } from './queue.ts'
import { type NtStatus, ntError } from './status.ts'
import {
  clientIdOf,
  deliver,
  hang,
  lpcThread,
  sleepForAnswer,
  takeAnswer,
  threadByClientId,
  waiterFor,
} from './thread.ts'
import { waitForReply } from './waits.ts'

/** Sending: a datagram, which nobody answers; a request, whose sender waits for the reply; a callback, to who waits for one. */

interface SendArgs extends Args {
  readonly port: Handle
  readonly message: Data
}

const requestDef = defineCall<SendArgs, void>({
  name: 'NtRequestPort',
  error: ntError,
  copies: ({ message }, returned) => bytesCopied(message, returned),
  stages: [
    {
      attempt(kernel, thread, args) {
        const message = messageIn(args.message)
        if (message === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
        if (message.dataInfoOffset !== 0 || !areLengthsSound(message)) return fail(kernel, 'STATUS_INVALID_PARAMETER')
        const port = portAt(kernel, thread, args.port)
        if (isStatus(port)) return fail(kernel, port)
        if (isTooLong(kernel, port, message)) return fail(kernel, 'STATUS_PORT_MESSAGE_TOO_LONG')
        const to = route(kernel, port)
        if (to === null) return fail(kernel, 'STATUS_PORT_DISCONNECTED')
        const type = (message.type & ~LPC_KERNELMODE_MESSAGE) | LPC_DATAGRAM
        enqueue(kernel, to.queue, sent(kernel, thread, port, message, type, to.context), 'semaphore first')
        return done(kernel)
      },
    },
  ],
})

/** The message as it is queued, with an id of its own and the caller as its sender. */
function sent(
  kernel: Kernel,
  thread: Thread,
  sender: Ref<Port>,
  message: PortMessage,
  type: number,
  context: Message['context'],
): Message {
  const clientId = clientIdOf(kernel, thread)
  const messageId = nextMessageId(kernel)
  return stamped(message, { type, clientId, messageId, callbackId: 0, context, sender })
}

/**
 * Sends a datagram, which is not answered; never waits. Whoever receives it sees it as LPC_DATAGRAM.
 * The type that the message has is ORed to that, as in ReactOS; what Windows does with one that is not 0 is not known.
 * @throws NtError STATUS_INVALID_PARAMETER (lengths that disagree; data info), STATUS_INVALID_HANDLE,
 *   _OBJECT_TYPE_MISMATCH, STATUS_PORT_MESSAGE_TOO_LONG, STATUS_PORT_DISCONNECTED, STATUS_ACCESS_VIOLATION (no message)
 */
export const NtRequestPort = (PortHandle: Handle, LpcRequest: Outgoing): Call<void> =>
  call(requestDef, { port: handleGiven(PortHandle), message: asData(captured(LpcRequest)) })

/** The flag that NT clears in a request's type without saying what it is for. */
const UNKNOWN_FLAG = 0x4000
/** Stage 0 sends. */
const ANSWERED = 1

function request(kernel: Kernel, thread: Thread, args: SendArgs): Outcome {
  const message = messageIn(args.message)
  if (message === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
  const type = message.type & ~(LPC_KERNELMODE_MESSAGE | UNKNOWN_FLAG)
  const isSound = isDataInfoSound(message) && (type === 0 || type === LPC_REQUEST) && areLengthsSound(message)
  if (!isSound) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  const port = portAt(kernel, thread, args.port)
  if (isStatus(port)) return fail(kernel, port)
  if (isTooLong(kernel, port, message)) return fail(kernel, 'STATUS_PORT_MESSAGE_TOO_LONG')
  const error = type === LPC_REQUEST ? callBack(kernel, thread, port, message) : ask(kernel, thread, port, message)
  if (error !== null) return fail(kernel, error)
  if (thread.call !== null) thread.call.saved = port
  kernel.stage = ANSWERED
  return sleepForAnswer(kernel, thread, lpcThread(kernel, thread))
}

/** Queues the request, and hangs the caller on the peer's chain. */
function ask(kernel: Kernel, thread: Thread, port: Ref<Port>, message: PortMessage): NtStatus | null {
  const to = route(kernel, port)
  if (to === null) return 'STATUS_PORT_DISCONNECTED'
  const asked = sent(kernel, thread, port, message, LPC_REQUEST, to.context)
  pin(kernel, thread, port)
  if (to.queue !== to.peer) pin(kernel, thread, to.queue)
  hang(kernel, lpcThread(kernel, thread), asked.messageId, to.peer).port = port
  enqueue(kernel, to.queue, asked, 'event first')
  return null
}

/** Hands the message to the thread that waits for the reply to that id, and hangs the caller on the peer's chain. */
function callBack(kernel: Kernel, thread: Thread, port: Ref<Port>, message: PortMessage): NtStatus | null {
  if (message.messageId === 0) return 'STATUS_INVALID_PARAMETER'
  const target = threadByClientId(kernel, message.clientId)
  if (target === null) return 'STATUS_INVALID_CID'
  const waiter = waiterFor(kernel, target, message.messageId, port)
  if (waiter === null) return 'STATUS_REPLY_MESSAGE_MISMATCH'
  const { type, connectedPort } = reads(kernel, port, LINKS)
  const peer = type === 'connection' ? port : connectedPort
  if (peer === null) return 'STATUS_PORT_DISCONNECTED'
  const ids = { clientId: clientIdOf(kernel, thread), callbackId: nextCallbackId(kernel) }
  pin(kernel, thread, port)
  deliver(kernel, waiter, { ...message, ...ids, type: LPC_REQUEST, context: null, sender: port })
  hang(kernel, lpcThread(kernel, thread), message.messageId, peer).port = port
  return null
}

/** Awake again, with the reply, or a callback, or nothing. */
function answered(kernel: Kernel, thread: Thread): Outcome {
  const state = lpcThread(kernel, thread)
  const message = takeAnswer(kernel, state)
  if (message === undefined) return sleepForAnswer(kernel, thread, state)
  if (message === null) return fail(kernel, 'STATUS_LPC_REPLY_LOST')
  if (message.type === LPC_REQUEST) keepDataInfo(kernel, thread.call?.saved as Ref<Port>, message) // `request` put it there
  return done(kernel, received(message))
}

const requestWaitDef = defineCall<SendArgs, PortMessage>({
  name: 'NtRequestWaitReplyPort',
  error: ntError,
  copies: ({ message }, returned) => bytesCopied(message, returned),
  stages: [{ attempt: request }, { attempt: answered }],
  ...waitForReply,
})

/**
 * Sends a request and waits for the reply; or for a callback by the server, a message of type LPC_REQUEST, which is to
 * be answered with NtReplyWaitReplyPort. A request of type LPC_REQUEST, by `callbackTo`, is such a callback itself: it
 * goes past all queues to the thread that waits, and its sender waits then.
 * @throws NtError STATUS_INVALID_PARAMETER (lengths that disagree, data info outside the message, another type, a
 *   callback to id 0), STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH, STATUS_PORT_MESSAGE_TOO_LONG, STATUS_PORT_DISCONNECTED,
 *   STATUS_LPC_REPLY_LOST (the other end was closed meanwhile); a callback also STATUS_INVALID_CID and
 *   STATUS_REPLY_MESSAGE_MISMATCH. STATUS_THREAD_IS_TERMINATING can't come: a thread that ends makes no more calls.
 */
export const NtRequestWaitReplyPort = (PortHandle: Handle, LpcRequest: Outgoing): Call<PortMessage> =>
  call(requestWaitDef, { port: handleGiven(PortHandle), message: asData(captured(LpcRequest)) })
