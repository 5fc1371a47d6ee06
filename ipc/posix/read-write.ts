import {
  type Args,
  type Call,
  type CallDef,
  call,
  defineCall,
  fail,
  type Id,
  type Kernel,
  type Thread,
} from '../../kernel/index.ts'
import { bytes, integer, posixError } from './args.ts'
import { canRead, canWrite, type Opened } from './file.ts'
import { operationsOf, type Transfer } from './operations.ts'
import { type OnFd, openedBy, stagesOn, startsOver } from './waiting.ts'

/** read(2) and write(2), on whatever is open: see `Operations`. */

/** One of the two ways. */
interface Way<A extends Args, W> {
  transferOf(open: Opened): Transfer<Opened, W>
  isOpenSo(open: Opened): boolean
  /** What goes that way; a string that is an errno is none. */
  readonly whatOf: (args: A) => W
  mistakeIn(args: A): string | null
}

type Going = 'stages' | 'restarts' | 'startsOver' | 'interruptible' | 'giveUp' | 'subject' | 'waitsFor' | 'blockers'

function going<A extends OnFd, W>({
  transferOf,
  isOpenSo,
  whatOf,
  mistakeIn,
}: Way<A, W>): Pick<CallDef<A, unknown>, Going> {
  function subject(kernel: Kernel, thread: Thread, args: A): string {
    const open = openedBy(kernel, thread, args)
    return (open === null ? undefined : transferOf(open).subject?.(kernel, open)) ?? `descriptor ${args.fd}`
  }
  function blockers(kernel: Kernel, thread: Thread, args: A): readonly Id[] | null {
    const open = openedBy(kernel, thread, args)
    return (open === null ? undefined : transferOf(open).blockers?.(kernel, open)) ?? null
  }
  return {
    stages: stagesOn<A>({
      mayProceed(kernel, thread, open, args) {
        if (!isOpenSo(open) || mistakeIn(args) !== null) return true
        return transferOf(open).mayProceed?.(kernel, thread, open, whatOf(args)) ?? true
      },
      attempt(kernel, thread, open, args) {
        if (!isOpenSo(open)) return fail(kernel, 'EBADF')
        const mistake = mistakeIn(args)
        return mistake !== null ? fail(kernel, mistake) : transferOf(open).attempt(kernel, thread, open, whatOf(args))
      },
    }),
    restarts: ({ call }) => call === null || call.progress === 0,
    startsOver,
    interruptible: true,
    giveUp(kernel, thread, args, reason) {
      const open = openedBy(kernel, thread, args)
      const giveUp = open === null ? undefined : transferOf(open).giveUp
      return open === null || giveUp === undefined
        ? fail(kernel, 'EINTR')
        : giveUp(kernel, thread, open, whatOf(args), reason)
    },
    subject,
    waitsFor: (kernel, thread, args) => ({
      object: subject(kernel, thread, args),
      awaits: blockers(kernel, thread, args) ?? [],
    }),
    blockers,
  }
}

interface ReadArgs extends OnFd {
  readonly count: number
}

const readDef = defineCall<ReadArgs, string>({
  name: 'read',
  error: posixError,
  does: 'takes',
  copies: (_args, bytes) => String(bytes).length,
  ...going<ReadArgs, number>({
    transferOf: (open) => operationsOf(open).read,
    isOpenSo: canRead,
    whatOf: ({ count }) => count,
    mistakeIn: ({ count }) => (count < 0 ? 'EINVAL' : null),
  }),
})

/**
 * Reads up to `count` bytes: of a regular file those at its offset; of a pipe or a socket those that there are, and
 * while there are none it waits. None, `''`, is the end: of the file, or nobody can write any more.
 * @returns a string with one character a byte
 * @throws PosixError EBADF, EINVAL, EAGAIN (O_NONBLOCK), EINTR, ECONNRESET. read(2)
 */
export const read = (fd: number, count: number): Call<string> =>
  call(readDef, { fd: integer(fd), count: integer(count) })

interface WriteArgs extends OnFd {
  /** `null`: no buffer of bytes. */
  readonly data: string | null
}

const writeDef = defineCall<WriteArgs, number>({
  name: 'write',
  error: posixError,
  does: 'gives',
  copies: (_args, written) => Number(written),
  ...going<WriteArgs, string>({
    transferOf: (open) => operationsOf(open).write,
    isOpenSo: canWrite,
    whatOf: ({ data }) => data ?? '',
    mistakeIn: ({ data }) => (data === null ? 'EFAULT' : null),
  }),
})

/**
 * Writes, to a regular file at its offset, to a pipe or a socket behind what is in it, and waits while there is no
 * room; returns how many bytes. Fewer than all with O_NONBLOCK, or when a signal or the last reader's end came between.
 * @param data a string with one character a byte; one with other characters, as any bad buffer, is EFAULT
 * @throws PosixError EBADF, EFAULT, EFBIG, EAGAIN (O_NONBLOCK), EINTR, EPIPE (no readers; SIGPIPE comes with it). write(2)
 */
export const write = (fd: number, data: string): Call<number> => call(writeDef, { fd: integer(fd), data: bytes(data) })
