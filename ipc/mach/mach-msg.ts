import {
  type Args,
  BadInput,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  type Id,
  invariant,
  type Kernel,
  next,
  type Outcome,
  peek,
  reads,
  sleepOn,
  type Thread,
} from '../../kernel/index.ts'
import { isObject, shown, unsigned } from './args.ts'
import {
  MACH_MSG_TYPE_PORT_SEND_ONCE,
  MACH_PORT_TYPE_PORT_SET,
  MACH_PORT_TYPE_RECEIVE,
  MACH_RCV_LARGE,
  MACH_RCV_MSG,
  MACH_RCV_TIMEOUT,
  MACH_SEND_MSG,
  MACH_SEND_TIMEOUT,
} from './constants.ts'
import { copyinMessage } from './copyin.ts'
import { copyoutHeader, copyoutMessage, copyoutUnsent } from './copyout.ts'
import { destroyMessage } from './destroy.ts'
import { error } from './errors.ts'
import { type Message, sizeOfSent } from './message.ts'
import { isAlive, PLACE, type Port, type PortRef, portName } from './port.ts'
import {
  countOut,
  deliver,
  firstIn,
  type Home,
  hasRoom,
  receiversOf,
  sendersTo,
  sleepersWoken,
  takeFirst,
  type Word,
} from './queue.ts'
import { asData, type MachMessage, type ReceivedMessage, type SentMessage, sentMessage } from './sent.ts'
import { look, spaceOf } from './space.ts'

/**
 * mach_msg: sends a message, receives one, or both. Each half is two stages: one that turns names into rights, or into a
 * queue, and one in which it waits.
 */

interface MsgArgs extends Args {
  readonly msg: ReturnType<typeof asData>
  readonly option: number
  readonly rcv_size: number
  readonly rcv_name: number
  /** In ms, of each half. */
  readonly timeout: number
}

const SEND = 0
const SEND_WAIT = 1
const RECEIVE = 2
const RECEIVE_WAIT = 3

const NS_PER_MS = 1e6

/** Where a receiver waits, and what it was like there when it came: who leaves no mark is not told of changes. */
interface Waiting {
  readonly home: Home
  readonly moves: number
  readonly joins: number
}

const has = (option: number, bit: number): boolean => (option & bit) !== 0

/** The half that is over may be the first of two. */
const sent = (kernel: Kernel, { option }: MsgArgs): Outcome =>
  has(option, MACH_RCV_MSG) ? next(kernel, RECEIVE) : done(kernel)

/** Whether the message of a sender that waits would go now. */
function canGo(kernel: Kernel, { remote, remoteType }: Message): boolean {
  if (remote === null || !isAlive(kernel, remote)) return true
  return remoteType === MACH_MSG_TYPE_PORT_SEND_ONCE || hasRoom(kernel, remote)
}

/** Sends a message that can go. One to a dead port, and one that would be in its own queue, count as sent and are destroyed. */
function go(kernel: Kernel, message: Message): void {
  const { remote, circular } = message
  if (remote !== null && isAlive(kernel, remote) && !circular) return deliver(kernel, remote, message)
  if (remote === null || !isAlive(kernel, remote)) message.remote = null
  destroyMessage(kernel, message)
}

function trySend(kernel: Kernel, thread: Thread, args: MsgArgs, message: Message, mayWait: boolean): Outcome {
  if (canGo(kernel, message)) {
    keep(thread, null)
    go(kernel, message)
    return sent(kernel, args)
  }
  if (!mayWait) return giveBack(kernel, thread, message, 'MACH_SEND_TIMED_OUT')
  keep(thread, message)
  if (sleepersWoken(kernel) === null) return next(kernel, SEND_WAIT)
  kernel.stage = SEND_WAIT
  return sleepOn(kernel, thread, sendersTo(message.remote as Id)) // it waits for a port
}

function giveBack(kernel: Kernel, thread: Thread, message: Message, code: string): Outcome {
  keep(thread, null)
  return fail(kernel, code, asData(copyoutUnsent(kernel, thread, message)))
}

/** What a waiting call has in hand: the message to be sent, or where it receives from. */
function keep(thread: Thread, what: Message | Waiting | null): void {
  invariant(thread.call !== null, 'who waits is in a call')
  thread.call.saved = what === null ? null : asData(what)
}

