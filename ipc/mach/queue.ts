import {
  type Data,
  firstSleeper,
  type Id,
  invariant,
  type Kernel,
  peek,
  reads,
  type Thread,
  type WakeOrder,
  wake,
  wakeAll,
  wakeOne,
  writes,
} from '../../kernel/index.ts'
import { MACH_RCV_LARGE } from './constants.ts'
import type { MachErrorCode } from './errors.ts'
import type { Message } from './message.ts'
import { isAlive, PLACE, type Port, type PortRef, portName, QUEUE } from './port.ts'
import type { PortSet } from './port-set.ts'

/**
 * Queues of messages: a port has one, or shares that of the set that it is in. A message that finds a receiver asleep is
 * handed to it, in the order of waking that is the machine's: a queue, or a stack, as GNU Mach has it. Where that
 * promises nothing nobody sleeps, and a message waits for whoever comes first.
 */

/** A port, or a set: what has a queue. */
export type Home = Id

/** What a sleeping receiver is woken with. */
export type Word =
  | { readonly message: Message; readonly seqno: number }
  | { readonly code: MachErrorCode; readonly size: number }

/** Where receivers of a queue sleep, and senders to a port whose queue is full. */
export const receiversOf = (home: Home): Id => `${home}/receivers`
export const sendersTo = (port: PortRef): Id => `${port}/senders`

/** Who sleeps at all; `null` where waiters leave no mark. */
export const sleepersWoken = (kernel: Kernel): Exclude<WakeOrder, 'any'> | null =>
  kernel.state.wakeOrder === 'any' ? null : kernel.state.wakeOrder

export const homeOf = (kernel: Kernel, port: PortRef): Home => reads(kernel, port, PLACE).set ?? port

const messagesIn = (kernel: Kernel, home: Home): Message[] => writes<Port | PortSet>(kernel, home, QUEUE).messages

/** The oldest message of a queue, left where it is. */
export const firstIn = (kernel: Kernel, home: Home): Message | undefined =>
  reads<Port | PortSet>(kernel, home, QUEUE).messages[0]

/** Whether one more message may be sent to a live port. */
export function hasRoom(kernel: Kernel, port: PortRef): boolean {
  const { msgcount, qlimit } = reads(kernel, port, QUEUE)
  return msgcount < qlimit
}

/** The message has been accepted: somebody gets it, or it is queued. */
export function deliver(kernel: Kernel, port: PortRef, message: Message): void {
  writes(kernel, port, QUEUE).msgcount += 1
  const home = homeOf(kernel, port)
  kernel.traffic?.enters(port, placeOf(kernel, port, home), portName(kernel, port))
  handOver(kernel, port, home, message)
}

/** Behind the port's own messages in that queue. */
const placeOf = (kernel: Kernel, port: PortRef, home: Home): number =>
  peek<Port | PortSet>(kernel, home).messages.filter(({ remote }) => remote === port).length

/** A receiver for whom it is too large is told so, and the next is tried. */
function handOver(kernel: Kernel, port: PortRef, home: Home, message: Message): void {
  const order = sleepersWoken(kernel)
  for (;;) {
    const receiver = order === null ? null : firstSleeper(kernel, receiversOf(home), order)
    if (receiver === null) {
      messagesIn(kernel, home).push(message)
      return
    }
    if (message.size <= roomOf(receiver)) {
      kernel.traffic?.leaves(port, placeOf(kernel, port, home), receiver.id)
      return wakeWith(kernel, receiver, { message, seqno: number(kernel, port) })
    }
    wakeWith(kernel, receiver, { code: 'MACH_RCV_TOO_LARGE', size: message.size })
  }
}

/** How large a message may be that stops a receiver's wait. */
function roomOf({ call }: Thread): number {
  invariant(call !== null, 'who waits for a message is in a call')
  const { option, rcv_size } = call.args as { option: number; rcv_size: number } // mach_msg's own
  return (option & MACH_RCV_LARGE) === 0 ? Infinity : rcv_size
}

const wakeWith = (kernel: Kernel, thread: Thread, word: Word): void => wake(kernel, thread, word as unknown as Data) // plain data

/** Messages are numbered as they leave the queue. */
function number(kernel: Kernel, port: PortRef): number {
  const queue = writes(kernel, port, QUEUE)
  const { seqno } = queue
  queue.seqno = (seqno + 1) >>> 0
  return seqno
}

/** Takes the oldest message, if there is one, out of a queue. */
export function takeFirst(kernel: Kernel, home: Home): { message: Message; seqno: number } | null {
  if (firstIn(kernel, home) === undefined) return null
  const message = messagesIn(kernel, home).shift() as Message // it is there
  const port = message.remote as PortRef // in a queue it has its destination
  kernel.traffic?.leaves(port, 0)
  return { message, seqno: number(kernel, port) }
}

/** A message that was taken counts no more: if that makes room one sender is woken. */
export function countOut(kernel: Kernel, { remote }: Message): void {
  if (remote === null || !isAlive(kernel, remote)) return
  const port = writes<Port>(kernel, remote, QUEUE)
  port.msgcount -= 1
  const order = sleepersWoken(kernel)
  if (order !== null && port.msgcount < port.qlimit) wakeOne(kernel, sendersTo(remote), order)
}

/** A higher limit wakes as many senders as there is new room. */
export function setLimit(kernel: Kernel, port: PortRef, qlimit: number): void {
  const queue = writes(kernel, port, QUEUE)
  const order = sleepersWoken(kernel)
  for (let more = qlimit - queue.qlimit; more > 0 && order !== null; more--)
    if (wakeOne(kernel, sendersTo(port), order) === null) break
  queue.qlimit = qlimit
}

/** Something befell the queue that ends every receiver's wait. */
export function tellReceivers(kernel: Kernel, home: Home, code: MachErrorCode): void {
  const order = sleepersWoken(kernel)
  if (order !== null) wakeAll(kernel, receiversOf(home), order, { code, size: 0 })
}

/** The port is dead: whoever waits to send to it finds that out. */
export function letSendersGo(kernel: Kernel, port: PortRef): void {
  const order = sleepersWoken(kernel)
  if (order !== null) wakeAll(kernel, sendersTo(port), order)
}

/** The port's messages go to another queue, and who sleeps there gets them. */
export function moveMessages(kernel: Kernel, port: PortRef, from: Home, to: Home): void {
  const queue = writes<Port | PortSet>(kernel, from, QUEUE)
  const moved = queue.messages.filter(({ remote }) => remote === port)
  if (moved.length === 0) return
  queue.messages = queue.messages.filter(({ remote }) => remote !== port)
  for (const message of moved) handOver(kernel, port, to, message)
}
