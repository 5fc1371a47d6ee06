import { type Call, type CallDef, call, DONE, defineCall, done, fail, type Outcome } from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import type { Received, Wanted } from './message.ts'
import { isOpenSocket } from './socket-object.ts'
import { ends, giveUpReceiving, mayReceive, receive, receivingAt } from './socket-operations.ts'
import { type OnFd, openedBy, stagesOn, startsOver } from './waiting.ts'

/** recv(2), recvfrom(2), recvmsg(2): one call under three names. */

type RecvArgs = OnFd & Wanted

type Kernel = Parameters<NonNullable<CallDef<RecvArgs, unknown>['giveUp']>>[0]

function receiving<R>(name: string, told: (received: Received) => R): CallDef<RecvArgs, R> {
  const tell = (kernel: Kernel, outcome: Outcome): Outcome =>
    outcome === DONE ? done(kernel, told(kernel.value as Received)) : outcome // what `receive` returns
  const def: CallDef<RecvArgs, R> = {
    name,
    error: posixError,
    does: 'takes',
    copies: (_args, got) => (typeof got === 'string' ? got : (got as Received).data).length, // what `told` makes of it
    stages: stagesOn<RecvArgs>({
      mayProceed: (kernel, thread, open, args) => !isOpenSocket(open) || mayReceive(kernel, thread, open, args),
      attempt: (kernel, thread, open, args) =>
        isOpenSocket(open) ? tell(kernel, receive(kernel, thread, open, args)) : fail(kernel, 'ENOTSOCK'),
    }),
    restarts: ({ call }) => call === null || call.saved === null,
    startsOver,
    interruptible: true,
    giveUp(kernel, thread, args, reason) {
      const open = openedBy(kernel, thread, args)
      if (open === null || !isOpenSocket(open)) return fail(kernel, 'EINTR')
      return tell(kernel, giveUpReceiving(kernel, thread, open, args, reason))
    },
    subject(kernel, thread, args) {
      const open = openedBy(kernel, thread, args)
      return open !== null && isOpenSocket(open) ? receivingAt(kernel, open) : `descriptor ${args.fd}`
    },
    waitsFor: (kernel, thread, args) => ({ object: def.subject?.(kernel, thread, args) ?? '' }),
    blockers(kernel, thread, args) {
      const open = openedBy(kernel, thread, args)
      return open !== null && isOpenSocket(open) ? ends(kernel, open) : null
    },
  }
  return def
}

const recvDef = defineCall(receiving('recv', ({ data }) => data))
const recvfromDef = defineCall(receiving('recvfrom', (received) => received))
const recvmsgDef = defineCall(receiving('recvmsg', (received) => received))

/** MAX_RW_COUNT: no call moves more; also what a negative length comes to, as C takes it for a huge one. */
const LENGTH_MAX = 0x7ffff000

const wanted = (sockfd: number, length: number, flags: number, room: number): RecvArgs => {
  const given = integer(length)
  return {
    fd: integer(sockfd),
    length: given < 0 || given > LENGTH_MAX ? LENGTH_MAX : given,
    flags: integer(flags),
    room,
  }
}

/**
 * Receives up to `length` bytes, or one datagram cut to them, and waits while there is nothing. None, `''`, is the end:
 * the peer sends no more. Descriptors that come with it are lost.
 * @param flags MSG_DONTWAIT, MSG_PEEK (it stays there), MSG_WAITALL (a stream: waits for all of them)
 * @returns a string with one character a byte
 * @throws PosixError EBADF, ENOTSOCK, EAGAIN, EINTR, ECONNRESET, ENOTCONN (packets), EINVAL (a stream that is not connected). recv(2), unix(7)
 */
export const recv = (sockfd: number, length: number, flags = 0): Call<string> =>
  call(recvDef, wanted(sockfd, length, flags, 0))

/** The same, and tells whom it is from; with MSG_TRUNC how long the whole datagram was. */
export const recvfrom = (sockfd: number, length: number, flags = 0): Call<Received> =>
  call(recvfromDef, wanted(sockfd, length, flags, 0))

/** The same, with descriptors. @param descriptors how many there is room for; others are lost (MSG_CTRUNC) */
export const recvmsg = (sockfd: number, length: number, flags = 0, descriptors = 253): Call<Received> =>
  call(recvmsgDef, wanted(sockfd, length, flags, integer(descriptors)))
