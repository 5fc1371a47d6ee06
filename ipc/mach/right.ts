import { type Id, type Kernel, writes } from '../../kernel/index.ts'
import {
  MACH_PORT_RIGHT_DEAD_NAME,
  MACH_PORT_RIGHT_RECEIVE,
  MACH_PORT_RIGHT_SEND,
  MACH_PORT_RIGHT_SEND_ONCE,
  MACH_PORT_TYPE_DEAD_NAME,
  MACH_PORT_TYPE_DNREQUEST,
  MACH_PORT_TYPE_PORT_SET,
  MACH_PORT_TYPE_RECEIVE,
  MACH_PORT_TYPE_SEND,
  MACH_PORT_TYPE_SEND_ONCE,
  MACH_PORT_UREFS_MAX,
} from './constants.ts'
import { cancelPending } from './copyin.ts'
import { clearReceiver, destroyPort, dropSend } from './destroy.ts'
import type { MachErrorCode } from './errors.ts'
import { notifyDeadName, notifyNoSenders, notifyPortDeleted, notifySendOnce } from './notify.ts'
import { addRequest, cancelRequest, isAlive, PLACE, type Port, type PortRef, REQUESTS, RIGHTS } from './port.ts'
import { destroySet, MEMBERS, type PortSet } from './port-set.ts'
import {
  add,
  change,
  type Entry,
  find,
  forgetPort,
  isUsed,
  look,
  rememberPort,
  remove,
  type SpaceRef,
  settle,
} from './space.ts'

/** What can be done to the rights that a name denotes: giving up, counting, renaming, asking to be told of their death. */

/** How such an operation went. */
export type Kern = MachErrorCode | 'KERN_SUCCESS'

const typeOf = (right: number): number => 1 << (right + 16)

/** The type bits of a name, with the one that says that a notification is pending. */
export const shownType = ({ type, request }: Readonly<Entry>): number =>
  request === 0 ? type : (type | MACH_PORT_TYPE_DNREQUEST) >>> 0

/** How many references to rights of that kind the name has; 0 when it denotes others. */
export function countRefs({ type, refs }: Readonly<Entry>, right: number): number {
  if ((type & typeOf(right)) === 0) return 0
  return right === MACH_PORT_RIGHT_SEND || right === MACH_PORT_RIGHT_DEAD_NAME ? refs : 1
}

/** Gives up everything that the name denotes. */
export function destroyName(kernel: Kernel, space: SpaceRef, name: number): void {
  const { type, object: port } = look(kernel, space, name) as Entry // it denotes something
  if (port === null) return remove(kernel, space, name)
  if (type === MACH_PORT_TYPE_PORT_SET) {
    remove(kernel, space, name)
    return destroySet(kernel, port)
  }
  const deleted = cancelPending(kernel, space, name, port)
  remove(kernel, space, name)
  const told = (type & MACH_PORT_TYPE_SEND) === 0 ? null : dropSend(kernel, port)
  if ((type & MACH_PORT_TYPE_RECEIVE) !== 0) {
    clearReceiver(kernel, port)
    destroyPort(kernel, port)
  }
  if (type === MACH_PORT_TYPE_SEND_ONCE) notifySendOnce(kernel, port)
  if (told !== null) notifyNoSenders(kernel, told.notify, told.mscount)
  if (deleted !== null) notifyPortDeleted(kernel, deleted, name)
}

/** One reference less, to a send, send-once or dead right. */
export function deallocate(kernel: Kernel, space: SpaceRef, name: number): Kern {
  const entry = settle(kernel, space, name)
  if (entry === null) return 'KERN_INVALID_NAME'
  const { type } = entry
  if ((type & MACH_PORT_TYPE_DEAD_NAME) !== 0) return changeRefs(kernel, space, name, MACH_PORT_RIGHT_DEAD_NAME, -1)
  if ((type & MACH_PORT_TYPE_SEND_ONCE) !== 0) return changeRefs(kernel, space, name, MACH_PORT_RIGHT_SEND_ONCE, -1)
  if ((type & MACH_PORT_TYPE_SEND) !== 0) return changeRefs(kernel, space, name, MACH_PORT_RIGHT_SEND, -1)
  return 'KERN_INVALID_RIGHT'
}

/** So many references more, or fewer, to one kind of right. Whether the port has died is asked last. */
export function changeRefs(kernel: Kernel, space: SpaceRef, name: number, right: number, delta: number): Kern {
  const entry = right === MACH_PORT_RIGHT_DEAD_NAME ? settle(kernel, space, name) : find(kernel, space, name)
  if (entry === null || entry === undefined) return 'KERN_INVALID_NAME'
  if ((entry.type & typeOf(right)) === 0) return 'KERN_INVALID_RIGHT'
  const refused = refusal(entry, right, delta)
  if (refused !== null) return refused
  if (settle(kernel, space, name)?.type !== entry.type) return 'KERN_INVALID_RIGHT'
  if (right === MACH_PORT_RIGHT_SEND || right === MACH_PORT_RIGHT_DEAD_NAME) {
    if (entry.refs + delta > 0) change(kernel, space, name).refs += delta
    else dropLast(kernel, space, name, entry)
  } else if (delta !== 0) {
    if (right === MACH_PORT_RIGHT_RECEIVE) destroyReceive(kernel, space, name, entry)
    else destroyName(kernel, space, name)
  }
  return 'KERN_SUCCESS'
}

