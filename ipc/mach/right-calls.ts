import type { Call, Id, Kernel } from '../../kernel/index.ts'
import { writes } from '../../kernel/index.ts'
import { unsigned } from './args.ts'
import { answerOf, taskCall } from './calls.ts'
import {
  MACH_MSG_TYPE_PORT_SEND_ONCE,
  MACH_NOTIFY_DEAD_NAME,
  MACH_NOTIFY_NO_SENDERS,
  MACH_NOTIFY_PORT_DESTROYED,
} from './constants.ts'
import { copyinRight } from './copyin.ts'
import { copyoutRight, putRight } from './copyout.ts'
import { destroyRight } from './destroy.ts'
import { type Carried, DEAD, isPortType, isRight, typeInMessage } from './message.ts'
import { notifyNoSenders } from './notify.ts'
import { isAlive, type Port, type PortRef, REQUESTS, RIGHTS } from './port.ts'
import { type Kern, type Previous, receiveRight, requestDeadName } from './right.ts'
import { isName, isUsed, nameFor, type SpaceRef, spaceOf } from './space.ts'

/**
 * Calls that carry a right, which is taken from the caller as a message would take it. Whether the call then succeeds or
 * not, it is taken: one that nobody got is destroyed.
 */

function insert(kernel: Kernel, space: SpaceRef, name: number, carried: Carried, type: number): Kern {
  if (carried === null || carried === DEAD || !isAlive(kernel, carried)) return 'KERN_INVALID_CAPABILITY'
  const known = type === MACH_MSG_TYPE_PORT_SEND_ONCE ? null : nameFor(kernel, space, carried)
  if (known !== null && known !== name) return 'KERN_RIGHT_EXISTS'
  if (known === null && isUsed(kernel, space, name)) return 'KERN_NAME_EXISTS'
  return putRight(kernel, space, name, carried, type, false)
}

const insertCall = taskCall<{ task: number; name: number; right: number; disposition: number }, void>(
  'mach_port_insert_right',
  (kernel, space, { name, right, disposition }, thread) => {
    if (!isPortType(disposition)) return { failed: 'KERN_INVALID_VALUE' }
    const carried = copyinRight(kernel, spaceOf(thread.process), right, disposition)
    if (carried === undefined) return { failed: 'MACH_SEND_INVALID_RIGHT' }
    const type = typeInMessage(disposition)
    const code = isName(name) ? insert(kernel, space, name, carried, type) : 'KERN_INVALID_VALUE'
    if (code !== 'KERN_SUCCESS') destroyRight(kernel, carried, type)
    return answerOf(code)
  },
)

/**
 * Gives a task a right of the caller's, under a name that is free, or that denotes rights for the same port.
 * @param right the caller's name for it
 * @param disposition MACH_MSG_TYPE_COPY_SEND and so on
 * @throws MachError MACH_SEND_INVALID_RIGHT, KERN_INVALID_VALUE (no name, or no disposition), KERN_INVALID_CAPABILITY
 *   (null or dead), KERN_RIGHT_EXISTS, KERN_NAME_EXISTS, KERN_UREFS_OVERFLOW
 */
export const mach_port_insert_right = (task: number, name: number, right: number, disposition: number): Call<void> =>
  insertCall({
    task: unsigned(task),
    name: unsigned(name),
    right: unsigned(right),
    disposition: unsigned(disposition),
  })

/** A right that came, and what it is. */
export interface ExtractedRight {
  readonly name: number
  /** MACH_MSG_TYPE_PORT_SEND, _SEND_ONCE or _RECEIVE. */
  readonly type: number
}

const extractCall = taskCall<{ task: number; name: number; disposition: number }, ExtractedRight>(
  'mach_port_extract_right',
  (kernel, space, { name, disposition }, thread) => {
    if (!isPortType(disposition)) return { failed: 'KERN_INVALID_VALUE' }
    if (!isUsed(kernel, space, name)) return { failed: 'KERN_INVALID_NAME' }
    const carried = copyinRight(kernel, space, name, disposition)
    if (carried === undefined) return { failed: 'KERN_INVALID_RIGHT' }
    const type = typeInMessage(disposition)
    return { value: { name: copyoutRight(kernel, spaceOf(thread.process), carried, type), type } }
  },
)

/**
 * Takes a right from a task.
 * @throws MachError KERN_INVALID_VALUE (no disposition), KERN_INVALID_NAME, KERN_INVALID_RIGHT
 */
export const mach_port_extract_right = (task: number, name: number, disposition: number): Call<ExtractedRight> =>
  extractCall({ task: unsigned(task), name: unsigned(name), disposition: unsigned(disposition) })

