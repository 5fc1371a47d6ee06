import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type Id,
  type Kernel,
  type Ref,
  type Thread,
} from '../../kernel/index.ts'
import { integer, posixError, text } from './args.ts'
import {
  byteLength,
  createFile,
  type File,
  isTooLong,
  lookup,
  mayOpen,
  openFile,
  truncate,
  unlinkName,
} from './file.ts'
import { NAME_MAX, O_CREAT, O_EXCL, O_TRUNC } from './flags.ts'

/**
 * POSIX shared memory: shm_open(3), shm_unlink(3). On Linux an object is a file in /dev/shm, a directory that is open to
 * everybody and sticky.
 */

const DIRECTORY = '/dev/shm/'

/** Room that the C library has for a name behind the directory: four bytes more than a file's name, for `sem.`. */
const ROOM = NAME_MAX + 4

/** Path of the object of that name; `null` when the C library refuses it: nothing but slashes, a slash inside, no room. */
export function shmPath(name: string, prefix: '' | 'sem.' = ''): Id | null {
  const base = name.replace(/^\/+/, '')
  if (base === '' || base.includes('/') || byteLength(base) + prefix.length > ROOM) return null
  return DIRECTORY + prefix + base
}

/** Whether the file system refuses the path that the C library let through. */
export const isPathTooLong = (path: Id): boolean => isTooLong(path.slice(DIRECTORY.length))

const isDirectory = (path: Id): boolean => path === `${DIRECTORY}.` || path === `${DIRECTORY}..`

/** Opens the file, or makes it if that is asked for: open(2) as far as shared memory needs it. A string is the errno. */
function openPath(
  kernel: Kernel,
  thread: Thread,
  path: Id,
  name: string,
  oflag: number,
  mode: number,
): { file: Ref<File> } | string {
  const create = (oflag & O_CREAT) !== 0
  const exclusive = create && (oflag & O_EXCL) !== 0
  if (isDirectory(path)) return exclusive ? 'EEXIST' : 'EINVAL'
  if (isPathTooLong(path)) return 'ENAMETOOLONG'
  const found = lookup(kernel, path)
  if (found === null) {
    if (!create) return 'ENOENT'
    return { file: createFile(kernel, thread, path, name, mode) }
  }
  if (exclusive) return 'EEXIST'
  if (!mayOpen(kernel, thread, found, oflag)) return 'EACCES'
  if ((oflag & O_TRUNC) !== 0) truncate(kernel, found, 0)
  return { file: found }
}

interface OpenArgs extends Args {
  readonly name: string
  readonly oflag: number
  readonly mode: number
}

const openDef = defineCall<OpenArgs, number>({
  name: 'shm_open',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { name, oflag, mode }) {
        const path = shmPath(name)
        if (path === null || oflag < 0) return fail(kernel, 'EINVAL')
        const opened = openPath(kernel, thread, path, name, oflag, mode)
        if (typeof opened === 'string') return fail(kernel, opened)
        const fd = openFile(kernel, thread, opened.file, oflag)
        return fd === null ? fail(kernel, 'EMFILE') : done(kernel, fd)
      },
    },
  ],
})

/**
 * Opens the shared memory object `name`, with O_CREAT making it if there is none; returns the lowest free descriptor. A
 * new object has size 0, the mode `mode & ~umask`, and stays until it is unlinked and nobody uses it any more.
 *
 * Leading slashes don't count: `a`, `/a` and `//a` are one object. O_TRUNC cuts it to nothing, also with O_RDONLY.
 * @param oflag O_RDONLY or O_RDWR, with O_CREAT, O_EXCL, O_TRUNC
 * @param mode permission bits of a new object
 * @throws PosixError EINVAL (the name), ENAMETOOLONG, ENOENT, EEXIST, EACCES, EMFILE. shm_open(3)
 */
export const shm_open = (name: string, oflag: number, mode = 0): Call<number> =>
  call(openDef, { name: text(name), oflag: integer(oflag), mode: integer(mode) })

const unlinkDef = defineCall<{ readonly name: string }, void>({
  name: 'shm_unlink',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { name }) {
        const path = shmPath(name)
        if (path === null) return fail(kernel, 'ENOENT')
        if (isDirectory(path)) return fail(kernel, 'EISDIR')
        if (isPathTooLong(path)) return fail(kernel, 'ENAMETOOLONG')
        const error = unlinkName(kernel, thread, path)
        if (error === null) return done(kernel)
        return fail(kernel, error === 'EPERM' ? 'EACCES' : error)
      },
    },
  ],
})

/**
 * Takes the name away at once; the object lives on while it is open or mapped, and the name can be given to a new one.
 * @throws PosixError ENOENT, ENAMETOOLONG, EISDIR, EACCES (another user's). shm_unlink(3)
 */
export const shm_unlink = (name: string): Call<void> => call(unlinkDef, { name: text(name) })
