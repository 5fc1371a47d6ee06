import {
  type Counted,
  create,
  type Description,
  defineKind,
  destroy,
  type Id,
  type Kernel,
  type KernelObject,
  peek,
  type Ref,
  reads,
  release,
  retain,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import type { File, Opened } from './file.ts'
import { SOCK_DGRAM, type SOCK_SEQPACKET, SOCK_STREAM } from './flags.ts'
import { ROOM, room, uncharge } from './socket-room.ts'
import { wakeEach } from './waiting.ts'

/** Unix sockets as objects: unix(7). Each has a queue of what it is sent, and knows the one that it is connected to. */

export type SocketType = typeof SOCK_STREAM | typeof SOCK_DGRAM | typeof SOCK_SEQPACKET

export interface Socket extends Counted {
  readonly kind: 'socket'
  readonly type: SocketType
  /** As a reader would call it. */
  name: string
  /** The name that it is bound to, as given to bind(2); an accepted one has its listener's. */
  path: string | null
  /** The file of that name, of which this is the socket. */
  file: Ref<File> | null
  /** By what it is found under that name, while it is its own and not its listener's. */
  bound: Ref<Bound> | null
  state: 'closed' | 'listening' | 'connected'
  /** Whom it is connected to. It may be closed. */
  peer: Ref<Socket> | null
  /** Nothing more is received (RCV), nothing more is sent (SND). */
  shut: number
  /** What the next call that looks fails with. */
  error: string | null
  /** It has been closed, but is still referred to. */
  dead: boolean
  /** More than so many wait in its queue only when it is connected to their sender. */
  backlog: number
  queue: Message[]
  /** Of a listening one: those that have been connected and not yet accepted. */
  connections: Ref<Socket>[]
  /** What it has sent and nobody has received, in the memory that it takes. */
  sent: number
}

/** What has been sent: a datagram or packet, or some bytes of a stream. */
export interface Message {
  data: string
  readonly from: Ref<Socket>
  /** In the sender's memory. */
  readonly cost: number
  /** Descriptors on their way, each a reference to its open file. */
  files: readonly Ref<Description>[]
}

/** Independent parts of a socket, beside ROOM. */
export const STATE = 0
export const QUEUE = 1
export const NAME = 3

export const RCV = 1
export const SND = 2

export interface OpenSocket extends Opened {
  readonly kind: 'open socket'
  readonly socket: Ref<Socket>
}

export const isOpenSocket = (open: Opened): open is OpenSocket => open.kind === 'open socket'

/** The queues of those who wait for what it is sent, or to accept; and of those who wait for its queue to get shorter. */
export const incoming = (socket: Id): Id => `${socket}/in`
export const knocking = (socket: Id): Id => `${socket}/knocking`

/** A file of the type `sock`, or an abstract name, and the socket that is bound to it. */
export interface Bound extends KernelObject {
  readonly kind: 'bound socket'
  readonly socket: Ref<Socket>
}
export const boundTo = (file: Ref<File>): Ref<Bound> => `${file}/socket`

/** Of the datagrams of strangers: net.unix.max_dgram_qlen. */
const DATAGRAMS_MAX = 10

export function createSocket(kernel: Kernel, creator: Thread, type: SocketType): Ref<Socket> {
  return create<Socket>(kernel, creator, (id) => ({
    id,
    kind: 'socket',
    refs: 0,
    type,
    name: '',
    path: null,
    file: null,
    bound: null,
    state: 'closed',
    peer: null,
    shut: 0,
    error: null,
    dead: false,
    backlog: DATAGRAMS_MAX,
    queue: [],
    connections: [],
    sent: 0,
  }))
}

defineKind<Socket>('socket', {})

defineKind<OpenSocket>('open socket', {
  free(kernel, open) {
    closeSocket(kernel, open.socket, false)
    release(kernel, open.socket)
    release(kernel, open.file)
  },
})

export const isConnectionless = ({ type }: Socket): boolean => type === SOCK_DGRAM

/** Whether who is not connected from there has to wait: there may be one more than the backlog says. */
export function isQueueFull(kernel: Kernel, ref: Ref<Socket>): boolean {
  const { queue, connections, backlog } = reads(kernel, ref, QUEUE)
  return queue.length + connections.length > backlog
}

/** The error that the socket has, which is told once. */
export function takeError(kernel: Kernel, ref: Ref<Socket>): string | null {
  const { error } = reads(kernel, ref, STATE)
  if (error !== null) writes(kernel, ref, STATE).error = null
  return error
}

/** Wakes all who wait in a call on the socket itself: it is not as it was. */
export function tellChange(kernel: Kernel, ref: Ref<Socket>): void {
  wakeEach(kernel, incoming(ref))
  wakeEach(kernel, room(ref))
}

/** Connects one end to the other. */
export function connectTo(kernel: Kernel, ref: Ref<Socket>, peer: Ref<Socket>): void {
  const socket = writes(kernel, ref, STATE)
  socket.state = 'connected'
  socket.peer = peer
  retain(kernel, peer)
}

/**
 * The socket's last descriptor is gone. Its peer can receive what it has been sent; and then, if this had something
 * unread or was never accepted, it is told so.
 */
export function closeSocket(kernel: Kernel, ref: Ref<Socket>, neverAccepted: boolean): void {
  const socket = writes(kernel, ref, STATE)
  const { file, bound, peer } = socket
  const { queue, connections } = writes(kernel, ref, QUEUE)
  if (bound !== null) {
    destroy(kernel, bound)
    socket.bound = null
  }
  if (file !== null) {
    socket.file = null
    release(kernel, file)
  }
  socket.dead = true
  socket.state = 'closed'
  socket.shut = RCV | SND
  socket.peer = null
  wakeEach(kernel, knocking(ref))
  if (peer !== null) {
    if (!isConnectionless(socket)) {
      const other = writes(kernel, peer, STATE)
      other.shut = RCV | SND
      if (queue.length > 0 || neverAccepted) other.error = 'ECONNRESET'
      tellChange(kernel, peer)
    }
    release(kernel, peer)
  }
  socket.queue = []
  kernel.traffic?.drops(ref)
  socket.connections = []
  for (const connection of connections) {
    closeSocket(kernel, connection, true)
    release(kernel, connection)
  }
  for (const message of queue) discard(kernel, message)
}

/** A message has been received, or never will be: its room is free again, and what is left of it goes. */
export function discard(kernel: Kernel, { from, cost, files }: Message): void {
  for (const file of files) release(kernel, file)
  uncharge(kernel, from, cost)
  release(kernel, from)
}

/** Throws away all that the socket has been sent. `false`: there was nothing. */
function purge(kernel: Kernel, ref: Ref<Socket>): boolean {
  if (reads(kernel, ref, QUEUE).queue.length === 0) return false
  const socket = writes(kernel, ref, QUEUE)
  const { queue } = socket
  socket.queue = []
  kernel.traffic?.drops(ref)
  for (const message of queue) discard(kernel, message)
  wakeEach(kernel, knocking(ref))
  return true
}

/** A datagram socket is no longer connected to that one: what it has from it is lost, and that one is told. */
export function disconnected(kernel: Kernel, ref: Ref<Socket>, old: Ref<Socket>): void {
  const { dead, peer } = reads(kernel, old, STATE)
  if (!purge(kernel, ref) || dead || peer !== ref) return
  writes(kernel, old, STATE).error = 'ECONNRESET'
  tellChange(kernel, old)
}

/** Puts a message into a socket's queue; whoever waits there is to be woken. */
export function enqueue(
  kernel: Kernel,
  to: Ref<Socket>,
  from: Ref<Socket>,
  message: Pick<Message, 'data' | 'cost' | 'files'>,
): void {
  for (const file of message.files) retain(kernel, file)
  retain(kernel, from)
  writes(kernel, from, ROOM).sent += message.cost
  const { queue, type, name } = writes(kernel, to, QUEUE)
  if (type === SOCK_STREAM) kernel.traffic?.flows(to, message.data.length, name)
  else kernel.traffic?.enters(to, queue.length, name)
  queue.push({ ...message, from })
}

/** The name that the sender of a message is bound to by now. */
export const pathOf = (kernel: Kernel, ref: Ref<Socket>): string | null => reads(kernel, ref, NAME).path

export const nameOf = (kernel: Kernel, ref: Ref<Socket>): string => peek(kernel, ref).name
