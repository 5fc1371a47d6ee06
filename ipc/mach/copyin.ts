import { type Id, type Kernel, type Thread, writes } from '../../kernel/index.ts'
import {
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_RECEIVE,
  MACH_MSG_TYPE_MOVE_SEND,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_PORT_TYPE_DEAD_NAME,
  MACH_PORT_TYPE_RECEIVE,
  MACH_PORT_TYPE_SEND,
  MACH_PORT_TYPE_SEND_ONCE,
} from './constants.ts'
import { clearReceiver, destroyBody, destroyRight } from './destroy.ts'
import type { MachErrorCode } from './errors.ts'
import {
  type Carried,
  DEAD,
  HEADER_SIZE,
  type Item,
  isPortType,
  isSendType,
  type Message,
  sizeOfItem,
  typeInMessage,
} from './message.ts'
import { notifyPortDeleted } from './notify.ts'
import { copyinMemory } from './out-of-line.ts'
import { cancelRequest, closesCircle, type PortRef, RIGHTS } from './port.ts'
import type { SentItem, SentMessage } from './sent.ts'
import { change, type Entry, isName, look, remove, type SpaceRef, settle, spaceOf } from './space.ts'

/** From names to rights: a message as its sender wrote it becomes one that the kernel holds. */

/** A right that was taken, and whom to tell that its name is gone, if a dead-name notification was pending there. */
interface Taken {
  readonly carried: Carried
  readonly notify: Id | null
}

/** Whether a right could be taken so; for `dead` ones, too. */
function canTake({ type }: Readonly<Entry>, disposition: number): boolean {
  switch (disposition) {
    case MACH_MSG_TYPE_COPY_SEND:
    case MACH_MSG_TYPE_MOVE_SEND:
      return (type & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_DEAD_NAME)) !== 0
    case MACH_MSG_TYPE_MOVE_SEND_ONCE:
      return (type & (MACH_PORT_TYPE_SEND_ONCE | MACH_PORT_TYPE_DEAD_NAME)) !== 0
    default:
      return (type & MACH_PORT_TYPE_RECEIVE) !== 0
  }
}

/**
 * Takes a right that a name denotes, as the disposition says; `null` when it denotes no such right.
 * @param count how many send rights to move
 */
export function takeRight(
  kernel: Kernel,
  space: SpaceRef,
  name: number,
  disposition: number,
  deadOk: boolean,
  count = 1,
): Taken | null {
  const seen = look(kernel, space, name)
  if (seen === null || !canTake(seen, disposition)) return null
  const entry = settle(kernel, space, name) ?? seen
  const port = entry.object
  if (port === null) return deadOk ? takeDead(kernel, space, name, disposition) : null
  switch (disposition) {
    case MACH_MSG_TYPE_MAKE_SEND: {
      const rights = writes(kernel, port as PortRef, RIGHTS) // a name with rights to send or receive denotes a port
      rights.mscount = (rights.mscount + 1) >>> 0
      rights.srights += 1
      return { carried: port, notify: null }
    }
    case MACH_MSG_TYPE_MAKE_SEND_ONCE:
      writes(kernel, port as PortRef, RIGHTS).sorights += 1 // as above
      return { carried: port, notify: null }
    case MACH_MSG_TYPE_MOVE_RECEIVE:
      return takeReceive(kernel, space, name, port)
    case MACH_MSG_TYPE_COPY_SEND:
      writes(kernel, port as PortRef, RIGHTS).srights += 1 // as above
      return { carried: port, notify: null }
    case MACH_MSG_TYPE_MOVE_SEND:
      return takeSend(kernel, space, name, port, count)
    default: {
      const notify = cancelPending(kernel, space, name, port)
      remove(kernel, space, name)
      return { carried: port, notify }
    }
  }
}

function takeDead(kernel: Kernel, space: SpaceRef, name: number, disposition: number): Taken {
  if (disposition !== MACH_MSG_TYPE_COPY_SEND) dropReference(kernel, space, name)
  return { carried: DEAD, notify: null }
}

