import {
  type Args,
  CREDENTIALS,
  create,
  defineKind,
  exists,
  finish,
  firstSleeper,
  type Id,
  install,
  invariant,
  type Kernel,
  type KernelObject,
  type Ref,
  reads,
  readsProcess,
  type Signal,
  sendSignal,
  sleepers,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import type { Sized } from './file.ts'
import { argsOf } from './waiters.ts'

/**
 * A message queue is a file whose contents are messages: mq_overview(7). Senders that find it full and receivers that
 * find it empty wait in order of arrival, and are served by hand-off: a message for a receiver that waits never is in
 * the queue, and who makes room lets the first waiting sender's message in.
 */

export interface MessageQueue extends Sized {
  readonly kind: 'message queue'
  /** As who made it wrote it. */
  readonly name: string
  /** How many messages it holds, and of how many bytes at most. */
  readonly maxmsg: number
  readonly msgsize: number
  /** The next to be received first: by priority, the oldest first among equals. */
  messages: Message[]
  notification: Notification | null
}

/** What a sender that waits has among its arguments. */
interface Waiting extends Args {
  readonly data: string
  readonly prio: number
}

export interface Message {
  readonly data: string
  readonly prio: number
}

/** Who is to be told, once, that a message has come into the empty queue. */
export interface Notification {
  readonly process: Id
  /** `null`: it only holds the place. */
  readonly signal: Signal | null
}

/** What the queues of a user take of RLIMIT_MSGQUEUE, in bytes. */
interface Usage extends KernelObject {
  readonly kind: 'message queue bytes'
  bytes: number
}

/** How many queues there are. */
interface Count extends KernelObject {
  readonly kind: 'message queue count'
  queues: number
}

const COUNT: Ref<Count> = 'message-queues'
const usageOf = (uid: number): Ref<Usage> => `message-queue-bytes:${uid}`

export const DEFAULT_MAXMSG = 10
export const DEFAULT_MSGSIZE = 8192
/** What a privileged process may ask for. */
const MAXMSG_HARD = 65536
const MSGSIZE_HARD = 2 ** 24
/** fs.mqueue.queues_max */
const QUEUES_MAX = 256
/** RLIMIT_MSGQUEUE */
const BYTES_MAX = 819200
/** The size of a new queue as a file, whatever is in it. */
const FILENT_SIZE = 80
/** sizeof(struct msg_msg) and sizeof(struct posix_msg_tree_node): the worst case is charged, one of each a message. */
const OVERHEAD_BYTES = 48 + 48

const bytesOf = (maxmsg: number, msgsize: number): number => maxmsg * (msgsize + OVERHEAD_BYTES)

/** Makes an empty queue without a name. A string is the errno. */
export function createQueue(
  kernel: Kernel,
  creator: Thread,
  name: string,
  mode: number,
  maxmsg: number,
  msgsize: number,
): { queue: Ref<MessageQueue> } | string {
  if (!exists(kernel, COUNT)) install<Count>(kernel, { id: COUNT, kind: 'message queue count', queues: 0 })
  const { uid, gid } = readsProcess(kernel, creator.process, CREDENTIALS)
  const privileged = uid === 0
  if (reads(kernel, COUNT).queues >= QUEUES_MAX && !privileged) return 'ENOSPC'
  if (maxmsg <= 0 || msgsize <= 0) return 'EINVAL'
  if (maxmsg > (privileged ? MAXMSG_HARD : DEFAULT_MAXMSG)) return 'EINVAL'
  if (msgsize > (privileged ? MSGSIZE_HARD : DEFAULT_MSGSIZE)) return 'EINVAL'
  const usage = usageOf(uid)
  if (!exists(kernel, usage)) install<Usage>(kernel, { id: usage, kind: 'message queue bytes', bytes: 0 })
  const wanted = bytesOf(maxmsg, msgsize)
  if (reads(kernel, usage).bytes + wanted > BYTES_MAX) return 'EMFILE'
  writes(kernel, usage).bytes += wanted
  writes(kernel, COUNT).queues += 1
  const file = { kind: 'message queue', type: 'reg', memory: null, nlink: 0, refs: 0, mode, uid, gid } as const
  const contents = { name, maxmsg, msgsize, messages: [], notification: null, size: FILENT_SIZE }
  return { queue: create<MessageQueue>(kernel, creator, (id) => ({ id, ...file, ...contents })) }
}

defineKind<MessageQueue>('message queue', {
  free(kernel, { id, uid, maxmsg, msgsize }) {
    kernel.traffic?.drops(id)
    writes(kernel, usageOf(uid)).bytes -= bytesOf(maxmsg, msgsize)
    writes(kernel, COUNT).queues -= 1
  },
})

export const sendersOf = (queue: Ref<MessageQueue>): Id => `${queue}/send`
export const receiversOf = (queue: Ref<MessageQueue>): Id => `${queue}/receive`

export const hasRoom = ({ messages, maxmsg }: MessageQueue): boolean => messages.length < maxmsg
export const hasMessage = ({ messages }: MessageQueue): boolean => messages.length > 0

/** Sends: to the first receiver that waits, else into the queue, which has room; and tells who wants to know that it was empty. */
export function put(kernel: Kernel, ref: Ref<MessageQueue>, { data, prio }: Message): void {
  const queue = writes(kernel, ref)
  const receiver = firstWaiting(kernel, receiversOf(ref))
  if (receiver !== null) {
    kernel.traffic?.enters(ref, 0, null)
    kernel.traffic?.leaves(ref, 0, receiver.id)
    return finish(kernel, receiver, { data, prio })
  }
  const place = insert(queue, { data, prio })
  kernel.traffic?.enters(ref, place, null)
  if (queue.messages.length === 1) notify(kernel, queue)
}

/** Receives the first message of a queue that has one, and lets the first waiting sender's message in. */
export function take(kernel: Kernel, ref: Ref<MessageQueue>): Message {
  const queue = writes(kernel, ref)
  const first = queue.messages.shift()
  invariant(first !== undefined, 'who receives has seen that there is a message', ref)
  kernel.traffic?.leaves(ref, 0)
  const sender = firstWaiting(kernel, sendersOf(ref))
  if (sender !== null) {
    const { data, prio } = argsOf<Waiting>(sender)
    const place = insert(queue, { data, prio })
    kernel.traffic?.enters(ref, place, null, sender.id)
    finish(kernel, sender, undefined)
  }
  return { data: first.data, prio: first.prio }
}

/** Returns its place. */
function insert({ messages, maxmsg, id }: MessageQueue, message: Message): number {
  invariant(messages.length < maxmsg, 'a queue never holds more than its capacity', id)
  const at = messages.findIndex(({ prio }) => prio < message.prio)
  const place = at < 0 ? messages.length : at
  messages.splice(place, 0, message)
  return place
}

function notify(kernel: Kernel, queue: MessageQueue): void {
  const { notification } = queue
  if (notification === null) return
  queue.notification = null
  const process = kernel.state.processes[notification.process]
  if (process !== undefined && notification.signal !== null) sendSignal(kernel, process, notification.signal)
}

const firstWaiting = (kernel: Kernel, queue: Id): Thread | null =>
  sleepers(kernel, queue) === 0 ? null : firstSleeper(kernel, queue, 'fifo')
