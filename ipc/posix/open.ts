import {
  type Args,
  type Call,
  CREDENTIALS,
  call,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  peek,
  type Ref,
  readsProcess,
  type Thread,
} from '../../kernel/index.ts'
import { integer, posixError, text } from './args.ts'
import { MEETING, meeting, openFifo, stopMeeting } from './fifo.ts'
import { createFile, type File, hasDescriptor, lookup, mayOpen, openFile, truncate, unlinkName } from './file.ts'
import { O_CREAT, O_EXCL, O_TRUNC } from './flags.ts'
import { mayMakeIn, resolve } from './path.ts'

/** open(2) and unlink(2): files by their names. */

interface OpenArgs extends Args {
  readonly path: string
  readonly oflag: number
  readonly mode: number
}

/** The file of that name, made if that is asked for. */
function find(
  kernel: Kernel,
  thread: Thread,
  { path, oflag, mode }: OpenArgs,
): { readonly file: Ref<File>; readonly isNew: boolean } | { readonly error: string } {
  const at = resolve(kernel, path)
  if (typeof at === 'string') return { error: at }
  const create = (oflag & O_CREAT) !== 0
  const exclusive = create && (oflag & O_EXCL) !== 0
  // Directories can't be opened here, not even to be read.
  if (at.name === null) return { error: exclusive ? 'EEXIST' : 'EISDIR' }
  const found = lookup(kernel, at.name)
  if (found !== null) return exclusive ? { error: 'EEXIST' } : { file: found, isNew: false }
  if (!create) return { error: 'ENOENT' }
  const { uid } = readsProcess(kernel, thread.process, CREDENTIALS)
  if (!mayMakeIn(at.directory, uid)) return { error: 'EACCES' }
  return { file: createFile(kernel, thread, at.name, path, mode), isNew: true }
}

function open_(kernel: Kernel, thread: Thread, args: OpenArgs): Outcome {
  if (args.oflag < 0) return fail(kernel, 'EINVAL')
  if (!hasDescriptor(kernel, thread)) return fail(kernel, 'EMFILE')
  const found = find(kernel, thread, args)
  if ('error' in found) return fail(kernel, found.error)
  const { file, isNew } = found
  const { path, oflag } = args
  if (!isNew && !mayOpen(kernel, thread, file, oflag)) return fail(kernel, 'EACCES')
  const { type } = peek(kernel, file)
  switch (type) {
    case 'sock':
      return fail(kernel, 'ENXIO')
    case 'fifo':
      return openFifo(kernel, thread, file, path, oflag)
    case 'reg': {
      if ((oflag & O_TRUNC) !== 0) truncate(kernel, file, 0)
      const fd = openFile(kernel, thread, file, oflag)
      return fd === null ? fail(kernel, 'EMFILE') : done(kernel, fd)
    }
    default:
      return type satisfies never
  }
}

const openDef = defineCall<OpenArgs, number>({
  name: 'open',
  error: posixError,
  // A FIFO's end counts from the beginning of the call, so to begin is a step of its own.
  stages: [{ attempt: open_ }, meeting],
  restarts: true,
  startsOver(kernel, thread, { oflag }) {
    if (thread.call?.stage === MEETING) stopMeeting(kernel, thread, oflag)
  },
  interruptible: true,
  giveUp(kernel, thread, { oflag }) {
    if (thread.call?.stage === MEETING) stopMeeting(kernel, thread, oflag)
    return fail(kernel, 'EINTR')
  },
  waitsFor: (_kernel, _thread, { path }) => ({ object: path }),
  subject: (_kernel, _thread, { path }) => path,
})

/**
 * Opens the file of that name; returns the lowest free descriptor. Names are those of FIFOs, and of regular files, which
 * live in memory; the working directory is /tmp.
 *
 * A FIFO's reader waits for a writer to open it and a writer for a reader; who waits is released by one that opens, also
 * if that is closed again at once. With O_NONBLOCK a reader does not wait, and a writer without reader fails with ENXIO;
 * O_RDWR never waits.
 * @param oflag O_RDONLY, O_WRONLY or O_RDWR, with O_NONBLOCK, O_CREAT, O_EXCL, O_TRUNC, O_APPEND
 * @param mode permission bits of a new file, cut by the umask
 * @throws PosixError ENOENT, EACCES, EEXIST, EISDIR, ENOTDIR, ENAMETOOLONG, ENXIO (also a socket), EINTR, EMFILE, EINVAL. open(2)
 */
export const open = (path: string, oflag: number, mode = 0): Call<number> =>
  call(openDef, { path: text(path), oflag: integer(oflag), mode: integer(mode) })

const unlinkDef = defineCall<{ readonly path: string }, void>({
  name: 'unlink',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { path }) {
        const at = resolve(kernel, path)
        if (typeof at === 'string') return fail(kernel, at)
        if (at.name === null) return fail(kernel, 'EISDIR')
        const error = unlinkName(kernel, thread, at.name)
        return error === null ? done(kernel) : fail(kernel, error)
      },
    },
  ],
})

/**
 * Takes the name away at once; the file lives on while it is open, and who waits to open it goes on waiting.
 * @throws PosixError ENOENT, EPERM (another user's), EISDIR, ENOTDIR, ENAMETOOLONG. unlink(2)
 */
export const unlink = (path: string): Call<void> => call(unlinkDef, { path: text(path) })
