import {
  type Call,
  call,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  reads,
  release,
  retain,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError, socketAddress } from './args.ts'
import { hasDescriptor, type Opened } from './file.ts'
import { isImpatient } from './message.ts'
import { isLost } from './pipe.ts'
import { openSocket } from './socket.ts'
import { findSocket, isAddress, shown } from './socket-find.ts'
import {
  connectTo,
  createSocket,
  disconnected,
  incoming,
  isConnectionless,
  isOpenSocket,
  isQueueFull,
  knocking,
  NAME,
  QUEUE,
  RCV,
  type Socket,
  STATE,
} from './socket-object.ts'
import { type OnFd, openedBy, stagesOn, startsOver, waitOn, wakeNext } from './waiting.ts'

/** Connections: connect(2) and accept(2). */

interface ConnectArgs extends OnFd {
  readonly path: string
}

/** Whether it listens, and its backlog has no place left. */
function isCrowded(kernel: Kernel, ref: Ref<Socket>): boolean {
  const { state, shut } = reads(kernel, ref, STATE)
  return state === 'listening' && (shut & RCV) === 0 && isQueueFull(kernel, ref)
}

const connectDef = defineCall<ConnectArgs, void>({
  name: 'connect',
  error: posixError,
  stages: stagesOn<ConnectArgs>({
    mayProceed(kernel, thread, open, { path }) {
      if (!isOpenSocket(open) || !isAddress(path)) return true
      const socket = peek(kernel, open.socket)
      if (isConnectionless(socket) || isImpatient(kernel, thread, open, 0)) return true
      const found = findSocket(kernel, thread, path, socket.type)
      return 'error' in found || !isCrowded(kernel, found.socket)
    },
    attempt(kernel, thread, open, { path }) {
      if (!isOpenSocket(open)) return fail(kernel, 'ENOTSOCK')
      if (!isAddress(path)) return fail(kernel, 'EINVAL')
      const { type } = peek(kernel, open.socket)
      const found = findSocket(kernel, thread, path, type)
      if ('error' in found) return fail(kernel, found.error)
      if (isConnectionless(peek(kernel, open.socket))) return attach(kernel, open.socket, found.socket)
      if (!isCrowded(kernel, found.socket)) return establish(kernel, thread, open.socket, found.socket)
      return isImpatient(kernel, thread, open, 0)
        ? fail(kernel, 'EAGAIN')
        : waitOn(kernel, thread, knocking(found.socket))
    },
  }),
  restarts: true,
  startsOver,
  interruptible: true,
  giveUp(kernel, thread, args, reason) {
    const open = openedBy(kernel, thread, args)
    if (open !== null && isOpenSocket(open) && isLost(thread, reason)) {
      const found = findSocket(kernel, thread, args.path, peek(kernel, open.socket).type)
      if ('socket' in found && !isCrowded(kernel, found.socket)) wakeNext(kernel, knocking(found.socket))
    }
    return fail(kernel, 'EINTR')
  },
  waitsFor: (_kernel, _thread, { path }) => ({ object: shown(path) }),
  subject: (_kernel, _thread, { path }) => shown(path),
})

/** Makes the other end of the connection, for the listener to accept. */
function establish(kernel: Kernel, thread: Thread, ref: Ref<Socket>, listener: Ref<Socket>): Outcome {
  const { state: theirs, shut } = reads(kernel, listener, STATE)
  if (theirs !== 'listening' || (shut & RCV) !== 0) return fail(kernel, 'ECONNREFUSED')
  const { state, type } = reads(kernel, ref, STATE)
  if (state !== 'closed') return fail(kernel, state === 'connected' ? 'EISCONN' : 'EINVAL')
  const end = createSocket(kernel, thread, type)
  const { path } = reads(kernel, listener, NAME)
  const socket = writes(kernel, end, NAME)
  socket.path = path
  socket.name = `${shown(path ?? '')} to ${thread.process}`
  connectTo(kernel, end, ref)
  connectTo(kernel, ref, end)
  retain(kernel, end)
  writes(kernel, listener, QUEUE).connections.push(end)
  wakeNext(kernel, incoming(listener))
  return done(kernel)
}

