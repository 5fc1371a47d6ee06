import {
  type Args,
  addDescriptor,
  type Call,
  call,
  closeDescriptor,
  DESCRIPTORS_MAX,
  defineCall,
  descriptionAt,
  done,
  fail,
  type Ref,
  reads,
  setDescriptor,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { canWrite, FIRST_DESCRIPTOR, type File, type OpenFile, openFileAt, sizeOf, truncate } from './file.ts'
import { SEEK_CUR, SEEK_END, SEEK_SET } from './flags.ts'
import type { OpenQueue } from './mq.ts'

/** Calls on descriptors of any kind; a shared memory object is the file that it is on Linux. */

interface OneFd extends Args {
  readonly fd: number
}

const closeDef = defineCall<OneFd, void>({
  name: 'close',
  error: posixError,
  stages: [
    {
      attempt: (kernel, thread, { fd }) => (closeDescriptor(kernel, thread, fd) ? done(kernel) : fail(kernel, 'EBADF')),
    },
  ],
})

/** Closes a descriptor; mappings made from it stay. @throws PosixError EBADF. close(2) */
export const close = (fd: number): Call<void> => call(closeDef, { fd: integer(fd) })

const dupDef = defineCall<OneFd, number>({
  name: 'dup',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd }) {
        const open = descriptionAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        const copy = addDescriptor(kernel, thread, open, FIRST_DESCRIPTOR)
        return copy === null ? fail(kernel, 'EMFILE') : done(kernel, copy)
      },
    },
  ],
})

/** A second descriptor, the lowest free one, of the same open file: offset and flags are shared. @throws PosixError EBADF, EMFILE. dup(2) */
export const dup = (oldfd: number): Call<number> => call(dupDef, { fd: integer(oldfd) })

const dup2Def = defineCall<{ readonly oldfd: number; readonly newfd: number }, number>({
  name: 'dup2',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { oldfd, newfd }) {
        const open = descriptionAt(kernel, thread, oldfd)
        if (open === null || newfd < 0 || newfd >= DESCRIPTORS_MAX) return fail(kernel, 'EBADF')
        if (oldfd !== newfd) setDescriptor(kernel, thread, newfd, open)
        return done(kernel, newfd)
      },
    },
  ],
})

/** As `dup`, but to `newfd`, closing what was there. @throws PosixError EBADF. dup2(2) */
export const dup2 = (oldfd: number, newfd: number): Call<number> =>
  call(dup2Def, { oldfd: integer(oldfd), newfd: integer(newfd) })

/** What fstat tells. */
export interface Stat {
  readonly type: File['type']
  /** Permission bits. */
  readonly mode: number
  /** In bytes; 0 for what isn't a regular file. */
  readonly size: number
  /** Names that lead to it; 1 for pipes and sockets, which have none. */
  readonly nlink: number
  readonly uid: number
}

const fstatDef = defineCall<OneFd, Stat>({
  name: 'fstat',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd }) {
        const open = openFileAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        const { type, mode, nlink, uid } = reads(kernel, open.file)
        return done(kernel, { type, mode, size: sizeOf(kernel, open.file) ?? 0, nlink, uid } satisfies Stat)
      },
    },
  ],
})

/** What an open file is. @throws PosixError EBADF. fstat(2) */
export const fstat = (fd: number): Call<Stat> => call(fstatDef, { fd: integer(fd) })

const ftruncateDef = defineCall<{ readonly fd: number; readonly length: number }, void>({
  name: 'ftruncate',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, length }) {
        if (length < 0) return fail(kernel, 'EINVAL')
        const open = openFileAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        if (sizeOf(kernel, open.file) === null || !canWrite(open)) return fail(kernel, 'EINVAL')
        truncate(kernel, open.file, length)
        return done(kernel)
      },
    },
  ],
})

/**
 * Sets a shared memory object's size in bytes. What is cut off is gone, from private copies of whole pages too; what is
 * added is zero.
 * @throws PosixError EINVAL (a negative length, no shared memory, a descriptor that can't be written), EBADF. ftruncate(2)
 */
export const ftruncate = (fd: number, length: number): Call<void> =>
  call(ftruncateDef, { fd: integer(fd), length: integer(length) })

const lseekDef = defineCall<{ readonly fd: number; readonly offset: number; readonly whence: number }, number>({
  name: 'lseek',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, offset, whence }) {
        const open = openFileAt(kernel, thread, fd)
        if (open === null) return fail(kernel, 'EBADF')
        if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return fail(kernel, 'EINVAL')
        const size = sizeOf(kernel, open.file)
        if (size === null) return fail(kernel, 'ESPIPE')
        const description = writes(kernel, open.id as Ref<OpenFile | OpenQueue>) // what has a size is one
        const from = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? description.position : size
        const position = from + offset
        if (position < 0 || !Number.isSafeInteger(position)) return fail(kernel, 'EINVAL')
        description.position = position
        return done(kernel, position)
      },
    },
  ],
})

/**
 * Moves the offset that an open file's descriptors share; returns it.
 * @param whence SEEK_SET, SEEK_CUR or SEEK_END: what `offset` counts from
 * @throws PosixError EBADF, EINVAL, ESPIPE (a pipe, a socket). lseek(2)
 */
export const lseek = (fd: number, offset: number, whence: number): Call<number> =>
  call(lseekDef, { fd: integer(fd), offset: integer(offset), whence: integer(whence) })
