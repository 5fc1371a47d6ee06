import {
  type Args,
  addDescriptor,
  type Call,
  call,
  DESCRIPTORS_MAX,
  defineCall,
  done,
  fail,
  type Kernel,
  peek,
  type Ref,
  reads,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { FIRST_DESCRIPTOR, type Opened, openFileAt } from './file.ts'
import {
  F_DUPFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFL,
  F_SETPIPE_SZ,
  FIONREAD,
  O_ACCMODE,
  O_APPEND,
  O_DIRECT,
  O_NONBLOCK,
} from './flags.ts'
import { operationsOf } from './operations.ts'
import { isOpenPipe, resizePipe } from './pipe.ts'
import { FLAGS, flagsOf } from './status.ts'

/** fcntl(2) and ioctl(2), as far as they are about what goes through descriptors. */

const MAY_CHANGE = O_APPEND | O_NONBLOCK | O_DIRECT

interface FcntlArgs extends Args {
  readonly fd: number
  readonly cmd: number
  readonly arg: number
}

const fcntlDef = defineCall<FcntlArgs, number>({
  name: 'fcntl',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, cmd, arg }) {
        const open = openFileAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        const said = control(kernel, thread, open, cmd, arg)
        return typeof said === 'string' ? fail(kernel, said) : done(kernel, said)
      },
    },
  ],
})

/** What the command returns, or its errno. */
function control(kernel: Kernel, thread: Thread, open: Opened, cmd: number, arg: number): number | string {
  switch (cmd) {
    case F_DUPFD:
      if (arg < 0 || arg >= DESCRIPTORS_MAX) return 'EINVAL'
      return addDescriptor(kernel, thread, open.id, Math.max(arg, FIRST_DESCRIPTOR)) ?? 'EMFILE'
    case F_GETFL:
      return flagsOf(kernel, open) & (O_ACCMODE | MAY_CHANGE)
    case F_SETFL:
      if ((arg & O_DIRECT) !== 0 && peek(kernel, open.file).type !== 'fifo') return 'EINVAL'
      writes(kernel, open.id as Ref<Opened>, FLAGS).flags = (open.flags & ~MAY_CHANGE) | (arg & MAY_CHANGE)
      return 0
    case F_GETPIPE_SZ:
      return isOpenPipe(open) ? reads(kernel, open.pipe).capacity : 'EBADF'
    case F_SETPIPE_SZ:
      return isOpenPipe(open) ? resizePipe(kernel, thread, open.pipe, arg) : 'EBADF'
    default:
      return 'EINVAL'
  }
}

/**
 * Does one of these to an open descriptor:
 * - F_DUPFD: as `dup`, to the lowest free number from `arg` on
 * - F_GETFL, F_SETFL: the access mode with O_NONBLOCK, O_APPEND and O_DIRECT; sets the last three, for all descriptors of the open file
 * - F_GETPIPE_SZ, F_SETPIPE_SZ: how many bytes a pipe holds, in pages; sets it to the next power of two, not less than it holds (EBUSY)
 * @throws PosixError EBADF (also no pipe), EINVAL, EMFILE, EBUSY, EPERM (above 1 MiB). fcntl(2)
 */
export const fcntl = (fd: number, cmd: number, arg = 0): Call<number> =>
  call(fcntlDef, { fd: integer(fd), cmd: integer(cmd), arg: integer(arg) })

const ioctlDef = defineCall<{ readonly fd: number; readonly request: number }, number>({
  name: 'ioctl',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, request }) {
        const open = openFileAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        if (request !== FIONREAD) return fail(kernel, 'ENOTTY')
        const unread = operationsOf(open).unread(kernel, open)
        return typeof unread === 'string' ? fail(kernel, unread) : done(kernel, unread)
      },
    },
  ],
})

/**
 * Asks how many bytes could be read; of a datagram socket, how many the first datagram has.
 * @param request FIONREAD
 * @throws PosixError EBADF, ENOTTY (another request), EINVAL (a listening socket). ioctl(2)
 */
export const ioctl = (fd: number, request: number): Call<number> =>
  call(ioctlDef, { fd: integer(fd), request: integer(request) })
