import {
  type Call,
  exists,
  install,
  type Kernel,
  type KernelObject,
  READ,
  type Ref,
  reads,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { text } from './args.ts'
import { type Answer, OK, taskCall } from './calls.ts'
import {
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSG_TYPE_MOVE_RECEIVE,
  MACH_PORT_TYPE_RECEIVE,
  MACH_PORT_TYPE_SEND,
} from './constants.ts'
import { takeRight } from './copyin.ts'
import { copyoutRight, putRight } from './copyout.ts'
import { typeInMessage } from './message.ts'
import { createPort, PLACE, type Port } from './port.ts'
import { add, freshName, look, rememberPort, type SpaceRef, spaceOf } from './space.ts'

/**
 * How tasks that share nothing find each other: a name server that every task has a right to, as NeXT's and OSF's have.
 * It has a name space of its own, in which the rights for its services are; here each of its calls is one step, and no
 * exchange of messages.
 */

interface Services extends KernelObject {
  readonly kind: 'mach services'
  /** The name of each service's port in the server's space. */
  readonly ports: Record<string, number>
}

const SERVICES: Ref<Services> = 'mach-services'
const SERVER: SpaceRef = spaceOf('(bootstrap)')

/** The server's name for the port of a service; `null` when there is no such service. */
function nameOf(kernel: Kernel, service: string): number | null {
  kernel.footprint.add(SERVICES, 0, READ, SEQ_CST)
  if (!exists(kernel, SERVICES)) return null
  const { ports } = reads(kernel, SERVICES)
  return Object.hasOwn(ports, service) ? (ports[service] ?? null) : null
}

/** Makes a port with both rights, which the server keeps until somebody checks in for it. */
function create(kernel: Kernel, thread: Thread, service: string): void {
  const name = freshName(kernel, SERVER)
  const object = createPort(kernel, thread, SERVER, name)
  writes<Port>(kernel, object, PLACE).label = service
  add(kernel, SERVER, name, { type: MACH_PORT_TYPE_RECEIVE, refs: 0, object, request: 0 })
  rememberPort(kernel, SERVER, name, object)
  takeRight(kernel, SERVER, name, MACH_MSG_TYPE_MAKE_SEND, false)
  putRight(kernel, SERVER, name, object, typeInMessage(MACH_MSG_TYPE_MAKE_SEND), true)
  if (!exists(kernel, SERVICES)) install<Services>(kernel, { id: SERVICES, kind: 'mach services', ports: {} })
  writes(kernel, SERVICES).ports[service] = name
}

interface ServiceArgs {
  readonly [name: string]: number | string
  readonly task: number
  readonly service: string
}

/** The calling task's port is never dead. */
const asked = (service: string): ServiceArgs => ({ task: 0, service: text(service) })

const createCall = taskCall<ServiceArgs, void>('bootstrap_create_service', (kernel, _space, { service }, thread) => {
  if (nameOf(kernel, service) !== null) return { failed: 'BOOTSTRAP_NAME_IN_USE' }
  create(kernel, thread, service)
  return OK
})

/**
 * Makes the port of a service, to which messages can be sent before anybody receives them.
 * @throws MachError BOOTSTRAP_NAME_IN_USE
 */
export const bootstrap_create_service = (service: string): Call<void> => createCall(asked(service))

/** Gives the caller a right that the server has for a service which lives. */
function pass(kernel: Kernel, thread: Thread, service: string, disposition: number): Answer<number> {
  const name = nameOf(kernel, service)
  const entry = name === null ? null : look(kernel, SERVER, name)
  if (name === null || entry === null || (entry.type & MACH_PORT_TYPE_SEND) === 0)
    return { failed: 'BOOTSTRAP_UNKNOWN_SERVICE' }
  const taken = takeRight(kernel, SERVER, name, disposition, false)
  if (taken === null) return { failed: 'BOOTSTRAP_SERVICE_ACTIVE' }
  return { value: copyoutRight(kernel, spaceOf(thread.process), taken.carried, typeInMessage(disposition)) }
}

const checkInCall = taskCall<ServiceArgs, number>('bootstrap_check_in', (kernel, _space, { service }, thread) =>
  pass(kernel, thread, service, MACH_MSG_TYPE_MOVE_RECEIVE),
)

/**
 * Becomes the one who serves: returns the receive right.
 * @throws MachError BOOTSTRAP_UNKNOWN_SERVICE, BOOTSTRAP_SERVICE_ACTIVE
 */
export const bootstrap_check_in = (service: string): Call<number> => checkInCall(asked(service))

const lookUpCall = taskCall<ServiceArgs, number>('bootstrap_look_up', (kernel, _space, { service }, thread) =>
  pass(kernel, thread, service, MACH_MSG_TYPE_COPY_SEND),
)

/** Returns a send right to a service. @throws MachError BOOTSTRAP_UNKNOWN_SERVICE (or it is dead) */
export const bootstrap_look_up = (service: string): Call<number> => lookUpCall(asked(service))
