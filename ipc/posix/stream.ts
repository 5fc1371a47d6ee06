import {
  done,
  fail,
  gone,
  type Kernel,
  type Outcome,
  raise,
  reads,
  retain,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { MSG_NOSIGNAL, MSG_OOB, MSG_PEEK, MSG_WAITALL } from './flags.ts'
import { filesOf, isImpatient, type Outgoing, received, type Wanted } from './message.ts'
import {
  discard,
  enqueue,
  incoming,
  type OpenSocket,
  pathOf,
  QUEUE,
  RCV,
  SND,
  STATE,
  takeError,
} from './socket-object.ts'
import { costOfStream, hasRoom, room, STREAM_MAX } from './socket-room.ts'
import { isFresh, waitOn, wakeEach } from './waiting.ts'

/** SOCK_STREAM: bytes both ways, in order and without boundaries, but that a receive ends where descriptors came. */

export function mayProceedSending(
  kernel: Kernel,
  thread: Thread,
  open: OpenSocket,
  { to, data, flags }: Outgoing,
): boolean {
  const { peer, error, shut } = reads(kernel, open.socket, STATE)
  if (to !== null || data === null || data === '' || peer === null) return true
  if (error !== null || (shut & SND) !== 0 || isImpatient(kernel, thread, open, flags)) return true
  return hasRoom(kernel, open.socket)
}

/** Sends what there is room for, and waits for more. */
export function sendStream(kernel: Kernel, thread: Thread, open: OpenSocket, message: Outgoing): Outcome {
  const { to, flags, fds } = message
  const data = message.data ?? ''
  const { call } = thread
  const files = filesOf(kernel, thread, fds)
  if (typeof files === 'string') return fail(kernel, files)
  if ((flags & MSG_OOB) !== 0) return fail(kernel, 'EOPNOTSUPP')
  const { state, peer, shut } = reads(kernel, open.socket, STATE)
  if (to !== null) return fail(kernel, state === 'connected' ? 'EISCONN' : 'EOPNOTSUPP')
  if (peer === null) return fail(kernel, 'ENOTCONN')
  if (isFresh(thread) && (shut & SND) !== 0) return broken(kernel, thread, flags)
  const before = call?.progress ?? 0
  let sent = before
  while (sent < data.length) {
    const error = takeError(kernel, open.socket) ?? ((shut & SND) !== 0 ? 'EPIPE' : null)
    if (error !== null) return sent > 0 ? done(kernel, sent) : fail(kernel, error)
    if (!hasRoom(kernel, open.socket)) {
      if (isImpatient(kernel, thread, open, flags)) return sent > 0 ? done(kernel, sent) : fail(kernel, 'EAGAIN')
      if (call !== null) call.progress = sent
      return waitOn(kernel, thread, room(open.socket))
    }
    // The peer that has shut down before it was connected has not told this end.
    if ((reads(kernel, peer, STATE).shut & RCV) !== 0)
      return sent > 0 ? done(kernel, sent) : broken(kernel, thread, flags)
    const bytes = data.slice(sent, sent + STREAM_MAX)
    enqueue(kernel, peer, open.socket, {
      data: bytes,
      cost: costOfStream(bytes.length),
      files: sent === 0 ? files : [],
    })
    sent += bytes.length
    if (sent - bytes.length === before) wakeEach(kernel, incoming(peer))
  }
  return done(kernel, sent)
}

/** Nobody receives there any more. */
function broken(kernel: Kernel, thread: Thread, flags: number): Outcome {
  if ((flags & MSG_NOSIGNAL) === 0 && !raise(kernel, thread, 'SIGPIPE')) return gone()
  return fail(kernel, 'EPIPE')
}

/** What a receive has taken already that waits for all that it asked for. */
interface Taken {
  readonly data: string
  readonly from: string | null
}

export function mayProceedReceiving(kernel: Kernel, thread: Thread, open: OpenSocket, { flags }: Wanted): boolean {
  const { state, error, shut } = reads(kernel, open.socket, STATE)
  if (state !== 'connected' || error !== null || (shut & RCV) !== 0) return true
  return reads(kernel, open.socket, QUEUE).queue.length > 0 || isImpatient(kernel, thread, open, flags)
}

/** Receives what there is; with MSG_WAITALL it waits until it has all. */
export function receiveStream(kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): Outcome {
  const { flags } = wanted
  const { call } = thread
  const before = takenBy(thread)
  if (before === null && reads(kernel, open.socket, STATE).state !== 'connected') return fail(kernel, 'EINVAL')
  if ((flags & MSG_OOB) !== 0) return fail(kernel, 'EINVAL') // there never is any
  if (reads(kernel, open.socket, QUEUE).queue.length > 0)
    return (flags & MSG_PEEK) !== 0 ? peekStream(kernel, thread, open, wanted) : take(kernel, thread, open, wanted)
  const error = takeError(kernel, open.socket)
  const isEnd = (reads(kernel, open.socket, STATE).shut & RCV) !== 0
  const isOver = error !== null || isEnd || isImpatient(kernel, thread, open, flags)
  if (!isOver) {
    if (call !== null) call.progress = before?.data.length ?? 0
    return waitOn(kernel, thread, incoming(open.socket))
  }
  if (before !== null) return finish(kernel, thread, wanted, before)
  if (error !== null) return fail(kernel, error)
  return isEnd ? finish(kernel, thread, wanted, { data: '', from: null }) : fail(kernel, 'EAGAIN')
}

export const takenBy = ({ call }: Thread): Taken | null => (call?.saved ?? null) as Taken | null // `take` saves nothing else

export function finish(kernel: Kernel, thread: Thread, wanted: Wanted, { data, from }: Taken): Outcome {
  return received(kernel, thread, wanted, { data, length: data.length, from, files: [] })
}

/** Takes up to `length` bytes, and no more than come before the next descriptors' end. */
function take(kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): Outcome {
  const { length, flags } = wanted
  const before = takenBy(thread)
  const { queue } = writes(kernel, open.socket, QUEUE)
  let data = before?.data ?? ''
  let from = before?.from ?? null
  for (let message = queue[0]; message !== undefined; message = queue[0]) {
    from ??= pathOf(kernel, message.from)
    const bytes = message.data.slice(0, length - data.length)
    data += bytes
    message.data = message.data.slice(bytes.length)
    const { files } = message
    message.files = []
    if (message.data === '') {
      queue.shift()
      discard(kernel, message)
    }
    kernel.traffic?.drains(open.socket, bytesIn(queue))
    if (files.length > 0) return received(kernel, thread, wanted, { data, length: data.length, from, files })
    if (data.length >= length) break
  }
  const isPatient = (flags & MSG_WAITALL) !== 0 && data.length < length
  if (!isPatient) return finish(kernel, thread, wanted, { data, from })
  if (thread.call !== null) thread.call.saved = { data, from }
  return receiveStream(kernel, thread, open, wanted)
}

const bytesIn = (queue: readonly { readonly data: string }[]): number =>
  queue.reduce((sum, { data }) => sum + data.length, 0)

/** The same, but all stays there. */
function peekStream(kernel: Kernel, thread: Thread, open: OpenSocket, wanted: Wanted): Outcome {
  let data = ''
  let from: string | null = null
  for (const message of reads(kernel, open.socket, QUEUE).queue) {
    from ??= pathOf(kernel, message.from)
    data += message.data.slice(0, wanted.length - data.length)
    const { files } = message
    if (files.length > 0) {
      for (const file of files) retain(kernel, file)
      return received(kernel, thread, wanted, { data, length: data.length, from, files: [...files] })
    }
    if (data.length >= wanted.length) break
  }
  return finish(kernel, thread, wanted, { data, from })
}
