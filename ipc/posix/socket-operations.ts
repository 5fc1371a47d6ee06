import {
  DONE,
  done,
  fail,
  type GiveUpReason,
  type Id,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  reads,
  type Thread,
} from '../../kernel/index.ts'
import * as datagram from './datagram.ts'
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, SOCK_STREAM } from './flags.ts'
import { whoHas } from './holders.ts'
import type { Outgoing, Received, Wanted } from './message.ts'
import { defineOperations } from './operations.ts'
import { isLost } from './pipe.ts'
import { shown } from './socket-find.ts'
import {
  isConnectionless,
  isQueueFull,
  nameOf,
  type OpenSocket,
  QUEUE,
  RCV,
  SND,
  type Socket,
  STATE,
} from './socket-object.ts'
import { hasMuchRoom } from './socket-room.ts'
import * as stream from './stream.ts'

/** What the calls on sockets do, of whatever type; read(2) and write(2) are receiving and sending without flags. */

const isStream = (kernel: Kernel, { socket }: OpenSocket): boolean => peek(kernel, socket).type === SOCK_STREAM

export const maySend = (kernel: Kernel, thread: Thread, open: OpenSocket, message: Outgoing): boolean =>
  isStream(kernel, open)
    ? stream.mayProceedSending(kernel, thread, open, message)
    : datagram.mayProceedSending(kernel, thread, open, message)

export function send(kernel: Kernel, thread: Thread, open: OpenSocket, message: Outgoing): Outcome {
  if (message.data === null) return fail(kernel, 'EFAULT')
  return isStream(kernel, open)
    ? stream.sendStream(kernel, thread, open, message)
    : datagram.sendDatagram(kernel, thread, open, message)
}

export function giveUpSending(kernel: Kernel, thread: Thread, reason: GiveUpReason): Outcome {
  if (isLost(thread, reason)) datagram.passOnSending(kernel, thread)
  const sent = thread.call?.progress ?? 0
  return sent > 0 ? done(kernel, sent) : fail(kernel, 'EINTR')
}

export const mayReceive = (kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): boolean =>
  isStream(kernel, open)
    ? stream.mayProceedReceiving(kernel, thread, open, wanted)
    : datagram.mayProceedReceiving(kernel, thread, open, wanted)

/** The value returned is `Received`. */
export const receive = (kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): Outcome =>
  isStream(kernel, open)
    ? stream.receiveStream(kernel, thread, open, wanted)
    : datagram.receiveDatagram(kernel, thread, open, wanted)

export function giveUpReceiving(
  kernel: Kernel,
  thread: Thread,
  open: OpenSocket,
  wanted: Wanted,
  reason: GiveUpReason,
): Outcome {
  if (isLost(thread, reason)) datagram.passOnReceiving(kernel, open.socket)
  const taken = stream.takenBy(thread)
  return taken === null ? fail(kernel, 'EINTR') : stream.finish(kernel, thread, wanted, taken)
}

/** What a receiver waits at: its own socket. */
export const receivingAt = (kernel: Kernel, { socket }: OpenSocket): string => nameOf(kernel, socket)

/** What a sender waits at: the socket that it sends to. */
export function sendingTo(kernel: Kernel, { socket }: OpenSocket, to: string | null = null): string {
  const { peer, name } = peek(kernel, socket)
  return to === null ? (peer === null ? name : nameOf(kernel, peer)) : shown(to)
}

/** Who has either end of the connection can end a wait at it; that nobody has the other may be because it is to be accepted. */
export function ends(kernel: Kernel, { socket }: OpenSocket): readonly Id[] | null {
  const { peer } = peek(kernel, socket)
  if (peer === null || isConnectionless(peek(kernel, socket))) return null
  const there = whoHas(kernel, peer, () => true)
  const here = whoHas(kernel, socket, () => true)
  return there === null || here === null || there.length === 0 ? null : [...there, ...here]
}

const NOTHING_MORE = { to: null, fds: [], flags: 0 }

defineOperations<OpenSocket>('open socket', {
  read: {
    mayProceed: (kernel, thread, open, count) => count === 0 || mayReceive(kernel, thread, open, plainly(count)),
    attempt(kernel, thread, open, count) {
      if (count === 0) return done(kernel, '')
      const outcome = receive(kernel, thread, open, plainly(count))
      return outcome === DONE ? done(kernel, (kernel.value as Received).data) : outcome
    },
    giveUp: (kernel, thread, open, count, reason) => giveUpReceiving(kernel, thread, open, plainly(count), reason),
    subject: receivingAt,
    blockers: ends,
  },
  write: {
    mayProceed: (kernel, thread, open, data) => maySend(kernel, thread, open, { ...NOTHING_MORE, data }),
    attempt: (kernel, thread, open, data) => send(kernel, thread, open, { ...NOTHING_MORE, data }),
    giveUp: (kernel, thread, _open, _data, reason) => giveUpSending(kernel, thread, reason),
    subject: (kernel, open) => sendingTo(kernel, open),
    blockers: ends,
  },
  poll,
  unread(kernel, { socket }) {
    if (reads(kernel, socket, STATE).state === 'listening') return 'EINVAL'
    const { queue } = reads(kernel, socket, QUEUE)
    const counted = isConnectionless(peek(kernel, socket)) ? queue.slice(0, 1) : queue
    return counted.reduce((sum, { data }) => sum + data.length, 0)
  },
})

const plainly = (length: number): Wanted => ({ length, room: 0, flags: 0 })

function poll(kernel: Kernel, { socket }: OpenSocket, asked: number): number {
  const { state, shut, error, type } = reads(kernel, socket, STATE)
  const { queue, connections } = reads(kernel, socket, QUEUE)
  let flags = 0
  if (error !== null) flags |= POLLERR
  if (shut === (RCV | SND)) flags |= POLLHUP
  if ((shut & RCV) !== 0) flags |= POLLRDHUP | POLLIN
  if (queue.length > 0 || connections.length > 0) flags |= POLLIN
  if (state === 'closed' && !isConnectionless(peek(kernel, socket))) flags |= POLLHUP
  if ((asked & POLLOUT) === 0 || state === 'listening' || !hasMuchRoom(kernel, socket)) return flags
  return type !== SOCK_STREAM && isPeerCrowded(kernel, socket) ? flags : flags | POLLOUT
}

/** A datagram socket can't send to a peer that has too many from strangers. */
function isPeerCrowded(kernel: Kernel, ref: Ref<Socket>): boolean {
  const { peer } = reads(kernel, ref, STATE)
  if (peer === null) return false
  const { peer: theirs, dead } = reads(kernel, peer, STATE)
  return theirs !== ref && !dead && isQueueFull(kernel, peer)
}
