import {
  addDescriptor,
  type Counted,
  CREDENTIALS,
  create,
  createMemory,
  DESCRIPTORS,
  DESCRIPTORS_MAX,
  type Description,
  defineKind,
  descriptionAt,
  destroy,
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  type MemoryObject,
  peek,
  READ,
  type Ref,
  reads,
  readsProcess,
  release,
  resizeMemory,
  retain,
  SEQ_CST,
  SIZE,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { NAME_MAX, O_ACCMODE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from './flags.ts'

/**
 * Files: what names and descriptors lead to, who may open them, and who may take their names away. A name is an object
 * of its own, so that calls which meet at one name, and only those, depend on each other.
 */

/** An inode. It lives as long as a name, an open file description or a call refers to it. */
export interface File extends Counted {
  readonly kind: 'file' | 'message queue'
  readonly type: 'reg' | 'fifo' | 'sock'
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names that lead to it; 1 for pipes and sockets, which have none. */
  nlink: number
  /** A regular file's bytes, which mappings share. */
  readonly memory: Ref<MemoryObject> | null
}

/** A message queue as a file: it has a size, and no bytes. */
export interface Sized extends File {
  size: number
}

/** An entry of a directory; its id is the path. */
interface Name extends KernelObject {
  readonly kind: 'name'
  readonly file: Ref<File>
}

/** An open file description of any kind: the access mode is in `flags`. */
export interface Opened extends Description {
  readonly file: Ref<File>
}

/** One of a regular file. */
export interface OpenFile extends Opened {
  readonly kind: 'open file'
  /** Where the next read or write begins. */
  position: number
}

defineKind<File>('file', {
  free: (kernel, file) => void (file.memory !== null && release(kernel, file.memory)),
})

defineKind<OpenFile>('open file', {
  silent: true, // nobody waits for it to close
  free: (kernel, open) => release(kernel, open.file),
})

/** The file of that name; `null` when there is none. */
export function lookup(kernel: Kernel, path: Id): Ref<File> | null {
  kernel.footprint.add(path, 0, READ, SEQ_CST)
  return exists(kernel, path) ? peek<Name>(kernel, path).file : null
}

/** Makes an empty regular file with that name, the creator's, its mode cut by the creator's umask. */
export function createFile(kernel: Kernel, creator: Thread, path: Id, name: string, mode: number): Ref<File> {
  const memory = createMemory(kernel, creator, name, 0)
  retain(kernel, memory)
  return createNamed(kernel, creator, path, 'reg', mode, memory)
}

/** Makes a file of that type with that name. */
export function createNamed(
  kernel: Kernel,
  creator: Thread,
  path: Id,
  type: File['type'],
  mode: number,
  memory: Ref<MemoryObject> | null = null,
): Ref<File> {
  const { umask } = readsProcess(kernel, creator.process, CREDENTIALS)
  const file = createInode(kernel, creator, type, mode & 0o7777 & ~umask, memory, 0)
  giveName(kernel, path, file)
  return file
}

/** The file gets that name, which nothing has. */
export function giveName(kernel: Kernel, path: Id, file: Ref<File>): void {
  install<Name>(kernel, { id: path, kind: 'name', file })
  retain(kernel, file)
  writes(kernel, file).nlink += 1
}

/** A file without a name; pipes and sockets have one link all the same. */
export function createInode(
  kernel: Kernel,
  creator: Thread,
  type: File['type'],
  mode: number,
  memory: Ref<MemoryObject> | null = null,
  nlink = 1,
): Ref<File> {
  const { uid, gid } = readsProcess(kernel, creator.process, CREDENTIALS)
  return create<File>(kernel, creator, (id) => ({ id, kind: 'file', type, mode, uid, gid, nlink, memory, refs: 0 }))
}

/** 0 to 2 are a process's terminal, which is not modelled. */
export const FIRST_DESCRIPTOR = 3

/** Whether a descriptor is left. Calls that do more than to open ask first. */
export function hasDescriptor(kernel: Kernel, thread: Thread): boolean {
  const { descriptors } = readsProcess(kernel, thread.process, DESCRIPTORS)
  for (let fd = FIRST_DESCRIPTOR; fd < DESCRIPTORS_MAX; fd++) if (descriptors[fd] === undefined) return true
  return false
}

/** Opens the regular file: the lowest free descriptor of a new open file description; `null` when the table is full (EMFILE). */
export function openFile(kernel: Kernel, opener: Thread, file: Ref<File>, flags: number): number | null {
  retain(kernel, file)
  const open = create<OpenFile>(kernel, opener, (id) => ({ id, kind: 'open file', refs: 0, flags, file, position: 0 }))
  return describe(kernel, opener, open)
}

/** Gives the lowest free descriptor to a new open file description; when the table is full that goes, and it is `null` (EMFILE). */
export function describe(kernel: Kernel, opener: Thread, open: Ref<Description>): number | null {
  retain(kernel, open)
  const fd = addDescriptor(kernel, opener, open, FIRST_DESCRIPTOR)
  release(kernel, open)
  return fd
}

/** The bytes of a file that has an offset: a regular one, or a message queue; `null`: it has none. */
export function sizeOf(kernel: Kernel, ref: Ref<File>): number | null {
  const { kind, memory } = peek(kernel, ref)
  if (kind === 'message queue') return reads(kernel, ref as Ref<Sized>).size
  return memory === null ? null : reads(kernel, memory, SIZE).size
}

/** Sets the size of such a file. */
export function truncate(kernel: Kernel, ref: Ref<File>, size: number): void {
  const { kind, memory } = peek(kernel, ref)
  if (kind === 'message queue') writes(kernel, ref as Ref<Sized>).size = size
  if (memory !== null) resizeMemory(kernel, memory, size)
}

/** The open file behind a descriptor, `null` for none (EBADF). */
export function openFileAt(kernel: Kernel, thread: Thread, fd: number): Opened | null {
  const ref = descriptionAt(kernel, thread, fd)
  return ref === null ? null : peek<Opened>(kernel, ref as Ref<Opened>) // descriptors are of files
}

/** The access mode 3 is for ioctl alone. */
export const canRead = ({ flags }: Opened): boolean =>
  (flags & O_ACCMODE) === O_RDONLY || (flags & O_ACCMODE) === O_RDWR
export const canWrite = ({ flags }: Opened): boolean =>
  (flags & O_ACCMODE) === O_WRONLY || (flags & O_ACCMODE) === O_RDWR

const MAY_READ = 4
const MAY_WRITE = 2

/** Whether the file's permission bits let the thread's user open it so. Truncating is writing, whatever the access mode. */
export function mayOpen(kernel: Kernel, thread: Thread, ref: Ref<File>, flags: number): boolean {
  const access = flags & O_ACCMODE
  let wanted = access === O_RDONLY ? MAY_READ : access === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE
  if ((flags & O_TRUNC) !== 0) wanted |= MAY_WRITE
  const { uid, gid } = readsProcess(kernel, thread.process, CREDENTIALS)
  if (uid === 0) return true
  const file = peek(kernel, ref)
  const shift = uid === file.uid ? 6 : gid === file.gid ? 3 : 0
  return ((file.mode >> shift) & wanted) === wanted
}

/**
 * Takes the name away; the file lives on while it is open or mapped. The directories are sticky: whose file it is not
 * may not do that (EPERM), whatever the file's mode. unlink(2)
 */
export function unlinkName(kernel: Kernel, thread: Thread, path: Id): 'ENOENT' | 'EPERM' | null {
  const ref = lookup(kernel, path)
  if (ref === null) return 'ENOENT'
  const { uid } = readsProcess(kernel, thread.process, CREDENTIALS)
  if (uid !== 0 && uid !== peek(kernel, ref).uid) return 'EPERM'
  writes(kernel, ref).nlink -= 1
  destroy(kernel, path)
  release(kernel, ref)
  return null
}

const encoder = new TextEncoder()

/** Whether a name has more bytes than a file system takes. */
export const isTooLong = (name: string): boolean => byteLength(name) > NAME_MAX

/** A name's length as C counts it. */
export const byteLength = (name: string): number => encoder.encode(name).length
