import {
  type Args,
  addDescriptor,
  type Description,
  descriptionAt,
  done,
  type Kernel,
  type Outcome,
  type Ref,
  release,
  type Thread,
} from '../../kernel/index.ts'
import { FIRST_DESCRIPTOR } from './file.ts'
import { MSG_CTRUNC, MSG_DONTWAIT, MSG_TRUNC } from './flags.ts'
import type { OpenSocket } from './socket-object.ts'
import { isNonblocking } from './status.ts'

/** What one call sends or receives, and the descriptors that go with it: SCM_RIGHTS in unix(7). */

/** A message that is sent. */
export interface Outgoing extends Args {
  /** `null`: no buffer of bytes. */
  readonly data: string | null
  /** Whom to, where that is said. */
  readonly to: string | null
  readonly fds: readonly number[]
  readonly flags: number
}

/** What is to be received. */
export interface Wanted extends Args {
  readonly length: number
  /** How many descriptors there is room for. */
  readonly room: number
  readonly flags: number
}

/** What recvmsg returns. */
export interface Received {
  readonly data: string
  /** How many bytes; with MSG_TRUNC among the flags asked for, how many the whole datagram had. */
  readonly length: number
  /** The name of the socket that sent it, if it has one. */
  readonly from: string | null
  /** Descriptors that came with it: new ones, of the sender's open files. */
  readonly fds: readonly number[]
  /** MSG_TRUNC: the datagram was longer; MSG_CTRUNC: there were more descriptors. */
  readonly flags: number
}

/** SCM_MAX_FD */
const FDS_MAX = 253

/** The open files that are to be sent. A string is the errno. */
export function filesOf(kernel: Kernel, thread: Thread, fds: readonly number[]): Ref<Description>[] | string {
  if (fds.length > FDS_MAX) return 'EINVAL'
  const files: Ref<Description>[] = []
  for (const fd of fds) {
    const file = descriptionAt(kernel, thread, fd)
    if (file === null) return 'EBADF'
    files.push(file)
  }
  return files
}

/** Gives the receiver descriptors for the files, as many as there is room for; the others are lost. The references go. */
function install(
  kernel: Kernel,
  thread: Thread,
  files: readonly Ref<Description>[],
  places: number,
): { readonly fds: number[]; readonly isCut: boolean } {
  const fds: number[] = []
  for (const file of files) {
    const fd = fds.length < places ? addDescriptor(kernel, thread, file, FIRST_DESCRIPTOR) : null
    if (fd !== null) fds.push(fd)
    release(kernel, file)
  }
  return { fds, isCut: fds.length < files.length }
}

/** The call returns what it received. @param files references that are the receiver's now */
export function received(
  kernel: Kernel,
  thread: Thread,
  wanted: Wanted,
  {
    data,
    length,
    from,
    files,
  }: { data: string; length: number; from: string | null; files: readonly Ref<Description>[] },
): Outcome {
  const { fds, isCut } = install(kernel, thread, files, wanted.room)
  const flags = (length > data.length ? MSG_TRUNC : 0) | (isCut ? MSG_CTRUNC : 0)
  const told = (wanted.flags & MSG_TRUNC) !== 0 ? length : data.length
  return done(kernel, { data, length: told, from, fds, flags } satisfies Received)
}

/** Whether the call fails with EAGAIN where it would wait. Who waits does so whatever becomes of O_NONBLOCK. */
export const isImpatient = (kernel: Kernel, { call }: Thread, open: OpenSocket, flags: number): boolean =>
  (flags & MSG_DONTWAIT) !== 0 || (call?.slept !== true && isNonblocking(kernel, open))
