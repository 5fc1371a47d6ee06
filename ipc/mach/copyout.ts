import { type Kernel, type Thread, writes } from '../../kernel/index.ts'
import {
  MACH_MSG_TYPE_PORT_RECEIVE,
  MACH_MSG_TYPE_PORT_SEND,
  MACH_MSG_TYPE_PORT_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_MSGH_BITS_COMPLEX,
  MACH_PORT_DEAD,
  MACH_PORT_NULL,
  MACH_PORT_TYPE_RECEIVE,
  MACH_PORT_TYPE_SEND,
  MACH_PORT_TYPE_SEND_ONCE,
  MACH_PORT_UREFS_MAX,
} from './constants.ts'
import { destroyBody, destroyRight, dropSend } from './destroy.ts'
import { type Carried, type Item, isComplex, isRight, type Message } from './message.ts'
import { notifyNoSenders, notifySendOnce } from './notify.ts'
import { copyoutMemory } from './out-of-line.ts'
import { isAlive, PLACE, type Port, type PortRef, RIGHTS } from './port.ts'
import type { ReceivedItem, ReceivedMessage } from './sent.ts'
import { add, change, freshName, nameFor, rememberPort, type SpaceRef, spaceOf } from './space.ts'

/** From rights to names: a message that the kernel holds becomes one that its receiver can read. */

/**
 * Puts a right for a live port under a name, which denotes nothing or rights for the same port.
 * @param pegs a send right too many is swallowed, and not refused
 */
export function putRight(
  kernel: Kernel,
  space: SpaceRef,
  name: number,
  port: PortRef,
  type: number,
  pegs: boolean,
): 'KERN_SUCCESS' | 'KERN_UREFS_OVERFLOW' {
  if (type === MACH_MSG_TYPE_PORT_SEND_ONCE) {
    add(kernel, space, name, { type: MACH_PORT_TYPE_SEND_ONCE, refs: 1, object: port, request: 0 })
    return 'KERN_SUCCESS'
  }
  const receives = type === MACH_MSG_TYPE_PORT_RECEIVE
  if (receives) {
    const place = writes<Port>(kernel, port, PLACE)
    place.receiver = space
    place.receiverName = name
    place.destination = null
  }
  if (nameFor(kernel, space, port) === null) {
    const entry = receives ? { type: MACH_PORT_TYPE_RECEIVE, refs: 0 } : { type: MACH_PORT_TYPE_SEND, refs: 1 }
    add(kernel, space, name, { ...entry, object: port, request: 0 })
    rememberPort(kernel, space, name, port)
    return 'KERN_SUCCESS'
  }
  const entry = change(kernel, space, name)
  if (receives) {
    entry.type |= MACH_PORT_TYPE_RECEIVE
    return 'KERN_SUCCESS'
  }
  if ((entry.type & MACH_PORT_TYPE_SEND) !== 0) {
    const full = entry.refs + 1 === MACH_PORT_UREFS_MAX
    if (full && !pegs) return 'KERN_UREFS_OVERFLOW'
    writes(kernel, port, RIGHTS).srights -= 1 // the name's own right is enough
    if (full) return 'KERN_SUCCESS'
  }
  entry.type |= MACH_PORT_TYPE_SEND
  entry.refs += 1
  return 'KERN_SUCCESS'
}

/** Gives a right to a task, under the name that it has for the port already or a new one. Returns the name. */
export function copyoutRight(kernel: Kernel, space: SpaceRef, carried: Carried, type: number): number {
  if (carried === null) return MACH_PORT_NULL
  if (!isRight(carried) || !isAlive(kernel, carried)) return MACH_PORT_DEAD
  const known = type === MACH_MSG_TYPE_PORT_SEND_ONCE ? null : nameFor(kernel, space, carried)
  const name = known ?? freshName(kernel, space)
  putRight(kernel, space, name, carried, type, true)
  return name
}

