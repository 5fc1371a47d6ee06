import { type Id, type Kernel, madeOnce, peek, type Ref, reads } from '../../kernel/index.ts'
import { type Handle, type Handled, REFERENCES, resolve } from './handles.ts'
import type { Message, PortContext, PortMessage } from './message.ts'
import type { NtStatus } from './status.ts'
import type { Qos, Token } from './token.ts'

/** Port objects, and what leads from one to another. */

export type PortType = 'connection' | 'unconnected' | 'client' | 'communication'

export interface Port extends Handled {
  readonly kind: 'lpc port'
  readonly type: PortType
  /** As a reader would call it: a connection port's is its name in the name space. */
  readonly name: string
  /** The limit on TotalLength: a client and a communication port have their connection port's. */
  readonly maxMessageLength: number
  /** It has an event that tells whether there is a message. */
  readonly waitable: boolean
  /** Of a connection port: the process that created it, which alone may accept. */
  readonly serverProcess: Id | null

  // The message queue. A communication port has none of its own: it receives from its connection port's.
  messages: Message[]
  /** Counts what was queued and not yet received: dropping a message does not take its count back. */
  semaphore: number
  event: boolean

  // Links.
  /** Itself, or the connection port by which it came to be: a reference. `null` once the other side is gone. */
  connectionPort: Ref<Port> | null
  /** The other end, which this is no reference to; an unconnected port's is itself, a connection port has none. */
  connectedPort: Ref<Port> | null
  /** Of a connection port: its last handle is closed. */
  nameDeleted: boolean
  /** Of a communication port from accept to complete: the thread that waits to be connected. */
  clientThread: Id | null
  /** Of a communication port: what its server noted with the connection. */
  context: PortContext | null
  /** Views mapped for the connection, to be unmapped when the port is deleted. */
  views: View[]

  /** The reply chain: threads that wait for something from the port's owner, in the order in which they came. */
  chain: Id[]
  /** Of a connection port: received requests with data info, not yet replied to. */
  dataInfo: Message[]

  // Of a client port: on what terms its owner may be impersonated.
  readonly qos: Qos | null
  /** Static tracking: the client's token when it connected. */
  readonly token: Token | null
}

/** A mapping of a section in a process. */
export interface View {
  readonly process: Id
  readonly base: number
  readonly size: number
}

/** Independent parts of a port. */
export const QUEUE = 0
export const LINKS = 1
export const CHAIN = 2
export const DATA = 3
export { REFERENCES }

/** A port before anybody refers to it. */
export function newPort(wish: Pick<Port, 'id' | 'type' | 'name' | 'maxMessageLength'> & Partial<Port>): Port {
  return {
    kind: 'lpc port',
    refs: 0,
    handles: 0,
    waitable: false,
    serverProcess: null,
    messages: [],
    semaphore: 0,
    event: false,
    connectionPort: null,
    connectedPort: null,
    nameDeleted: false,
    clientThread: null,
    context: null,
    views: [],
    chain: [],
    dataInfo: [],
    qos: null,
    token: null,
    ...wish,
  }
}

export const portAt = (kernel: Kernel, thread: Parameters<typeof resolve>[1], handle: Handle): Ref<Port> | NtStatus =>
  resolve<Port>(kernel, thread, handle, 'lpc port')

/** Where receivers of the port's messages sleep, and who waits for its event. */
export const receiversOf = madeOnce((port) => `${port}/receivers`)
export const eventOf = madeOnce((port) => `${port}/event`)

/** Where what is sent through a port goes. */
export interface Route {
  /** The port whose queue gets it. */
  readonly queue: Ref<Port>
  /** The port on whose chain the sender waits for the reply. */
  readonly peer: Ref<Port>
  readonly context: PortContext | null
}

/** `null`: the port is disconnected. */
export function route(kernel: Kernel, ref: Ref<Port>): Route | null {
  const { type, connectedPort, connectionPort } = reads(kernel, ref, LINKS)
  switch (type) {
    case 'connection':
    case 'unconnected':
      return { queue: ref, peer: ref, context: null }
    case 'client': {
      if (connectedPort === null || connectionPort === null) return null
      return { queue: connectionPort, peer: connectedPort, context: reads(kernel, connectedPort, LINKS).context }
    }
    case 'communication':
      return connectedPort === null ? null : { queue: connectedPort, peer: connectedPort, context: null }
    default:
      return type satisfies never
  }
}

/** The port whose queue is received from through this one; `null`: a communication port whose client is gone. */
export function receivesFrom(kernel: Kernel, ref: Ref<Port>): Ref<Port> | null {
  return peek(kernel, ref).type === 'client' ? ref : reads(kernel, ref, LINKS).connectionPort
}

/** Whether the message is longer than the port allows; negative lengths are, as in C, very large. */
export function isTooLong(kernel: Kernel, ref: Ref<Port>, { totalLength, dataLength }: PortMessage): boolean {
  const total = totalLength >>> 0
  return total > peek(kernel, ref).maxMessageLength || total <= dataLength >>> 0
}

/** As reports call the port, by whichever end. */
export function portName(kernel: Kernel, ref: Ref<Port>): string {
  return (kernel.state.objects[ref] as Port | undefined)?.name ?? 'a port that is gone' // a Ref<Port> names ports
}