/** Why there can't be so many references more. */
function refusal({ refs }: Readonly<Entry>, right: number, delta: number): MachErrorCode | null {
  if (right !== MACH_PORT_RIGHT_SEND && right !== MACH_PORT_RIGHT_DEAD_NAME)
    return delta === 0 || delta === -1 ? null : 'KERN_INVALID_VALUE'
  if (-delta > refs) return 'KERN_INVALID_VALUE'
  const most = right === MACH_PORT_RIGHT_SEND ? MACH_PORT_UREFS_MAX - 1 : MACH_PORT_UREFS_MAX
  return delta > 0 && refs + delta > most ? 'KERN_UREFS_OVERFLOW' : null
}

/** The last reference to a send right, or to a dead name, goes. */
function dropLast(kernel: Kernel, space: SpaceRef, name: number, { type, object: port }: Readonly<Entry>): void {
  if (port === null || (type & MACH_PORT_TYPE_RECEIVE) === 0) return destroyName(kernel, space, name)
  const entry = change(kernel, space, name)
  entry.type = MACH_PORT_TYPE_RECEIVE
  entry.refs = 0
  const told = dropSend(kernel, port)
  if (told !== null) notifyNoSenders(kernel, told.notify, told.mscount)
}

/** The port is destroyed first: a send right under the same name becomes a dead name, and is not given up. */
function destroyReceive(kernel: Kernel, space: SpaceRef, name: number, { type, object }: Readonly<Entry>): void {
  const port = object as PortRef // a receive right's
  let deleted: Id | null = null
  if ((type & MACH_PORT_TYPE_SEND) === 0) {
    deleted = cancelPending(kernel, space, name, port)
    remove(kernel, space, name)
  } else {
    forgetPort(kernel, space, name)
    const entry = change(kernel, space, name)
    entry.type = MACH_PORT_TYPE_DEAD_NAME
    entry.object = null
    if (entry.request !== 0) entry.refs += 1
    entry.request = 0
    writes<Port>(kernel, port, RIGHTS).lost += 1
  }
  clearReceiver(kernel, port)
  destroyPort(kernel, port)
  if (deleted !== null) notifyPortDeleted(kernel, deleted, name)
}

export function rename(kernel: Kernel, space: SpaceRef, from: number, to: number): Kern {
  if (isUsed(kernel, space, to)) return 'KERN_NAME_EXISTS'
  const found = find(kernel, space, from)
  if (found === undefined) return 'KERN_INVALID_NAME'
  // A death is noted only where it counts.
  const entry = { ...(found.request === 0 ? found : change(kernel, space, from)) }
  const { type, object, request } = entry
  remove(kernel, space, from)
  add(kernel, space, to, entry)
  if (object === null || !isAlive(kernel, object)) return 'KERN_SUCCESS'
  if (type === MACH_PORT_TYPE_PORT_SET) {
    writes<PortSet>(kernel, object, MEMBERS).name = to
    return 'KERN_SUCCESS'
  }
  if ((type & MACH_PORT_TYPE_SEND_ONCE) === 0) rememberPort(kernel, space, to, object)
  if ((type & MACH_PORT_TYPE_RECEIVE) !== 0) writes<Port>(kernel, object, PLACE).receiverName = to
  if (request !== 0) {
    const pending = writes<Port>(kernel, object, REQUESTS).requests.slots[request]
    if (pending) pending.name = to
  }
  return 'KERN_SUCCESS'
}

/** The previous right for such notifications, or why there can be none. */
export type Previous = { readonly previous: Id | null } | { readonly failed: MachErrorCode }

/** Asks to be told when the port dies whose right the name denotes; with no right to notify it cancels that. */
export function requestDeadName(
  kernel: Kernel,
  space: SpaceRef,
  name: number,
  notify: Id | null,
  immediate: boolean,
): Previous {
  const entry = settle(kernel, space, name)
  if (entry === null) return { failed: 'KERN_INVALID_NAME' }
  const { type, object: port } = entry
  if (type === MACH_PORT_TYPE_PORT_SET) return { failed: 'KERN_INVALID_RIGHT' }
  if (port !== null) {
    const previous = entry.request === 0 ? null : cancelRequest(kernel, port, entry.request)
    const request = notify === null ? 0 : addRequest(kernel, port, { name, notify })
    change(kernel, space, name).request = request
    return { previous }
  }
  if (!immediate || notify === null) return { failed: 'KERN_INVALID_ARGUMENT' }
  if (entry.refs + 1 > MACH_PORT_UREFS_MAX) return { failed: 'KERN_UREFS_OVERFLOW' }
  change(kernel, space, name).refs += 1
  notifyDeadName(kernel, notify, name)
  return { previous: null }
}

/** The port whose receive right a name denotes. */
export function receiveRight(kernel: Kernel, space: SpaceRef, name: number): PortRef | { failed: MachErrorCode } {
  const entry = look(kernel, space, name)
  if (entry === null) return { failed: 'KERN_INVALID_NAME' }
  if ((entry.type & MACH_PORT_TYPE_RECEIVE) === 0) return { failed: 'KERN_INVALID_RIGHT' }
  return entry.object as PortRef // a receive right's
}