const kept = <T extends Message | Waiting>({ call }: Thread): T => call?.saved as unknown as T // as the stage has left it

/** The message that a call was given. */
const sentIn = (msg: MsgArgs['msg']): SentMessage => msg as unknown as SentMessage // `mach_msg` has made it

/** With no time to wait a half waits not at all. */
const mayWait = ({ option, timeout }: MsgArgs, bit: number): boolean => !has(option, bit) || timeout > 0

/** The queue that a name leads to. */
function findQueue(kernel: Kernel, thread: Thread, { rcv_name }: MsgArgs): Waiting | string {
  const entry = look(kernel, spaceOf(thread.process), rcv_name)
  if (entry === null || entry.object === null) return 'MACH_RCV_INVALID_NAME'
  if (entry.type === MACH_PORT_TYPE_PORT_SET) return { home: entry.object, moves: 0, joins: 0 }
  if (!has(entry.type, MACH_PORT_TYPE_RECEIVE)) return 'MACH_RCV_INVALID_NAME'
  const { set, moves, joins } = reads(kernel, entry.object as PortRef, PLACE) // a receive right's
  return set === null ? { home: entry.object, moves, joins } : 'MACH_RCV_IN_SET'
}

/** What has befallen the queue since the receiver came; `null` for nothing. Sleepers are woken with it instead. */
function changeOf(kernel: Kernel, { home, moves, joins }: Waiting): string | null {
  if (!isAlive(kernel, home)) return 'MACH_RCV_PORT_DIED'
  if (peek<Port>(kernel, home).kind !== 'mach port') return null
  const now = reads<Port>(kernel, home, PLACE)
  if (now.moves !== moves) return 'MACH_RCV_PORT_DIED'
  return now.joins === joins ? null : 'MACH_RCV_PORT_CHANGED'
}

function tryReceive(kernel: Kernel, thread: Thread, args: MsgArgs, waiting: Waiting, wait: boolean): Outcome {
  const { home } = waiting
  const changed = changeOf(kernel, waiting)
  if (changed !== null) return fail(kernel, changed)
  const first = firstIn(kernel, home)
  if (first === undefined) {
    if (!wait) return fail(kernel, 'MACH_RCV_TIMED_OUT')
    keep(thread, waiting)
    if (sleepersWoken(kernel) === null) return next(kernel, RECEIVE_WAIT)
    kernel.stage = RECEIVE_WAIT
    return sleepOn(kernel, thread, receiversOf(home))
  }
  if (has(args.option, MACH_RCV_LARGE) && first.size > args.rcv_size) return tooLarge(kernel, first.size)
  const taken = takeFirst(kernel, home)
  invariant(taken !== null, 'the first message of a queue can be taken')
  return receive(kernel, thread, args, taken.message, taken.seqno)
}

const tooLarge = (kernel: Kernel, msgh_size: number): Outcome => fail(kernel, 'MACH_RCV_TOO_LARGE', { msgh_size })

/** The receiver has the message in hand. */
function receive(kernel: Kernel, thread: Thread, args: MsgArgs, message: Message, seqno: number): Outcome {
  keep(thread, null)
  countOut(kernel, message)
  if (message.size <= args.rcv_size) return done(kernel, copyoutMessage(kernel, thread, message, seqno))
  return fail(kernel, 'MACH_RCV_TOO_LARGE', asData(copyoutHeader(kernel, thread, message, seqno)))
}

/** What a sleeping receiver was woken with; `null` while it has not been. */
function wordFor({ call }: Thread): Word | null {
  return (call?.wake ?? null) as unknown as Word | null // nobody else wakes it
}

function heed(kernel: Kernel, thread: Thread, args: MsgArgs, word: Word): Outcome {
  invariant(thread.call !== null, 'who is woken is in a call')
  thread.call.wake = null
  if ('message' in word) return receive(kernel, thread, args, word.message, word.seqno)
  return word.code === 'MACH_RCV_TOO_LARGE' ? tooLarge(kernel, word.size) : fail(kernel, word.code)
}

