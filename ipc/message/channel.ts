import {
  copy,
  type Data,
  finish,
  finishWithError,
  firstSleeper,
  type Id,
  invariant,
  type Kernel,
  type KernelObject,
  type Outcome,
  type Ref,
  reads,
  sleepers,
  sleepOn,
  type Thread,
  writes,
} from '../../kernel/index.ts'

/**
 * What a link and a mailbox have in common: a queue of messages with senders waiting before it and receivers behind it.
 *
 * Waiting senders and receivers are served by hand-off: whoever completes a wait finishes the other's call in the same
 * transition. A sender's message stays in its call until there is room for it, so a sender that gives up takes it back.
 */
export interface Channel extends KernelObject {
  /** Messages sent and not yet received, oldest first. */
  messages: Data[]
  /** Arrival numbers of the messages, where the receiver's process needs them: see `Inbox` in direct.ts. */
  readonly stamps: number[] | null
  /** How many messages it holds before senders wait; 0: sender and receiver meet; `null`: no limit. */
  readonly capacity: number | null
  /** Wait queues. */
  readonly senders: Id
  readonly receivers: Id
  /** A further queue, always used: receivers that take from any link of theirs, and are told whose message it is. */
  readonly everyone: Id | null
  /** Who sends here, where only one process does. */
  readonly from: Id | null
}

/**
 * Whether those who wait here stand in a queue. They do under `fifo` and `lifo`; and always where nothing is stored:
 * a partner that does not wait succeeds only if somebody has arrived already, so arriving is an event there.
 */
export const queues = (kernel: Kernel, capacity: number | null): boolean =>
  capacity === 0 || kernel.state.wakeOrder !== 'any'

/** Whether a message could be sent now, without waiting. */
export function canPut(kernel: Kernel, ref: Ref<Channel>): boolean {
  const channel = reads(kernel, ref)
  const { capacity, messages } = channel
  return capacity === null || messages.length < capacity || hasReceiver(kernel, channel)
}

/** Whether a message could be received now, without waiting. */
export function canTake(kernel: Kernel, ref: Ref<Channel>): boolean {
  const channel = reads(kernel, ref)
  // Senders wait only where nothing can be stored, or behind what is.
  return channel.messages.length > 0 || (channel.capacity === 0 && sleepers(kernel, channel.senders) > 0)
}

function hasReceiver(kernel: Kernel, channel: Channel): boolean {
  const { receivers, everyone } = channel
  if (mayQueue(kernel, channel) && sleepers(kernel, receivers) > 0) return true
  return everyone !== null && sleepers(kernel, everyone) > 0
}

/** Who waits for a link that is not made yet stands in its queue, whatever the link is then made to hold. */
const mayQueue = (kernel: Kernel, { capacity, everyone }: Channel): boolean =>
  everyone !== null || queues(kernel, capacity)

/** Sends: to a receiver that waits, else into the queue. The caller has seen that it `canPut`. */
export function put(kernel: Kernel, ref: Ref<Channel>, message: Data, stamp: number): void {
  const channel = writes(kernel, ref)
  const { receivers, everyone, from } = channel
  kernel.traffic?.enters(ref, channel.messages.length, null)
  const receiver = mayQueue(kernel, channel) ? firstWaiting(kernel, receivers) : null
  const taker = receiver !== null || everyone === null ? null : firstWaiting(kernel, everyone)
  const first = receiver ?? taker
  if (first !== null) {
    kernel.traffic?.leaves(ref, channel.messages.length, first.id)
    return finish(kernel, first, receiver !== null ? copy(message) : { from, message: copy(message) })
  }
  append(channel, message, stamp)
}

/** Receives, and lets the next waiting sender's message into the room that this made. The caller has seen that it `canTake`. */
export function take(kernel: Kernel, ref: Ref<Channel>): Data {
  const channel = writes(kernel, ref)
  const { messages, senders } = channel
  const sender = mayQueue(kernel, channel) ? firstWaiting(kernel, senders) : null
  const message = messages.shift()
  channel.stamps?.shift()
  if (message === undefined) {
    invariant(sender !== null, 'who receives was told that there is something', ref)
    kernel.traffic?.enters(ref, 0, null, sender.id)
    kernel.traffic?.leaves(ref, 0)
    return messageOf(kernel, sender)
  }
  kernel.traffic?.leaves(ref, 0)
  if (sender !== null) {
    const stamp = sender.call?.progress ?? 0
    kernel.traffic?.enters(ref, messages.length, null, sender.id)
    append(channel, messageOf(kernel, sender), stamp)
  }
  return copy(message) // what its sender said stays as it was, for those who keep records
}

function append(channel: Channel, message: Data, stamp: number): void {
  const { capacity, messages } = channel
  invariant(capacity === null || messages.length < capacity, 'a queue never holds more than its capacity', channel.id)
  messages.push(message)
  channel.stamps?.push(stamp)
}

/** The message of a sender that waits, whose call is over by that. */
function messageOf(kernel: Kernel, sender: Thread): Data {
  const message = sender.call?.args.message
  invariant(message !== undefined, 'who waits to send has a message', sender.id)
  finish(kernel, sender, undefined)
  return copy(message)
}

/** The caller falls asleep until its message is taken, or let in. `stamp`: when it arrived. */
export function waitToPut(kernel: Kernel, thread: Thread, ref: Ref<Channel>, stamp: number): Outcome {
  if (thread.call !== null) thread.call.progress = stamp
  return sleepOn(kernel, thread, reads(kernel, ref).senders)
}

/** The caller falls asleep until it is given a message. */
export function waitToTake(kernel: Kernel, thread: Thread, ref: Ref<Channel>): Outcome {
  return sleepOn(kernel, thread, reads(kernel, ref).receivers)
}

/** Ends the waits of all who stand in a queue. */
export function failAll(kernel: Kernel, queue: Id, code: string, detail: Data): void {
  if (sleepers(kernel, queue) === 0) return
  for (let thread = firstSleeper(kernel, queue, 'fifo'); thread !== null; ) {
    finishWithError(kernel, thread, code, detail)
    thread = firstSleeper(kernel, queue, 'fifo')
  }
}

function firstWaiting(kernel: Kernel, queue: Id): Thread | null {
  return sleepers(kernel, queue) === 0 ? null : firstSleeper(kernel, queue, kernel.state.wakeOrder)
}
