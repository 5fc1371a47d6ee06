import {
  type Call,
  call,
  closeDescriptor,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  type Ref,
  release,
  retain,
  type Thread,
} from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { createInode, type File, openFile } from './file.ts'
import { O_CLOEXEC, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from './flags.ts'

/** Pipes and socket pairs as far as other calls meet them: descriptors of their kind. What goes through them is not modelled yet. */

export type Pair = readonly [number, number]

/** Opens both ends at the lowest free descriptors, or neither. */
function openBoth(kernel: Kernel, thread: Thread, first: End, second: End): Outcome {
  retain(kernel, first.file)
  retain(kernel, second.file)
  const one = openFile(kernel, thread, first.file, first.flags)
  const two = one === null ? null : openFile(kernel, thread, second.file, second.flags)
  if (one !== null && two === null) closeDescriptor(kernel, thread, one)
  release(kernel, first.file)
  release(kernel, second.file)
  return two === null ? fail(kernel, 'EMFILE') : done(kernel, [one, two])
}

interface End {
  readonly file: Ref<File>
  readonly flags: number
}

const pipeDef = defineCall<{ readonly flags: number }, Pair>({
  name: 'pipe',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { flags }) {
        if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) !== 0) return fail(kernel, 'EINVAL')
        const file = createInode(kernel, thread, 'fifo', 0o600)
        return openBoth(kernel, thread, { file, flags: flags | O_RDONLY }, { file, flags: flags | O_WRONLY })
      },
    },
  ],
})

/** Makes a pipe; returns its read end and its write end. @param flags O_NONBLOCK. @throws PosixError EINVAL, EMFILE. pipe2(2) */
export const pipe = (flags = 0): Call<Pair> => call(pipeDef, { flags: integer(flags) })

const pairDef = defineCall<{ readonly type: number }, Pair>({
  name: 'socketpair',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { type }) {
        const kind = type & ~(O_NONBLOCK | O_CLOEXEC)
        if (kind !== SOCK_STREAM && kind !== SOCK_DGRAM && kind !== SOCK_SEQPACKET)
          return fail(kernel, 'ESOCKTNOSUPPORT')
        const flags = O_RDWR | (type & O_NONBLOCK)
        const first = { file: createInode(kernel, thread, 'sock', 0o777), flags }
        return openBoth(kernel, thread, first, { file: createInode(kernel, thread, 'sock', 0o777), flags })
      },
    },
  ],
})

/** Makes two Unix sockets connected to each other. @param type SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. @throws PosixError ESOCKTNOSUPPORT, EMFILE. socketpair(2) */
export const socketpair = (type: number): Call<Pair> => call(pairDef, { type: integer(type) })