function giveUp(kernel: Kernel, thread: Thread, args: MsgArgs, reason: GiveUpReason): Outcome {
  const stage = thread.call?.stage ?? SEND
  if (stage === SEND_WAIT) {
    const message = kept<Message>(thread)
    // When the time is up there may be room after all.
    if (reason === 'timeout') return trySend(kernel, thread, args, message, false)
    return giveBack(kernel, thread, message, 'MACH_SEND_INTERRUPTED')
  }
  if (stage !== RECEIVE_WAIT) return fail(kernel, 'MACH_RCV_INTERRUPTED') // killed between two stages: nothing is held
  const word = wordFor(thread)
  if (word !== null) return heed(kernel, thread, args, word)
  if (reason === 'timeout') return tryReceive(kernel, thread, args, kept<Waiting>(thread), false)
  return fail(kernel, 'MACH_RCV_INTERRUPTED')
}

const machMsgDef = defineCall<MsgArgs, ReceivedMessage | undefined>({
  name: 'mach_msg',
  error,
  stages: [
    {
      attempt(kernel, thread, args) {
        const { option, msg } = args
        if (!has(option, MACH_SEND_MSG)) return has(option, MACH_RCV_MSG) ? find(kernel, thread, args) : done(kernel)
        const message = copyinMessage(kernel, thread, sentIn(msg))
        if (typeof message === 'string') return fail(kernel, message)
        return trySend(kernel, thread, args, message, mayWait(args, MACH_SEND_TIMEOUT))
      },
    },
    {
      canProceed: (kernel, thread) => canGo(kernel, kept<Message>(thread)),
      attempt: (kernel, thread, args) =>
        trySend(kernel, thread, args, kept<Message>(thread), mayWait(args, MACH_SEND_TIMEOUT)),
    },
    { attempt: find },
    {
      canProceed(kernel, thread) {
        const waiting = kept<Waiting>(thread)
        return (
          wordFor(thread) !== null || changeOf(kernel, waiting) !== null || firstIn(kernel, waiting.home) !== undefined
        )
      },
      attempt(kernel, thread, args) {
        const word = wordFor(thread)
        if (word !== null) return heed(kernel, thread, args, word)
        return tryReceive(kernel, thread, args, kept<Waiting>(thread), mayWait(args, MACH_RCV_TIMEOUT))
      },
    },
  ],
  deadline(kernel, thread, { option, timeout }) {
    const bit = (thread.call?.stage ?? SEND) === SEND_WAIT ? MACH_SEND_TIMEOUT : MACH_RCV_TIMEOUT
    return has(option, bit) ? kernel.state.clock + timeout * NS_PER_MS : null
  },
  giveUp,
  interruptible: true,
  copies: ({ msg }, received) =>
    (msg === null ? 0 : sizeOfSent(sentIn(msg))) + ((received as ReceivedMessage | undefined)?.msgh_size ?? 0), // it returns no other
  waitsFor: (kernel, thread) => ({ object: whereOf(kernel, thread) }),
  subject: (kernel, thread) => whereOf(kernel, thread),
})

/** Finds the queue to receive from. Where waiters leave no mark that is all, as taking a message hangs on other things. */
function find(kernel: Kernel, thread: Thread, args: MsgArgs): Outcome {
  const waiting = findQueue(kernel, thread, args)
  if (typeof waiting === 'string') return fail(kernel, waiting)
  const wait = mayWait(args, MACH_RCV_TIMEOUT)
  if (!wait || sleepersWoken(kernel) !== null) return tryReceive(kernel, thread, args, waiting, wait)
  keep(thread, waiting)
  return next(kernel, RECEIVE_WAIT)
}

/** The port or set that a waiting call is about, or stands before. */
function whereOf(kernel: Kernel, thread: Thread): string {
  const { stage, args } = thread.call as NonNullable<Thread['call']> // asked of threads in a call
  if (stage === SEND_WAIT) return portName(kernel, kept<Message>(thread).remote ?? '')
  if (stage === RECEIVE_WAIT) return portName(kernel, kept<Waiting>(thread).home)
  const { msg, option, rcv_name } = args as MsgArgs
  const name = has(option, MACH_SEND_MSG) && stage === SEND ? sentIn(msg).remote : rcv_name
  const space = kernel.state.objects[spaceOf(thread.process)] as
    | { entries: Record<number, { object: Id | null }> }
    | undefined
  const object = space?.entries[name]?.object ?? null
  return object === null ? `name ${name}` : portName(kernel, object)
}

