import {
  finish,
  firstSleeper,
  install,
  invariant,
  type Kernel,
  type KernelObject,
  listSleepers,
  type Ref,
  type Thread,
  threadOf,
  wake,
  writes,
} from '../../kernel/index.ts'
import { type Message, PORT_HEADER } from './message.ts'
import { eventOf, isTooLong, type Port, portName, QUEUE, receiversOf, route } from './port.ts'
import { STATUS_SUCCESS } from './status.ts'
import { clientIdOf } from './thread.ts'

/**
 * The queue of a port: a list of messages, oldest first, and a semaphore that counts what was put in. Who receives
 * passes the semaphore first and looks at the list then: what was dropped meanwhile it misses.
 */

/** System-wide counters; both begin with 1 and leave 0 out. */
interface Counters extends KernelObject {
  readonly kind: 'lpc counters'
  messageId: number
  callbackId: number
}

const COUNTERS: Ref<Counters> = 'lpc-counters'
const MESSAGE_ID = 0
const CALLBACK_ID = 1
const LAST_ID = 0xffffffff

function counters(kernel: Kernel, part: number): Counters {
  if (kernel.state.objects[COUNTERS] === undefined)
    install<Counters>(kernel, { id: COUNTERS, kind: 'lpc counters', messageId: 0, callbackId: 0 })
  return writes(kernel, COUNTERS, part)
}

/** Taken by whatever is queued, when it is. */
export function nextMessageId(kernel: Kernel): number {
  const count = counters(kernel, MESSAGE_ID)
  count.messageId = count.messageId === LAST_ID ? 1 : count.messageId + 1
  return count.messageId
}

export function nextCallbackId(kernel: Kernel): number {
  const count = counters(kernel, CALLBACK_ID)
  count.callbackId = count.callbackId === LAST_ID ? 1 : count.callbackId + 1
  return count.callbackId
}

/** The stage of a receiver that has passed the semaphore. */
export const TAKE = 2

/** Which comes first, where somebody waits for either: the recording's order. */
export type Signals = 'event first' | 'semaphore first'

/** Puts a message into the port's queue, and wakes a receiver, where they stand in line, and all who wait for the port's event. */
export function enqueue(kernel: Kernel, ref: Ref<Port>, message: Message, signals: Signals): void {
  const port = writes(kernel, ref, QUEUE)
  kernel.traffic?.enters(ref, port.messages.length, `messages of ${portName(kernel, ref)}`)
  port.messages.push(message)
  if (signals === 'event first') setEvent(kernel, port)
  releaseSemaphore(kernel, port)
  if (signals === 'semaphore first') setEvent(kernel, port)
}

/** Hands the unit to who waits first; where no order is promised, it is there for whoever the decider lets go on. */
function releaseSemaphore(kernel: Kernel, port: Port): void {
  const { wakeOrder } = kernel.state
  const receiver = wakeOrder === 'any' ? null : firstSleeper(kernel, receiversOf(port.id), wakeOrder)
  if (receiver === null) {
    port.semaphore += 1
    return
  }
  invariant(receiver.call !== null, 'who waits for a message is in a call', receiver.id)
  receiver.call.stage = TAKE
  wake(kernel, receiver)
}

/** A notification event lets all go who wait for it now, and whoever comes before it is cleared. */
function setEvent(kernel: Kernel, port: Port): void {
  if (!port.waitable) return
  port.event = true
  for (const id of listSleepers(kernel, eventOf(port.id))) finish(kernel, threadOf(kernel, id), STATUS_SUCCESS)
}

/** Takes the oldest message of a queue whose semaphore was passed; `null`: it was dropped. */
export function takeMessage(kernel: Kernel, ref: Ref<Port>): Message | null {
  const port = writes(kernel, ref, QUEUE)
  const message = port.messages.shift() ?? null
  if (message !== null) kernel.traffic?.leaves(ref, 0)
  if (port.messages.length === 0) port.event = false
  return message
}

/** Drops all messages; the semaphore keeps their counts. */
export function dropMessages(kernel: Kernel, ref: Ref<Port>): void {
  const port = writes(kernel, ref, QUEUE)
  if (port.messages.length > 0) port.messages = []
  kernel.traffic?.drops(ref)
}

/** Withdraws a message that nobody has received yet; the semaphore keeps its count. */
export function withdraw(kernel: Kernel, ref: Ref<Port>, messageId: number): void {
  const { messages } = writes(kernel, ref, QUEUE)
  const at = messages.findIndex((message) => message.messageId === messageId)
  if (at < 0) return
  messages.splice(at, 1)
  kernel.traffic?.drops(ref, at)
}

/**
 * The kernel's own message, LPC_PORT_CLOSED or LPC_CLIENT_DIED, goes where a program's would; where none could go, or
 * the port allows none of that length, there is none.
 */
export function sendSystemMessage(kernel: Kernel, ref: Ref<Port>, type: number, data: string, by: Thread): void {
  const to = route(kernel, ref)
  const message = { type, dataLength: data.length, totalLength: PORT_HEADER + data.length }
  const rest = { dataInfoOffset: 0, callbackId: 0, clientViewSize: 0, clientId: clientIdOf(kernel, by), data }
  const whole = { ...message, ...rest, messageId: 0 }
  if (to === null || isTooLong(kernel, ref, whole)) return
  const { queue, context } = to
  enqueue(kernel, queue, { ...whole, messageId: nextMessageId(kernel), context, sender: ref }, 'semaphore first')
}
