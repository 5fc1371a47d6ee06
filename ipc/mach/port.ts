import {
  create,
  exists,
  type Id,
  invariant,
  type Kernel,
  type KernelObject,
  READ,
  type Ref,
  reads,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { MACH_PORT_QLIMIT_DEFAULT, MACH_PORT_TYPE_SEND, MACH_PORT_TYPE_SEND_ONCE } from './constants.ts'
import type { Message } from './message.ts'
import type { SpaceRef } from './space.ts'

/**
 * A port: a queue of messages, protected. Tasks know it by names that denote rights: one receive right, which is in some
 * task's name space or in a message, and any number of send and send-once rights.
 */

export interface Port extends KernelObject {
  readonly kind: 'mach port'
  /** What to call it in reports; `null`: by its id. */
  label: string | null
  /** Whose the receive right is, and under what name; `null` while it is in a message. */
  receiver: SpaceRef | null
  receiverName: number
  /** The port that the message with the receive right is on its way to. */
  destination: Id | null
  /** The set that it is in. */
  set: Id | null
  /** How often the receive right has left a task, and how often it was put into a set: who waits without a mark looks here. */
  moves: number
  joins: number
  /** Empty while it is in a set: they are in the set's queue. */
  messages: Message[]
  /** How many messages count against the limit, wherever they are queued. */
  msgcount: number
  qlimit: number
  /** The number that the next message taken out of a queue gets. */
  seqno: number
  /** Send rights made since the receive right came. */
  mscount: number
  srights: number
  sorights: number
  /** Send rights that count, though nobody has them any more (rule 21 of the recordings). */
  lost: number
  /** Send-once rights, by their ports, for notifications. */
  nsrequest: Id | null
  pdrequest: Id | null
  requests: RequestTable
}

/** Dead-name requests. Slot 0 is never used; free ones are taken from the end. */
interface RequestTable {
  readonly slots: (DeadNameRequest | null)[]
  readonly free: number[]
}

export interface DeadNameRequest {
  /** In the space of whoever asked. */
  name: number
  /** Where to send the notification: a send-once right. */
  readonly notify: Id
}

export type PortRef = Ref<Port>

/** Parts of a port that are touched independently. Part 0 is whether it lives. */
export const QUEUE = 1
export const RIGHTS = 2
/** Where its receive right is, and in what set. */
export const PLACE = 3
export const REQUESTS = 4

export function createPort(kernel: Kernel, thread: Thread, receiver: SpaceRef, receiverName: number): PortRef {
  return create<Port>(kernel, thread, (id) => ({
    id,
    kind: 'mach port',
    label: null,
    receiver,
    receiverName,
    destination: null,
    set: null,
    moves: 0,
    joins: 0,
    messages: [],
    msgcount: 0,
    qlimit: MACH_PORT_QLIMIT_DEFAULT,
    seqno: 0,
    mscount: 0,
    srights: 0,
    sorights: 0,
    lost: 0,
    nsrequest: null,
    pdrequest: null,
    requests: { slots: [], free: [] },
  }))
}

/** Whether the port, or set, is there still. A dead one is gone, and whoever refers to it finds out. */
export function isAlive(kernel: Kernel, ref: Id): boolean {
  kernel.footprint.add(ref, 0, READ, SEQ_CST)
  return exists(kernel, ref)
}

/** Whether a name of that type has rights to send. */
export const isSendable = (type: number): boolean => (type & (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_SEND_ONCE)) !== 0

/** Registers a request, and says in what slot. The table doubles when it is full; the last of its new slots is used first. */
export function addRequest(kernel: Kernel, port: PortRef, request: DeadNameRequest): number {
  const { slots, free } = writes(kernel, port, REQUESTS).requests
  if (free.length === 0) {
    const from = Math.max(1, slots.length)
    const size = Math.max(2, slots.length * 2)
    while (slots.length < size) slots.push(null)
    for (let slot = from; slot < size; slot++) free.push(slot)
  }
  const slot = free.pop()
  invariant(slot !== undefined, 'a table of requests has grown')
  slots[slot] = request
  return slot
}

/** Takes a request out and returns the right that it was to be sent to. */
export function cancelRequest(kernel: Kernel, port: PortRef, slot: number): Id {
  const { slots, free } = writes(kernel, port, REQUESTS).requests
  const request = slots[slot]
  invariant(request !== undefined && request !== null, 'a request that is cancelled is registered', port)
  slots[slot] = null
  free.push(slot)
  return request.notify
}

/**
 * Whether a receive right for `port` in a message to `dest` would close a circle of ports that are in each other's
 * queues. If not, the port is on its way to `dest` from now on.
 */
export function closesCircle(kernel: Kernel, port: PortRef, dest: PortRef): boolean {
  if (port === dest) return true
  let base = dest
  while (isAlive(kernel, base)) {
    const { receiver, destination } = reads(kernel, base, PLACE)
    if (receiver !== null || destination === null) break
    base = destination
  }
  if (base === port) return true
  writes(kernel, port, PLACE).destination = dest
  return false
}

/** As a reader would name it. */
export function portName(kernel: Kernel, ref: Id): string {
  const port = kernel.state.objects[ref] as Port | undefined // only ever asked of ports and sets
  if (port === undefined) return `port ${ref}, which is dead`
  return port.kind === 'mach port' ? `port ${port.label ?? ref}` : `port set ${ref}`
}