/** What mach_msg takes besides the message and its options: C's other arguments. */
export interface MsgOptions {
  /** The receive right or port set to receive from. */
  readonly rcv_name?: number
  /** Bytes that the receiver has room for; default: as many as it takes. */
  readonly rcv_size?: number
  /** In ms, of each half whose option MACH_SEND_TIMEOUT or MACH_RCV_TIMEOUT is set; 0 does not wait at all. */
  readonly timeout?: number
}

const SIZE_MAX = 0xffff_ffff

/**
 * Sends a message, receives one, or does both in one call.
 *
 * Sending waits while the port's queue is full; MACH_SEND_TIMEOUT bounds that. Receiving waits for a message. Bits of
 * `option`: MACH_SEND_MSG, MACH_RCV_MSG, MACH_SEND_TIMEOUT, MACH_RCV_TIMEOUT, MACH_RCV_LARGE. (MACH_SEND_NOTIFY,
 * MACH_SEND_CANCEL and MACH_RCV_NOTIFY are not modelled, and it does not try again when it is interrupted.)
 * @param message `null` where nothing is sent
 * @throws MachError MACH_SEND_INVALID_HEADER, _DEST, _REPLY (nothing has changed), _RIGHT, _MEMORY (what was in the
 *   message before it is gone), MACH_SEND_TIMED_OUT and _INTERRUPTED (`detail` is the message, its rights under the names
 *   that they have now); MACH_RCV_INVALID_NAME, _IN_SET, _TIMED_OUT, _INTERRUPTED, _PORT_DIED, _PORT_CHANGED,
 *   _TOO_LARGE (`detail` is the header, and the message is destroyed; with MACH_RCV_LARGE its size, and it stays).
 *   Mach 3 Kernel Interfaces, mach_msg
 */
export function mach_msg(
  message: MachMessage | null,
  option: number,
  options: MsgOptions & { readonly rcv_name: number },
): Call<ReceivedMessage>
export function mach_msg(message: MachMessage | null, option: number, options?: MsgOptions): Call<void>
export function mach_msg(
  message: MachMessage | null,
  option: number,
  options: MsgOptions = {},
): Call<ReceivedMessage> | Call<void> {
  if (!isObject(options)) throw new BadInput(`mach_msg: options are an object, not ${shown(options)}`)
  const bits = unsigned(option)
  const { rcv_name = 0, rcv_size = SIZE_MAX, timeout = 0 } = options
  return call(machMsgDef, {
    msg: has(bits, MACH_SEND_MSG) ? asData(sentMessage(message, 'mach_msg')) : null,
    option: bits,
    rcv_size: unsigned(rcv_size),
    rcv_name: unsigned(rcv_name),
    timeout: unsigned(timeout),
  }) as Call<ReceivedMessage>
}

/**
 * Sends a message, and waits while the queue is full.
 * @param timeout in ms; with 0 it does not wait, without it waits for ever
 * @throws MachError as mach_msg does
 */
export function mach_msg_send(message: MachMessage, timeout?: number): Call<void> {
  if (timeout === undefined) return mach_msg(message, MACH_SEND_MSG)
  return mach_msg(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, { timeout })
}

/**
 * Receives a message from a port or a port set, and waits for one.
 * @param timeout as of mach_msg_send
 * @throws MachError as mach_msg does
 */
export function mach_msg_receive(rcv_name: number, timeout?: number): Call<ReceivedMessage> {
  if (timeout === undefined) return mach_msg(null, MACH_RCV_MSG, { rcv_name })
  return mach_msg(null, MACH_RCV_MSG | MACH_RCV_TIMEOUT, { rcv_name, timeout })
}

/**
 * Sends a message and receives the answer in one call: a remote procedure call.
 * @param rcv_name where the answer comes: the port of which the message carries a send-once right
 * @param timeout of both halves, as of mach_msg_send
 * @throws MachError as mach_msg does
 */
export function mach_msg_rpc(message: MachMessage, rcv_name: number, timeout?: number): Call<ReceivedMessage> {
  const option = MACH_SEND_MSG | MACH_RCV_MSG
  if (timeout === undefined) return mach_msg(message, option, { rcv_name })
  return mach_msg(message, option | MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT, { rcv_name, timeout })
}
