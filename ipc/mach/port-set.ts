import {
  create,
  destroy,
  type Id,
  type Kernel,
  type KernelObject,
  type Ref,
  reads,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import type { Message } from './message.ts'
import { PLACE, type PortRef } from './port.ts'
import { moveMessages, tellReceivers } from './queue.ts'
import type { SpaceRef } from './space.ts'

/**
 * A port set: several receive rights of one task, received from as one. It has one queue, in which the messages of all
 * its members come in the order of their arrival.
 */

export interface PortSet extends KernelObject {
  readonly kind: 'mach port set'
  readonly space: SpaceRef
  name: number
  messages: Message[]
  readonly members: Record<Id, true>
}

export type SetRef = Ref<PortSet>

/** The part of a set that says who is in it. */
export const MEMBERS = 2

export function createSet(kernel: Kernel, thread: Thread, space: SpaceRef, name: number): SetRef {
  return create<PortSet>(kernel, thread, (id) => ({
    id,
    kind: 'mach port set',
    space,
    name,
    messages: [],
    members: {},
  }))
}

/** Puts a port that is in no set into one: its backlog comes last there, and who waited at the port is told. */
export function join(kernel: Kernel, port: PortRef, set: SetRef): void {
  const place = writes(kernel, port, PLACE)
  place.set = set
  place.joins += 1
  writes(kernel, set, MEMBERS).members[port] = true
  moveMessages(kernel, port, port, set)
  tellReceivers(kernel, port, 'MACH_RCV_PORT_CHANGED')
}

/** Takes a port out of the set that it is in, and its messages with it. */
export function leave(kernel: Kernel, port: PortRef, set: SetRef): void {
  writes(kernel, port, PLACE).set = null
  delete writes(kernel, set, MEMBERS).members[port]
  moveMessages(kernel, port, set, port)
}

/** Its members are in no set any more, and have their messages back. */
export function destroySet(kernel: Kernel, set: SetRef): void {
  tellReceivers(kernel, set, 'MACH_RCV_PORT_DIED')
  for (const port of Object.keys(reads(kernel, set, MEMBERS).members)) leave(kernel, port, set)
  destroy(kernel, set)
}