/** One reference less to a dead name. */
export function dropReference(kernel: Kernel, space: SpaceRef, name: number): void {
  const entry = change(kernel, space, name)
  if (entry.refs === 1) remove(kernel, space, name)
  else entry.refs -= 1
}

function takeReceive(kernel: Kernel, space: SpaceRef, name: number, port: PortRef): Taken {
  let notify: Id | null = null
  const entry = change(kernel, space, name)
  if ((entry.type & MACH_PORT_TYPE_SEND) !== 0) {
    entry.type = MACH_PORT_TYPE_SEND
  } else {
    notify = cancelPending(kernel, space, name, port)
    remove(kernel, space, name)
  }
  clearReceiver(kernel, port)
  return { carried: port, notify }
}

function takeSend(kernel: Kernel, space: SpaceRef, name: number, port: PortRef, count: number): Taken | null {
  const entry = change(kernel, space, name)
  if (entry.refs < count) return null
  const last = entry.refs === count
  writes(kernel, port, RIGHTS).srights += last ? count - 1 : count
  entry.refs -= count
  if (!last) return { carried: port, notify: null }
  if ((entry.type & MACH_PORT_TYPE_RECEIVE) !== 0) {
    entry.type = MACH_PORT_TYPE_RECEIVE
    return { carried: port, notify: null }
  }
  const notify = cancelPending(kernel, space, name, port)
  remove(kernel, space, name)
  return { carried: port, notify }
}

/** A live port's name is about to go: its dead-name request is cancelled, and whom it would have told is returned. */
export function cancelPending(kernel: Kernel, space: SpaceRef, name: number, port: PortRef): Id | null {
  const entry = change(kernel, space, name)
  if (entry.request === 0) return null
  const notify = cancelRequest(kernel, port, entry.request)
  entry.request = 0
  return notify
}

/** Takes a right for a body, or for a call that carries one. `null`: the name denotes no such right. */
export function copyinRight(kernel: Kernel, space: SpaceRef, name: number, disposition: number): Carried | undefined {
  if (!isName(name)) return name === 0 ? null : DEAD
  const taken = takeRight(kernel, space, name, disposition, true)
  if (taken === null) return undefined
  if (taken.notify !== null) notifyPortDeleted(kernel, taken.notify, name)
  return taken.carried
}

interface Header {
  readonly remote: Id
  readonly local: Carried
}

/** Takes both rights of a header, or none. */
function copyinHeader(kernel: Kernel, space: SpaceRef, message: SentMessage): Header | MachErrorCode {
  const { remote, remoteType, local, localType } = message
  if (!isSendType(remoteType)) return 'MACH_SEND_INVALID_HEADER'
  if (localType === 0 ? local !== 0 : !isSendType(localType)) return 'MACH_SEND_INVALID_HEADER'
  if (remote === local) return copyinSame(kernel, space, message)
  const destination = look(kernel, space, remote)
  if (destination === null) return 'MACH_SEND_INVALID_DEST'
  const replies = isName(local)
  if (replies) {
    const reply = look(kernel, space, local)
    if (reply === null || !canTake(reply, localType)) return 'MACH_SEND_INVALID_REPLY'
  }
  const dest = takeRight(kernel, space, remote, remoteType, false)
  if (dest === null) return 'MACH_SEND_INVALID_DEST'
  if (!replies) {
    if (dest.notify !== null) notifyPortDeleted(kernel, dest.notify, remote)
    return { remote: dest.carried as Id, local: local === 0 ? null : DEAD } // a dead destination was refused
  }
  const reply = takeRight(kernel, space, local, localType, true) as Taken // it can be taken
  if (dest.notify !== null) notifyPortDeleted(kernel, dest.notify, remote)
  if (reply.notify !== null) notifyPortDeleted(kernel, reply.notify, local)
  return { remote: dest.carried as Id, local: reply.carried } // as above
}