/** A message's right to its destination is used up, quietly if the task is the receiver still. Returns its name for it. */
function copyoutDestination(kernel: Kernel, space: SpaceRef, { remote, remoteType }: Message): number {
  if (remote === null || !isAlive(kernel, remote)) return MACH_PORT_DEAD
  const { receiver, receiverName } = writes<Port>(kernel, remote, PLACE)
  const own = receiver === space
  if (remoteType === MACH_MSG_TYPE_PORT_SEND) {
    const told = dropSend(kernel, remote)
    if (told !== null) notifyNoSenders(kernel, told.notify, told.mscount)
  } else if (own) {
    writes<Port>(kernel, remote, RIGHTS).sorights -= 1
  } else {
    notifySendOnce(kernel, remote)
  }
  return own ? receiverName : MACH_PORT_NULL
}

/** Gives a message to the receiver with all its rights and memory. */
export function copyoutMessage(kernel: Kernel, thread: Thread, message: Message, seqno: number): ReceivedMessage {
  const space = spaceOf(thread.process)
  const remote = copyoutRight(kernel, space, message.local, message.localType)
  const local = copyoutDestination(kernel, space, message)
  const body = copyoutBody(kernel, thread, message.body)
  return {
    msgh_bits: bitsOf(message.localType, message.remoteType, message.body),
    msgh_size: message.size,
    msgh_remote_port: remote,
    msgh_local_port: local,
    msgh_seqno: seqno,
    msgh_id: message.id,
    body,
  }
}

const bitsOf = (remoteType: number, localType: number, body: readonly Item[]): number =>
  (MACH_MSGH_BITS(remoteType, localType) | (body.some(isComplex) ? MACH_MSGH_BITS_COMPLEX : 0)) >>> 0

const copyoutBody = (kernel: Kernel, thread: Thread, body: readonly Item[]): ReceivedItem[] =>
  body.map((item) => copyoutItem(kernel, thread, item))

function copyoutItem(kernel: Kernel, thread: Thread, item: Item): ReceivedItem {
  switch (item.kind) {
    case 'data':
      return { data: item.data.slice() }
    case 'string':
      return { string: item.string }
    case 'names':
      return { type: item.type, ports: item.names.slice() }
    case 'rights': {
      const space = spaceOf(thread.process)
      return { type: item.type, ports: item.rights.map((right) => copyoutRight(kernel, space, right, item.type)) }
    }
    case 'memory':
      return copyoutMemory(kernel, thread, item)
    default:
      return item satisfies never
  }
}

/** Of a message that is too large the receiver gets the header alone; the rest is destroyed. */
export function copyoutHeader(kernel: Kernel, thread: Thread, message: Message, seqno: number): ReceivedMessage {
  const local = copyoutDestination(kernel, spaceOf(thread.process), message)
  const lost = isRight(message.local)
  destroyRight(kernel, message.local, message.localType)
  destroyBody(kernel, message.body)
  return {
    msgh_bits: bitsOf(message.localType, message.remoteType, message.body),
    msgh_size: message.size,
    msgh_remote_port: lost || message.local === null ? MACH_PORT_NULL : MACH_PORT_DEAD,
    msgh_local_port: local,
    msgh_seqno: seqno,
    msgh_id: message.id,
    body: [],
  }
}

/** A message whose sending was given up: its rights come back as rights, each under a name, and nothing is reversed. */
export function copyoutUnsent(kernel: Kernel, thread: Thread, message: Message): ReceivedMessage {
  const space = spaceOf(thread.process)
  const remote = copyoutRight(kernel, space, message.remote, message.remoteType)
  const local = copyoutRight(kernel, space, message.local, message.localType)
  return {
    msgh_bits: bitsOf(message.remoteType, message.localType, message.body),
    msgh_size: message.size,
    msgh_remote_port: remote,
    msgh_local_port: local,
    msgh_seqno: 0,
    msgh_id: message.id,
    body: copyoutBody(kernel, thread, message.body),
  }
}
