import {
  type Call,
  exists,
  install,
  type Kernel,
  type KernelObject,
  type Ref,
  reads,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { taskCall } from './calls.ts'
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
import { createPort, type Port } from './port.ts'
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

function services(kernel: Kernel): Readonly<Services> {
  if (!exists(kernel, SERVICES)) install<Services>(kernel, { id: SERVICES, kind: 'mach services', ports: {} })
  return reads(kernel, SERVICES)
}

/** The port of that name, which the server makes and keeps until somebody checks in for it. */
function create(kernel: Kernel, thread: Thread, service: string): void {
  const name = freshName(kernel, SERVER)
  const object = createPort(kernel, thread, SERVER, name)
  writes<Port>(kernel, object).label = service
  add(kernel, SERVER, name, { type: MACH_PORT_TYPE_RECEIVE, refs: 0, object, request: 0 })
  rememberPort(kernel, SERVER, name, object)
  takeRight(kernel, SERVER, name, MACH_MSG_TYPE_MAKE_SEND, false)
  putRight(kernel, SERVER, name, object, typeInMessage(MACH_MSG_TYPE_MAKE_SEND), true)
  writes(kernel, SERVICES).ports[service] = name
}

const createCall = taskCall<{ task: number; service: string }, void>(
  'bootstrap_create_service',
  (kernel, _space, { service }, thread) => {
    if (Object.hasOwn(services(kernel).ports, service)) return { failed: 'BOOTSTRAP_NAME_IN_USE' }
    create(kernel, thread, service)
    return { value: undefined }
  },
)

/**
 * Makes the port of a service, to which messages can be sent before anybody receives them.
 * @throws MachError BOOTSTRAP_NAME_IN_USE
 */
export const bootstrap_create_service = (service: string): Call<void> =>
  createCall({ task: 0, service: String(service) })

/** A right from the server's space to the caller's. */
function pass(kernel: Kernel, thread: Thread, name: number, disposition: number): number {
  const taken = takeRight(kernel, SERVER, name, disposition, false)
  return taken === null ? 0 : copyoutRight(kernel, spaceOf(thread.process), taken.carried, typeInMessage(disposition))
}

const checkInCall = taskCall<{ task: number; service: string }, number>(
  'bootstrap_check_in',
  (kernel, _space, { service }, thread) => {
    const name = Object.hasOwn(services(kernel).ports, service) ? (services(kernel).ports[service] ?? 0) : 0
    const type = look(kernel, SERVER, name)?.type ?? 0
    if ((type & MACH_PORT_TYPE_SEND) === 0) return { failed: 'BOOTSTRAP_UNKNOWN_SERVICE' }
    if ((type & MACH_PORT_TYPE_RECEIVE) === 0) return { failed: 'BOOTSTRAP_SERVICE_ACTIVE' }
    return { value: pass(kernel, thread, name, MACH_MSG_TYPE_MOVE_RECEIVE) }
  },
)

/**
 * Becomes the one who serves: returns the receive right.
 * @throws MachError BOOTSTRAP_UNKNOWN_SERVICE, BOOTSTRAP_SERVICE_ACTIVE
 */
export const bootstrap_check_in = (service: string): Call<number> => checkInCall({ task: 0, service: String(service) })

const lookUpCall = taskCall<{ task: number; service: string }, number>(
  'bootstrap_look_up',
  (kernel, _space, { service }, thread) => {
    const name = Object.hasOwn(services(kernel).ports, service) ? (services(kernel).ports[service] ?? 0) : 0
    const type = look(kernel, SERVER, name)?.type ?? 0
    if ((type & MACH_PORT_TYPE_SEND) === 0) return { failed: 'BOOTSTRAP_UNKNOWN_SERVICE' }
    return { value: pass(kernel, thread, name, MACH_MSG_TYPE_COPY_SEND) }
  },
)

/** Returns a send right to a service. @throws MachError BOOTSTRAP_UNKNOWN_SERVICE (or it is dead) */
export const bootstrap_look_up = (service: string): Call<number> => lookUpCall({ task: 0, service: String(service) })
