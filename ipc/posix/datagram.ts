import {
  done,
  exists,
  fail,
  type Kernel,
  type Outcome,
  pin,
  type Ref,
  reads,
  release,
  retain,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { MSG_OOB, MSG_PEEK, SOCK_SEQPACKET } from './flags.ts'
import { filesOf, isImpatient, type Outgoing, received, type Wanted } from './message.ts'
import { findSocket, isAddress } from './socket-find.ts'
import {
  discard,
  disconnected,
  enqueue,
  incoming,
  isQueueFull,
  knocking,
  type OpenSocket,
  pathOf,
  QUEUE,
  RCV,
  SND,
  type Socket,
  STATE,
  takeError,
} from './socket-object.ts'
import { costOfDatagram, DATAGRAM_MAX, hasRoom, room } from './socket-room.ts'
import { waitOn, wakeNext } from './waiting.ts'

/**
 * SOCK_DGRAM and SOCK_SEQPACKET: each send is a message, received in one piece, and what the receiver has no room for
 * is lost. Packets go through a connection, datagrams from anybody to anybody. Neither raises SIGPIPE.
 */

type Target = { readonly socket: Ref<Socket> } | { readonly error: string }

/** Whom a message goes to. */
function targetOf(kernel: Kernel, thread: Thread, { socket }: OpenSocket, to: string | null): Target {
  const { type, peer } = reads(kernel, socket, STATE)
  if (to !== null && type !== SOCK_SEQPACKET) return waitingFor(kernel, thread) ?? findSocket(kernel, thread, to, type)
  return peer === null ? { error: 'ENOTCONN' } : { socket: peer }
}

/** Who waits for a socket goes on waiting for it, whatever becomes of its name; when it is closed, the name is looked up again. */
function waitingFor(kernel: Kernel, { call }: Thread): Target | null {
  const socket = (call?.saved ?? null) as Ref<Socket> | null // `sendDatagram` saves nothing else
  return socket === null || !exists(kernel, socket) || reads(kernel, socket, STATE).dead ? null : { socket }
}

/** Whether the queue there is so long that a stranger has to wait. */
function isCrowded(kernel: Kernel, ref: Ref<Socket>, target: Ref<Socket>): boolean {
  const { peer, dead, shut } = reads(kernel, target, STATE)
  if (dead || (shut & RCV) !== 0 || target === ref || peer === ref) return false
  return isQueueFull(kernel, target)
}

export function mayProceedSending(kernel: Kernel, thread: Thread, open: OpenSocket, message: Outgoing): boolean {
  const { to, data, flags } = message
  const { error, shut, state, type } = reads(kernel, open.socket, STATE)
  if (error !== null || (shut & SND) !== 0 || (type === SOCK_SEQPACKET && state !== 'connected')) return true
  if ((data ?? '').length > DATAGRAM_MAX || isImpatient(kernel, thread, open, flags)) return true
  if (!hasRoom(kernel, open.socket)) return false
  if (to !== null && !isAddress(to)) return true
  const target = targetOf(kernel, thread, open, to)
  return (
    'error' in target || mayNot(kernel, open.socket, target.socket) || !isCrowded(kernel, open.socket, target.socket)
  )
}

/** It receives from another only. */
function mayNot(kernel: Kernel, ref: Ref<Socket>, target: Ref<Socket>): boolean {
  const { peer } = reads(kernel, target, STATE)
  return peer !== null && peer !== ref
}

export function sendDatagram(kernel: Kernel, thread: Thread, open: OpenSocket, message: Outgoing): Outcome {
  const { to, fds, flags } = message
  const data = message.data ?? ''
  const ref = open.socket
  const { state, type } = reads(kernel, ref, STATE)
  if (type === SOCK_SEQPACKET) {
    const error = takeError(kernel, ref)
    if (error !== null) return fail(kernel, error)
    if (state !== 'connected') return fail(kernel, 'ENOTCONN')
  }
  const files = filesOf(kernel, thread, fds)
  if (typeof files === 'string') return fail(kernel, files)
  if ((flags & MSG_OOB) !== 0) return fail(kernel, 'EOPNOTSUPP')
  if (to !== null && type !== SOCK_SEQPACKET && !isAddress(to)) return fail(kernel, 'EINVAL')
  if (data.length > DATAGRAM_MAX) return fail(kernel, 'EMSGSIZE')
  const error = takeError(kernel, ref)
  if (error !== null) return fail(kernel, error)
  if ((reads(kernel, ref, STATE).shut & SND) !== 0) return fail(kernel, 'EPIPE')
  const isHurried = isImpatient(kernel, thread, open, flags)
  if (!hasRoom(kernel, ref)) return isHurried ? fail(kernel, 'EAGAIN') : waitOn(kernel, thread, room(ref))
  const found = targetOf(kernel, thread, open, to)
  if ('error' in found) return fail(kernel, found.error)
  const target = found.socket
  if (mayNot(kernel, ref, target)) return fail(kernel, 'EPERM')
  const { dead, shut } = reads(kernel, target, STATE)
  if (dead) return refused(kernel, ref, target)
  if ((shut & RCV) !== 0) return fail(kernel, 'EPIPE')
  if (isCrowded(kernel, ref, target)) {
    if (isHurried) return fail(kernel, 'EAGAIN')
    if (thread.call !== null && thread.call.saved !== target) {
      thread.call.saved = target
      pin(kernel, thread, target)
    }
    return waitOn(kernel, thread, knocking(target))
  }
  enqueue(kernel, target, ref, { data, cost: costOfDatagram(data.length), files })
  wakeNext(kernel, incoming(target))
  return done(kernel, data.length)
}

/** The peer is closed: a datagram socket is told once, and then is connected no more. */
function refused(kernel: Kernel, ref: Ref<Socket>, peer: Ref<Socket>): Outcome {
  if (reads(kernel, ref, STATE).type === SOCK_SEQPACKET) return fail(kernel, 'EPIPE')
  const socket = writes(kernel, ref, STATE)
  socket.peer = null
  socket.state = 'closed'
  disconnected(kernel, ref, peer)
  release(kernel, peer)
  return fail(kernel, 'ECONNREFUSED')
}

export function mayProceedReceiving(kernel: Kernel, thread: Thread, open: OpenSocket, { flags }: Wanted): boolean {
  const { type, state, error, shut } = reads(kernel, open.socket, STATE)
  if (error !== null || (shut & RCV) !== 0 || (type === SOCK_SEQPACKET && state !== 'connected')) return true
  return reads(kernel, open.socket, QUEUE).queue.length > 0 || isImpatient(kernel, thread, open, flags)
}

export function receiveDatagram(kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): Outcome {
  const { length, flags } = wanted
  const ref = open.socket
  const { type, state, shut } = reads(kernel, ref, STATE)
  if (type === SOCK_SEQPACKET && state !== 'connected') return fail(kernel, 'ENOTCONN')
  if ((flags & MSG_OOB) !== 0) return fail(kernel, 'EOPNOTSUPP')
  const error = takeError(kernel, ref)
  if (error !== null) return fail(kernel, error)
  const message = reads(kernel, ref, QUEUE).queue[0]
  if (message === undefined) {
    const isEnd = (shut & RCV) !== 0
    const isHurried = isImpatient(kernel, thread, open, flags)
    if (isEnd && (!isHurried || type === SOCK_SEQPACKET))
      return received(kernel, thread, wanted, { data: '', length: 0, from: null, files: [] })
    return isHurried ? fail(kernel, 'EAGAIN') : waitOn(kernel, thread, incoming(ref))
  }
  wakeNext(kernel, knocking(ref))
  const data = message.data.slice(0, length)
  const from = pathOf(kernel, message.from)
  const { files } = message
  const what = { data, length: message.data.length, from, files: [...files] }
  for (const file of files) retain(kernel, file)
  if ((flags & MSG_PEEK) === 0) {
    writes(kernel, ref, QUEUE).queue.shift()
    kernel.traffic?.leaves(ref, 0)
    discard(kernel, message)
  }
  return received(kernel, thread, wanted, what)
}

/** A sender that was woken dies: the next may have the place that it was to have. */
export function passOnSending(kernel: Kernel, { call }: Thread): void {
  const target = (call?.saved ?? null) as Ref<Socket> | null // as above
  if (target !== null && !isQueueFull(kernel, target)) wakeNext(kernel, knocking(target))
}

/** A receiver that was woken dies: the next may have what there is. */
export function passOnReceiving(kernel: Kernel, ref: Ref<Socket>): void {
  if (reads(kernel, ref, QUEUE).queue.length > 0) wakeNext(kernel, incoming(ref))
}
