import {
  type Args,
  type Call,
  call,
  type Data,
  DONE,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  type Kernel,
  next,
  type Outcome,
  pin,
  type Ref,
  reads,
  SLEEP,
  sleepOn,
  type Thread,
  unpin,
  writes,
} from '../../kernel/index.ts'
import { keepDataInfo } from './data-info.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import {
  asData,
  bytesCopied,
  captured,
  LPC_CONNECTION_REQUEST,
  messageIn,
  type Outgoing,
  type PortContext,
  type PortMessage,
  received,
} from './message.ts'
import { isTooLong, type Port, portAt, portName, QUEUE, receiversOf, receivesFrom } from './port.ts'
import { takeMessage } from './queue.ts'
import { addressee, headerError, reply } from './reply.ts'
import { ntError, STATUS_TIMEOUT } from './status.ts'
import { deadlineOf, type Timeout, timeoutGiven } from './timeout.ts'

/** Receiving: the oldest message of a port's queue, whatever it is; and, at the same time, replying to the last one. */

interface ReceiveArgs extends Args {
  readonly port: Handle
  readonly reply: Data
  /** There is a reply, readable or not. */
  readonly replies: boolean
  readonly timeout: Timeout
}

/** A message, and what the server has noted with the connection that it came by; `null` where that says nothing. */
export interface Received {
  readonly message: PortMessage
  readonly context: PortContext | null
}

// The stages: in the first the port is found, and replied through.
const WAIT = 1

/** What an open call knows of where it receives. */
interface Open {
  readonly [name: string]: string
  /** The port that the handle leads to, and the one whose queue it is. */
  readonly port: Ref<Port>
  readonly queue: Ref<Port>
}

const openIn = ({ call }: Thread): Open => call?.saved as Open // `open` puts nothing else there

function open(kernel: Kernel, thread: Thread, args: ReceiveArgs): Outcome {
  const message = messageIn(args.reply)
  if (args.replies && message === null) return fail(kernel, 'STATUS_ACCESS_VIOLATION')
  const error = message === null ? null : headerError(message)
  if (error !== null) return fail(kernel, error)
  const port = portAt(kernel, thread, args.port)
  if (isStatus(port)) return fail(kernel, port)
  if (message !== null && isTooLong(kernel, port, message)) return fail(kernel, 'STATUS_PORT_MESSAGE_TOO_LONG')
  const queue = receivesFrom(kernel, port)
  if (queue === null) return fail(kernel, 'STATUS_PORT_DISCONNECTED')
  const to = message === null ? null : addressee(kernel, port, message)
  if (to !== null && isStatus(to)) return fail(kernel, to)
  if (message !== null && to !== null) reply(kernel, port, to, message)
  if (thread.call !== null) thread.call.saved = { port, queue } satisfies Open
  if (to === null) {
    const { semaphore } = reads(kernel, queue, QUEUE)
    if (semaphore > 0) return pass(kernel, thread)
    if (args.timeout === 0) return done(kernel, STATUS_TIMEOUT)
  }
  pin(kernel, thread, port)
  if (queue !== port) pin(kernel, thread, queue)
  // What comes of the reply may come before the message is received.
  if (to !== null || kernel.state.wakeOrder === 'any') return next(kernel, WAIT)
  kernel.stage = WAIT
  return sleepOn(kernel, thread, receiversOf(queue))
}

/** Passes the semaphore, if that can be, and takes the oldest message. */
function pass(kernel: Kernel, thread: Thread): Outcome {
  const { queue } = openIn(thread)
  if (reads(kernel, queue, QUEUE).semaphore === 0) return sleepOn(kernel, thread, receiversOf(queue))
  writes(kernel, queue, QUEUE).semaphore -= 1
  return take(kernel, thread)
}

function take(kernel: Kernel, thread: Thread): Outcome {
  const { port, queue } = openIn(thread)
  const message = takeMessage(kernel, queue)
  if (message === null) return fail(kernel, 'STATUS_UNSUCCESSFUL')
  if (message.type !== LPC_CONNECTION_REQUEST) keepDataInfo(kernel, port, message)
  return done(kernel, { message: received(message), context: message.context } satisfies Received)
}

const stages = [
  { attempt: open },
  {
    canProceed: (kernel: Kernel, thread: Thread) => reads(kernel, openIn(thread).queue, QUEUE).semaphore > 0,
    attempt: pass,
  },
  { attempt: take },
] as const

