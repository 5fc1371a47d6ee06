import type { Id, Kernel } from '../../kernel/index.ts'
import {
  MACH_MSG_TYPE_PORT_NAME,
  MACH_MSG_TYPE_PORT_RECEIVE,
  MACH_MSG_TYPE_PORT_SEND_ONCE,
  MACH_NOTIFY_DEAD_NAME,
  MACH_NOTIFY_NO_SENDERS,
  MACH_NOTIFY_PORT_DELETED,
  MACH_NOTIFY_PORT_DESTROYED,
  MACH_NOTIFY_SEND_ONCE,
} from './constants.ts'
import { destroyMessage } from './destroy.ts'
import { HEADER_SIZE, type Item, type Message, sizeOfItem } from './message.ts'
import { isAlive, type PortRef } from './port.ts'
import { deliver } from './queue.ts'

/** Notifications: messages from the kernel to a send-once right, which each uses up. No queue limit holds them back. */

function notify(kernel: Kernel, to: PortRef, id: number, ...body: Item[]): void {
  const size = body.reduce((sum, item) => sum + sizeOfItem(item), HEADER_SIZE)
  send(kernel, {
    id,
    size,
    remote: to,
    remoteType: MACH_MSG_TYPE_PORT_SEND_ONCE,
    local: null,
    localType: 0,
    body,
    circular: false,
  })
}

/** Whoever is to be notified may be dead. */
function send(kernel: Kernel, message: Message): void {
  const { remote } = message
  if (remote !== null && isAlive(kernel, remote)) return deliver(kernel, remote, message)
  message.remote = null
  destroyMessage(kernel, message)
}

const nameItem = (name: number): Item => ({ kind: 'names', type: MACH_MSG_TYPE_PORT_NAME, names: [name] })

/** The name for which a dead-name notification was pending is gone for another reason. */
export const notifyPortDeleted = (kernel: Kernel, to: Id, name: number): void =>
  notify(kernel, to, MACH_NOTIFY_PORT_DELETED, nameItem(name))

/** The receive right would have been destroyed, and comes with the notification. */
export const notifyPortDestroyed = (kernel: Kernel, to: Id, port: PortRef): void =>
  notify(kernel, to, MACH_NOTIFY_PORT_DESTROYED, { kind: 'rights', type: MACH_MSG_TYPE_PORT_RECEIVE, rights: [port] })

/** The last send right is gone; the make-send count tells whether more were made since somebody looked. */
export const notifyNoSenders = (kernel: Kernel, to: Id, mscount: number): void =>
  notify(kernel, to, MACH_NOTIFY_NO_SENDERS, { kind: 'data', data: [mscount] })

/** The send-once right itself has gone without having been used. */
export const notifySendOnce = (kernel: Kernel, to: Id): void => notify(kernel, to, MACH_NOTIFY_SEND_ONCE)

/** The name has become a dead one, and has one more reference for the notification. */
export const notifyDeadName = (kernel: Kernel, to: Id, name: number): void =>
  notify(kernel, to, MACH_NOTIFY_DEAD_NAME, nameItem(name))
