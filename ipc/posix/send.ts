import { type Args, type Call, type CallDef, call, defineCall, fail } from '../../kernel/index.ts'
import { bytes, integer, posixError, socketAddress } from './args.ts'
import type { Outgoing } from './message.ts'
import { isOpenSocket } from './socket-object.ts'
import { ends, giveUpSending, maySend, sendingTo, send as sendOn } from './socket-operations.ts'
import { type OnFd, openedBy, stagesOn, startsOver } from './waiting.ts'

/** send(2), sendto(2), sendmsg(2): one call under three names. */

type SendArgs = OnFd & Outgoing & Args

function sending(name: string): CallDef<SendArgs, number> {
  const def: CallDef<SendArgs, number> = {
    name,
    error: posixError,
    does: 'gives',
    copies: (_args, sent) => Number(sent),
    stages: stagesOn<SendArgs>({
      mayProceed: (kernel, thread, open, args) => !isOpenSocket(open) || maySend(kernel, thread, open, args),
      attempt: (kernel, thread, open, args) =>
        isOpenSocket(open) ? sendOn(kernel, thread, open, args) : fail(kernel, 'ENOTSOCK'),
    }),
    restarts: ({ call }) => call === null || call.progress === 0,
    startsOver,
    interruptible: true,
    giveUp: (kernel, thread, _args, reason) => giveUpSending(kernel, thread, reason),
    subject(kernel, thread, args) {
      const open = openedBy(kernel, thread, args)
      return open !== null && isOpenSocket(open) ? sendingTo(kernel, open, args.to) : `descriptor ${args.fd}`
    },
    waitsFor: (kernel, thread, args) => ({ object: def.subject?.(kernel, thread, args) ?? '' }),
    blockers(kernel, thread, args) {
      const open = openedBy(kernel, thread, args)
      return open !== null && isOpenSocket(open) ? ends(kernel, open) : null
    },
  }
  return def
}

const sendDef = defineCall(sending('send'))
const sendtoDef = defineCall(sending('sendto'))
const sendmsgDef = defineCall(sending('sendmsg'))

/**
 * Sends to the socket that this one is connected to, and waits while there is no room for it; returns how many bytes.
 * Of a stream that may be fewer, when a signal or the peer's end came between.
 * @param data a string with one character a byte; one with other characters, as any bad buffer, is EFAULT
 * @param flags MSG_DONTWAIT; MSG_NOSIGNAL: no SIGPIPE, which only streams raise
 * @throws PosixError EBADF, ENOTSOCK, ENOTCONN, EPIPE, ECONNRESET, ECONNREFUSED (datagrams: it is closed), EMSGSIZE, EAGAIN, EINTR, EFAULT. send(2), unix(7)
 */
export const send = (sockfd: number, data: string, flags = 0): Call<number> =>
  call(sendDef, { fd: integer(sockfd), data: bytes(data), to: null, fds: [], flags: integer(flags) })

/**
 * The same, a datagram to the socket of that name; it waits while that has 11 messages from strangers.
 * @throws PosixError as `send`; ENOENT, EACCES, EPROTOTYPE, ECONNREFUSED, EPERM (it is connected elsewhere), EISCONN, EOPNOTSUPP (a stream), EINVAL
 */
export const sendto = (sockfd: number, data: string, flags: number, path: string): Call<number> =>
  call(sendtoDef, { fd: integer(sockfd), data: bytes(data), to: socketAddress(path), fds: [], flags: integer(flags) })

/** What sendmsg sends. */
export interface MessageToSend {
  readonly data: string
  /** Descriptors whose open files the receiver is to have, too: SCM_RIGHTS. */
  readonly fds?: readonly number[]
  /** A datagram's destination. */
  readonly path?: string
}

/**
 * The same, with descriptors. Until they are received their files stay open, also when the sender closes its own.
 * @throws PosixError as `send` and `sendto`; EBADF (one of the descriptors), EINVAL (more than 253)
 */
export function sendmsg(sockfd: number, message: MessageToSend, flags = 0): Call<number> {
  const given: Partial<MessageToSend> = typeof message === 'object' && message !== null ? message : {}
  return call(sendmsgDef, {
    fd: integer(sockfd),
    data: bytes(given.data),
    to: given.path === undefined ? null : socketAddress(given.path),
    fds: Array.isArray(given.fds) ? Array.from(given.fds, integer) : [],
    flags: integer(flags),
  })
}