/** Destination and reply are one name, of which both rights have to come. */
function copyinSame(kernel: Kernel, space: SpaceRef, message: SentMessage): Header | MachErrorCode {
  const { remote: name, remoteType, localType } = message
  const entry = look(kernel, space, name)
  if (entry === null) return 'MACH_SEND_INVALID_DEST'
  if (!canTake(entry, localType)) return 'MACH_SEND_INVALID_REPLY'
  const types = [remoteType, localType]
  // Who moves a send-once right has nothing left for the other.
  if (types.includes(MACH_MSG_TYPE_MOVE_SEND_ONCE)) return 'MACH_SEND_INVALID_DEST'
  const makes = types.includes(MACH_MSG_TYPE_MAKE_SEND) || types.includes(MACH_MSG_TYPE_MAKE_SEND_ONCE)
  if (makes) {
    const dest = takeRight(kernel, space, name, remoteType, false)
    if (dest === null) return 'MACH_SEND_INVALID_DEST'
    const reply = takeRight(kernel, space, name, localType, true) as Taken // the receive right that both need is there
    return { remote: dest.carried as Id, local: reply.carried } // a dead destination was refused
  }
  const moved = types.filter((type) => type === MACH_MSG_TYPE_MOVE_SEND).length
  const disposition = moved === 0 ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MOVE_SEND
  const taken = takeRight(kernel, space, name, disposition, false, Math.max(1, moved))
  if (taken === null) return 'MACH_SEND_INVALID_DEST'
  const port = taken.carried as Id // a dead destination was refused
  if (moved < 2) writes(kernel, port as PortRef, RIGHTS).srights += 1
  if (taken.notify !== null) notifyPortDeleted(kernel, taken.notify, name)
  return { remote: port, local: port }
}

/**
 * Takes all rights and memory of a message. An error in the header changes nothing; one in the body destroys what was
 * taken before it.
 */
export function copyinMessage(kernel: Kernel, thread: Thread, sent: SentMessage): Message | MachErrorCode {
  const space = spaceOf(thread.process)
  const header = copyinHeader(kernel, space, sent)
  if (typeof header === 'string') return header
  const remoteType = typeInMessage(sent.remoteType)
  const localType = typeInMessage(sent.localType)
  const body: Item[] = []
  let circular = false
  for (const item of sent.body) {
    const taken = copyinItem(kernel, thread, item, header.remote)
    if (!('failed' in taken)) {
      body.push(taken.item)
      circular ||= taken.circular
      continue
    }
    destroyRight(kernel, header.remote, remoteType)
    destroyRight(kernel, header.local, localType)
    destroyBody(kernel, body)
    destroyBody(kernel, taken.rest)
    return taken.failed
  }
  const size = body.reduce((sum, item) => sum + sizeOfItem(item), HEADER_SIZE)
  return { id: sent.id, size, ...header, remoteType, localType, body, circular }
}

/** An item with its rights; or what failed, with what of it had been taken. */
type TakenItem =
  | { readonly item: Item; readonly circular: boolean }
  | { readonly failed: MachErrorCode; readonly rest: readonly Item[] }

function copyinItem(kernel: Kernel, thread: Thread, sent: SentItem, dest: Id): TakenItem {
  if ('data' in sent) return { item: { kind: 'data', data: sent.data.slice() }, circular: false }
  if ('string' in sent) return { item: { kind: 'string', string: sent.string }, circular: false }
  if ('address' in sent) {
    const item = copyinMemory(kernel, thread, sent)
    return item === null ? { failed: 'MACH_SEND_INVALID_MEMORY', rest: [] } : { item, circular: false }
  }
  const { disposition, ports } = sent
  if (!isPortType(disposition))
    return { item: { kind: 'names', type: disposition, names: ports.slice() }, circular: false }
  const space = spaceOf(thread.process)
  const type = typeInMessage(disposition)
  const rights: Carried[] = []
  let circular = false
  for (const name of ports) {
    const carried = copyinRight(kernel, space, name, disposition)
    if (carried === undefined) return { failed: 'MACH_SEND_INVALID_RIGHT', rest: [{ kind: 'rights', type, rights }] }
    // A receive right's port is on its way to the destination from now on.
    if (disposition === MACH_MSG_TYPE_MOVE_RECEIVE && carried !== null && carried !== DEAD)
      circular = closesCircle(kernel, carried, dest) || circular
    rights.push(carried)
  }
  return { item: { kind: 'rights', type, rights }, circular }
}