const queueName = (kernel: Kernel, thread: Thread): string => {
  const { queue } = (thread.call?.saved ?? {}) as Partial<Open> // as in `openIn`, if it is open yet
  return queue === undefined ? 'messages' : `messages of ${portName(kernel, queue)}`
}

const about = {
  copies: ({ reply }: ReceiveArgs, returned: unknown): number => bytesCopied(reply, returned),
  waitsFor: (kernel: Kernel, thread: Thread) => ({ object: queueName(kernel, thread) }),
  subject: queueName,
  giveUp: (kernel: Kernel, _thread: Thread, _args: unknown, reason: GiveUpReason): Outcome =>
    reason === 'timeout' ? done(kernel, STATUS_TIMEOUT) : SLEEP,
}

const receiveDef = defineCall<ReceiveArgs, Received>({
  name: 'NtReplyWaitReceivePort',
  error: ntError,
  stages,
  ...about,
})

const receiveExDef = defineCall<ReceiveArgs, Received | typeof STATUS_TIMEOUT>({
  name: 'NtReplyWaitReceivePortEx',
  error: ntError,
  stages,
  ...about,
  deadline: (kernel, _thread, { timeout }) => deadlineOf(kernel, timeout),
})

function given(port: unknown, replyMessage: Outgoing | null | undefined, timeout: unknown): ReceiveArgs {
  const replies = replyMessage !== null && replyMessage !== undefined
  const message = replies ? captured(replyMessage) : null
  return { port: handleGiven(port), reply: asData(message), replies, timeout: timeoutGiven(timeout) }
}

/**
 * Replies, if there is something to reply, as `NtReplyPort` does, and waits for the next message. What comes may be a
 * connection request, a request, a datagram, or the kernel's own LPC_PORT_CLOSED and LPC_CLIENT_DIED; by a
 * communication port it may be any client's, as all share the connection port's queue.
 * @throws NtError as `NtReplyPort` for the reply, and then nothing is received; STATUS_INVALID_HANDLE,
 *   _OBJECT_TYPE_MISMATCH, STATUS_PORT_DISCONNECTED (a communication port whose client is gone), STATUS_UNSUCCESSFUL
 *   (for each message that was dropped before it could be received)
 */
export const NtReplyWaitReceivePort = (PortHandle: Handle, ReplyMessage: Outgoing | null = null): Call<Received> =>
  call(receiveDef, given(PortHandle, ReplyMessage, null))

/**
 * As `NtReplyWaitReceivePort`, up to a time; then it returns STATUS_TIMEOUT, which is no error, and the reply has been
 * sent all the same.
 * @param Timeout in units of 100 ns: negative from now on, positive since boot, 0 not at all, `null` for ever
 */
export const NtReplyWaitReceivePortEx = (
  PortHandle: Handle,
  ReplyMessage: Outgoing | null = null,
  Timeout: number | null = null,
): Call<Received | typeof STATUS_TIMEOUT> => call(receiveExDef, given(PortHandle, ReplyMessage, Timeout))

/** What was taken is a connection request, or it is forgotten and the loop begins anew, with the handle. */
function listenOn(kernel: Kernel, thread: Thread, outcome: Outcome): Outcome {
  if (outcome !== DONE) return outcome
  const { message } = kernel.value as Received // what `take` returns
  if (message.type === LPC_CONNECTION_REQUEST) return done(kernel, message)
  unpin(kernel, thread)
  return next(kernel, 0)
}

const [opening, waiting, taking] = stages

const listenDef = defineCall<ReceiveArgs, PortMessage>({
  name: 'NtListenPort',
  error: ntError,
  stages: [
    { attempt: (kernel, thread, args) => listenOn(kernel, thread, opening.attempt(kernel, thread, args)) },
    { ...waiting, attempt: (kernel, thread) => listenOn(kernel, thread, waiting.attempt(kernel, thread)) },
    { attempt: (kernel, thread) => listenOn(kernel, thread, taking.attempt(kernel, thread)) },
  ],
  ...about,
})

/**
 * Waits for a connection request. Whatever else comes meanwhile is thrown away: requests that nobody will ever answer.
 * The handle is looked up again after each.
 * @throws NtError STATUS_INVALID_HANDLE (also: closed meanwhile), _OBJECT_TYPE_MISMATCH, STATUS_PORT_DISCONNECTED,
 *   STATUS_UNSUCCESSFUL
 */
export const NtListenPort = (PortHandle: Handle): Call<PortMessage> => call(listenDef, given(PortHandle, null, null))
