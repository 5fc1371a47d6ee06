import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  invariant,
  type Kernel,
  mapMemory,
  PROT_READ,
  PROT_WRITE,
  peek,
  type Ref,
  setWord,
  type Thread,
  translate,
  unmapMemory,
} from '../../kernel/index.ts'
import { address, integer, posixError, text } from './args.ts'
import { createFile, type File, lookup, mayOpen, truncate, unlinkName } from './file.ts'
import { O_ACCMODE, O_CREAT, O_EXCL, O_RDWR, O_TRUNC, SEM_VALUE_MAX } from './flags.ts'
import { enter, leave, openAgain } from './semaphore-table.ts'
import { isPathTooLong, shmPath } from './shm.ts'

/**
 * Named semaphores: sem_open(3). A named semaphore is a shared memory object called `sem.NAME`, mapped into each process
 * that opens it; shm_open can open it, and shm_unlink remove it, like any other.
 */

/** sizeof(sem_t) */
const SEM_BYTES = 32

interface OpenArgs extends Args {
  readonly name: string
  readonly oflag: number
  readonly mode: number
  readonly value: number
}

/** Opens the file, or makes it: in that order, except with O_EXCL. A string is the errno. */
function openSemaphore(kernel: Kernel, thread: Thread, { name, oflag, mode, value }: OpenArgs): number | string {
  const path = shmPath(name, 'sem.')
  if (path === null || oflag < 0) return 'EINVAL'
  const create = (oflag & O_CREAT) !== 0
  const exclusive = create && (oflag & O_EXCL) !== 0
  const tooLong = isPathTooLong(path)
  if (tooLong && !exclusive) return 'ENAMETOOLONG'
  const found = tooLong ? null : lookup(kernel, path)
  if (found !== null && !exclusive) {
    const flags = (oflag & ~O_ACCMODE) | O_RDWR
    if (!mayOpen(kernel, thread, found, flags)) return 'EACCES'
    if ((oflag & O_TRUNC) !== 0) truncate(kernel, found, 0)
    return openAgain(kernel, thread, name, found) ?? mapSemaphore(kernel, thread, name, found)
  }
  if (!create) return 'ENOENT'
  if (value < 0 || value > SEM_VALUE_MAX) return 'EINVAL'
  if (tooLong) return 'ENAMETOOLONG'
  if (found !== null) return 'EEXIST'
  const file = createFile(kernel, thread, path, name, mode)
  truncate(kernel, file, SEM_BYTES)
  const at = mapSemaphore(kernel, thread, name, file)
  const signal = translate(kernel, thread, at, true)
  invariant(signal === null, 'a semaphore that has just been mapped can be written')
  setWord(kernel.journal, kernel.place.words, kernel.place.word, value)
  return at
}

function mapSemaphore(kernel: Kernel, thread: Thread, name: string, ref: Ref<File>): number {
  const { memory } = peek(kernel, ref)
  invariant(memory !== null, 'what has a name in the shared memory directory is a regular file')
  const prot = PROT_READ | PROT_WRITE
  const wish = { start: null, length: SEM_BYTES, prot, shared: true, object: memory, offset: 0 }
  const at = mapMemory(kernel, thread.process, wish)
  enter(kernel, thread, name, ref, at)
  return at
}

const openDef = defineCall<OpenArgs, number>({
  name: 'sem_open',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, args) {
        const opened = openSemaphore(kernel, thread, args)
        return typeof opened === 'string' ? fail(kernel, opened) : done(kernel, opened)
      },
    },
  ],
})

/**
 * Opens the semaphore `name`, with O_CREAT making it if there is none; returns its address. A process that opens it
 * again gets the same address. Both reading and writing must be permitted.
 *
 * Leading slashes don't count. A name has at most 251 bytes behind them.
 * @param oflag 0, or O_CREAT, with O_EXCL
 * @param mode permission bits of a new one, cut by the umask
 * @param value of a new one; at most SEM_VALUE_MAX
 * @throws PosixError EINVAL (the name, the value), ENAMETOOLONG, ENOENT, EEXIST, EACCES. sem_open(3)
 */
export const sem_open = (name: string, oflag: number, mode = 0, value = 0): Call<number> =>
  call(openDef, { name: text(name), oflag: integer(oflag), mode: integer(mode), value: integer(value) })

const closeDef = defineCall<{ readonly sem: number }, void>({
  name: 'sem_close',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { sem }) {
        const left = leave(kernel, thread, sem)
        if (left === null) return fail(kernel, 'EINVAL')
        if (left === 'last') unmapMemory(kernel, thread.process, sem, SEM_BYTES)
        return done(kernel)
      },
    },
  ],
})

/** Closes a named semaphore; after as many closes as opens it is unmapped. @throws PosixError EINVAL (none is open there). sem_close(3) */
export const sem_close = (sem: number): Call<void> => call(closeDef, { sem: address(sem) })

const unlinkDef = defineCall<{ readonly name: string }, void>({
  name: 'sem_unlink',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { name }) {
        const path = shmPath(name, 'sem.')
        if (path === null) return fail(kernel, 'ENOENT')
        if (isPathTooLong(path)) return fail(kernel, 'ENAMETOOLONG')
        const error = unlinkName(kernel, thread, path)
        if (error === null) return done(kernel)
        return fail(kernel, error === 'EPERM' ? 'EACCES' : error)
      },
    },
  ],
})

/**
 * Takes the name away at once; those who have it open keep sharing it.
 * @throws PosixError ENOENT (also a bad name), ENAMETOOLONG, EACCES (another user's). sem_unlink(3)
 */
export const sem_unlink = (name: string): Call<void> => call(unlinkDef, { name: text(name) })