interface NotificationArgs {
  readonly [name: string]: number
  readonly task: number
  readonly name: number
  readonly variant: number
  readonly sync: number
  readonly notify: number
  readonly notify_disposition: number
}

const notificationCall = taskCall<NotificationArgs, number>(
  'mach_port_request_notification',
  (kernel, space, { name, variant, sync, notify, notify_disposition: disposition }, thread) => {
    const own = spaceOf(thread.process)
    if (!isPortType(disposition)) return { failed: 'MIG_BAD_ARGUMENTS' }
    const carried = copyinRight(kernel, own, notify, disposition)
    if (carried === undefined) return { failed: 'MACH_SEND_INVALID_RIGHT' }
    const type = typeInMessage(disposition)
    const registered = register(kernel, space, name, variant, sync, carried, type)
    if ('failed' in registered) {
      destroyRight(kernel, carried, type)
      return registered
    }
    return { value: copyoutRight(kernel, own, registered.previous, MACH_MSG_TYPE_PORT_SEND_ONCE) }
  },
)

function register(
  kernel: Kernel,
  space: SpaceRef,
  name: number,
  variant: number,
  sync: number,
  carried: Carried,
  type: number,
): Previous {
  if (type !== MACH_MSG_TYPE_PORT_SEND_ONCE) return { failed: 'MIG_BAD_ARGUMENTS' }
  if (carried !== null && !isRight(carried)) return { failed: 'KERN_INVALID_CAPABILITY' }
  switch (variant) {
    case MACH_NOTIFY_PORT_DESTROYED:
      if (sync !== 0) return { failed: 'KERN_INVALID_VALUE' }
      return withReceive(kernel, space, name, (port) => requestPortDestroyed(kernel, port, carried))
    case MACH_NOTIFY_NO_SENDERS:
      return withReceive(kernel, space, name, (port) => requestNoSenders(kernel, port, carried, sync))
    case MACH_NOTIFY_DEAD_NAME:
      return requestDeadName(kernel, space, name, carried, sync !== 0)
    default:
      return { failed: 'KERN_INVALID_VALUE' }
  }
}

function withReceive(kernel: Kernel, space: SpaceRef, name: number, use: (port: PortRef) => Id | null): Previous {
  const port = receiveRight(kernel, space, name)
  return typeof port === 'string' ? { previous: use(port) } : port
}

function requestPortDestroyed(kernel: Kernel, port: PortRef, notify: Id | null): Id | null {
  const requests = writes<Port>(kernel, port, REQUESTS)
  const { pdrequest } = requests
  requests.pdrequest = notify
  return pdrequest
}

/** With no senders, and none made since `sync`, it is told at once. */
function requestNoSenders(kernel: Kernel, port: PortRef, notify: Id | null, sync: number): Id | null {
  const rights = writes<Port>(kernel, port, RIGHTS)
  const { nsrequest, srights, mscount } = rights
  const now = srights === 0 && sync <= mscount
  rights.nsrequest = now ? null : notify
  if (now && notify !== null) notifyNoSenders(kernel, notify, mscount)
  return nsrequest
}

/**
 * Asks the kernel to send a notification to a send-once right when something happens, once; returns the name of the right
 * that was registered before, or MACH_PORT_NULL. With MACH_PORT_NULL to notify it cancels.
 * @param variant MACH_NOTIFY_PORT_DESTROYED or _NO_SENDERS, of a receive right; _DEAD_NAME, of any right
 * @param sync of no-senders: told at once if there are none, and no more than so many were ever made. Of dead-name: not 0
 *   to be told at once, should it be dead already
 * @param notify_disposition MACH_MSG_TYPE_MAKE_SEND_ONCE or _MOVE_SEND_ONCE
 * @throws MachError MACH_SEND_INVALID_RIGHT, MIG_BAD_ARGUMENTS (another disposition), KERN_INVALID_CAPABILITY (a dead
 *   right), KERN_INVALID_VALUE (another variant), KERN_INVALID_NAME, KERN_INVALID_RIGHT, KERN_INVALID_ARGUMENT,
 *   KERN_UREFS_OVERFLOW
 */
export const mach_port_request_notification = (
  task: number,
  name: number,
  variant: number,
  sync: number,
  notify: number,
  notify_disposition: number,
): Call<number> =>
  notificationCall({
    task: unsigned(task),
    name: unsigned(name),
    variant: unsigned(variant),
    sync: unsigned(sync),
    notify: unsigned(notify),
    notify_disposition: unsigned(notify_disposition),
  })