/** A datagram socket is sent from to this one from now on, and receives from no other. */
function attach(kernel: Kernel, ref: Ref<Socket>, other: Ref<Socket>): Outcome {
  const { peer: theirs } = reads(kernel, other, STATE)
  if (theirs !== null && theirs !== ref) return fail(kernel, 'EPERM')
  const { peer: old } = reads(kernel, ref, STATE)
  connectTo(kernel, ref, other)
  writes(kernel, other, STATE).state = 'connected'
  if (old === null) return done(kernel)
  if (old !== other) disconnected(kernel, ref, old)
  release(kernel, old)
  return done(kernel)
}

/**
 * Connects to the socket that listens at the path, and waits while more wait there already than its backlog lets; it
 * need not have accepted. A datagram socket only notes whom to send to, and receives from nobody else.
 * @throws PosixError EBADF, ENOTSOCK, ENOENT, EACCES, ECONNREFUSED (nobody listens), EPROTOTYPE (another type), EISCONN,
 *   EAGAIN (O_NONBLOCK), EINTR, EPERM (datagrams: it is connected elsewhere), EINVAL. connect(2), unix(7)
 */
export const connect = (sockfd: number, path: string): Call<void> =>
  call(connectDef, { fd: integer(sockfd), path: socketAddress(path) })

const acceptDef = defineCall<OnFd, number>({
  name: 'accept',
  error: posixError,
  stages: stagesOn<OnFd>({
    mayProceed(kernel, thread, open) {
      if (!isOpenSocket(open)) return true
      const { state, shut, connections } = reads(kernel, open.socket, STATE)
      if (state !== 'listening' || (shut & RCV) !== 0 || isImpatient(kernel, thread, open, 0)) return true
      reads(kernel, open.socket, QUEUE)
      return connections.length > 0
    },
    attempt(kernel, thread, open) {
      if (!hasDescriptor(kernel, thread)) return fail(kernel, 'EMFILE')
      if (!isOpenSocket(open)) return fail(kernel, 'ENOTSOCK')
      const { state, shut } = reads(kernel, open.socket, STATE)
      if (isConnectionless(peek(kernel, open.socket))) return fail(kernel, 'EOPNOTSUPP')
      if (state !== 'listening') return fail(kernel, 'EINVAL')
      if (reads(kernel, open.socket, QUEUE).connections.length === 0) {
        if (isImpatient(kernel, thread, open, 0)) return fail(kernel, 'EAGAIN')
        if ((shut & RCV) !== 0) return fail(kernel, 'EINVAL')
        return waitOn(kernel, thread, incoming(open.socket))
      }
      const end = writes(kernel, open.socket, QUEUE).connections.shift() as Ref<Socket> // there is one
      wakeNext(kernel, knocking(open.socket))
      const fd = openSocket(kernel, thread, end, 0)
      release(kernel, end)
      return fd === null ? fail(kernel, 'EMFILE') : done(kernel, fd)
    },
  }),
  restarts: true,
  startsOver,
  interruptible: true,
  giveUp(kernel, thread, args, reason) {
    const open = openedBy(kernel, thread, args)
    if (open !== null && isOpenSocket(open) && isLost(thread, reason)) passOn(kernel, open.socket)
    return fail(kernel, 'EINTR')
  },
  waitsFor: (kernel, thread, args) => ({ object: listenerOf(openedBy(kernel, thread, args), kernel, args) }),
  subject: (kernel, thread, args) => listenerOf(openedBy(kernel, thread, args), kernel, args),
})

function passOn(kernel: Kernel, listener: Ref<Socket>): void {
  if (peek(kernel, listener).connections.length > 0) wakeNext(kernel, incoming(listener))
}

const listenerOf = (open: Opened | null, kernel: Kernel, { fd }: OnFd): string =>
  open !== null && isOpenSocket(open) ? peek(kernel, open.socket).name : `descriptor ${fd}`

/**
 * Waits for a connection; returns the lowest free descriptor for this end of it.
 * @throws PosixError EBADF, ENOTSOCK, EOPNOTSUPP (SOCK_DGRAM), EINVAL (it does not listen, or no more), EAGAIN (O_NONBLOCK), EINTR, EMFILE. accept(2)
 */
export const accept = (sockfd: number): Call<number> => call(acceptDef, { fd: integer(sockfd) })
