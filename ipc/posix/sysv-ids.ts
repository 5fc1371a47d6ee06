import {
  CREDENTIALS,
  destroy,
  exists,
  type Id,
  install,
  invariant,
  type Kernel,
  type KernelObject,
  peek,
  READ,
  type Ref,
  reads,
  readsProcess,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer } from './args.ts'
import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE } from './sysv-flags.ts'

/**
 * What the three kinds of System V objects have in common: sysvipc(7). Each kind has identifiers of its own, found by
 * keys; who may do what hangs on the user and on the object's mode. An object stays until it is removed.
 */

export type IpcKind = 'msg' | 'sem' | 'shm'

/** How many there may be: MSGMNI, SEMMNI, SHMMNI. */
const COUNT_MAX: Readonly<Record<IpcKind, number>> = { msg: 32000, sem: 32000, shm: 4096 }

export interface IpcObject extends KernelObject {
  readonly ipcid: number
  /** IPC_PRIVATE for none. */
  key: number
  /** Owner and creator. */
  uid: number
  gid: number
  readonly cuid: number
  readonly cgid: number
  /** Permission bits. */
  mode: number
}

/** An object without what is its kind's own. */
export type IpcFields = Omit<IpcObject, 'kind'>

/** An id is its slot, and above that how often the slots have been gone through: so one is not used again soon. */
interface IpcTable extends KernelObject {
  readonly kind: 'ipc ids'
  used: Record<number, true>
  count: number
  /** The slot to look at first for the next object. */
  next: number
  last: number
  sequence: number
}

interface IpcKey extends KernelObject {
  readonly kind: 'ipc key'
  readonly object: Id
}

const SLOT_BITS = 15
/** Slots that are gone through at least before the first is used again. */
const CYCLE_MIN = 64

const tableOf = (kind: IpcKind): Ref<IpcTable> => `${kind}-ids`
const keyOf = (kind: IpcKind, key: number): Ref<IpcKey> => `${kind}-key:${key}`
/** What the object with that id is called in the kernel. */
export const objectOf = (kind: IpcKind, ipcid: number): Id => `${kind}:${ipcid}`

/** What a new object of that kind begins with; `null` when there are too many (ENOSPC). The caller has to `enlist` it. */
export function newIpc(kernel: Kernel, thread: Thread, kind: IpcKind, key: number, flags: number): IpcFields | null {
  const id = tableOf(kind)
  if (!exists(kernel, id))
    install<IpcTable>(kernel, { id, kind: 'ipc ids', used: {}, count: 0, next: 0, last: -1, sequence: 0 })
  const table = writes(kernel, id)
  if (table.count >= COUNT_MAX[kind]) return null
  const slots = Math.max(Math.floor((table.count * 3) / 2), CYCLE_MIN)
  let slot = table.next
  while (slot < slots && table.used[slot]) slot += 1
  if (slot >= slots) for (slot = 0; table.used[slot]; ) slot += 1
  if (slot <= table.last) table.sequence += 1
  table.used[slot] = true
  table.count += 1
  table.next = slot + 1
  table.last = slot
  const ipcid = table.sequence * 2 ** SLOT_BITS + slot
  const { uid, gid } = readsProcess(kernel, thread.process, CREDENTIALS)
  const mode = flags & 0o777
  return { id: objectOf(kind, ipcid), ipcid, key, uid, gid, cuid: uid, cgid: gid, mode }
}

/** Puts in a new object; it is found by its key from now on. */
export function enlist<T extends IpcObject>(kernel: Kernel, kind: IpcKind, object: T): Ref<T> {
  const { id, key } = object
  if (key !== IPC_PRIVATE) install<IpcKey>(kernel, { id: keyOf(kind, key), kind: 'ipc key', object: id })
  return install(kernel, object)
}

/** The key leads to the object no more. */
export function dropKey(kernel: Kernel, kind: IpcKind, object: IpcObject): void {
  if (object.key !== IPC_PRIVATE) destroy(kernel, keyOf(kind, object.key))
  object.key = IPC_PRIVATE
}

/** The id is free; what goes by it is the caller's to take out. */
export function dropId(kernel: Kernel, kind: IpcKind, { ipcid }: IpcObject): void {
  const table = writes(kernel, tableOf(kind))
  invariant(table.used[ipcid % 2 ** SLOT_BITS] === true, 'an id that is given up is in use', ipcid)
  delete table.used[ipcid % 2 ** SLOT_BITS]
  table.count -= 1
}

/** The object with that id; `null` when there is none (EINVAL). */
export function findIpc<T extends IpcObject>(kernel: Kernel, kind: IpcKind, ipcid: number): Ref<T> | null {
  const id = objectOf(kind, ipcid)
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return exists(kernel, id) ? id : null
}

/**
 * Finds an object by its key, or makes it.
 * @param make returns the id of a new one, or the errno
 * @param refuse the errno, where one that exists does not suit
 */
export function getIpc(
  kernel: Kernel,
  thread: Thread,
  kind: IpcKind,
  { key, flags }: { readonly key: number; readonly flags: number },
  make: () => number | string,
  refuse: (object: Id) => string | null,
): number | string {
  if (key === IPC_PRIVATE) return make()
  const id = keyOf(kind, key)
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  if (!exists(kernel, id)) return (flags & IPC_CREAT) === 0 ? 'ENOENT' : make()
  if ((flags & IPC_CREAT) !== 0 && (flags & IPC_EXCL) !== 0) return 'EEXIST'
  const { object } = peek(kernel, id)
  const refused = refuse(object)
  if (refused !== null) return refused
  const found = peek<IpcObject>(kernel, object)
  return permits(kernel, thread, found, flags) ? found.ipcid : 'EACCES'
}

export const TO_READ = 0o444
export const TO_WRITE = 0o222

/** Whether the mode lets the thread's user do that; `wanted` is a mode, too, whose parts are or'ed. */
export function permits(kernel: Kernel, thread: Thread, object: IpcObject, wanted: number): boolean {
  const { uid, gid } = readsProcess(kernel, thread.process, CREDENTIALS)
  if (uid === 0) return true
  const asked = ((wanted >> 6) | (wanted >> 3) | wanted) & 7
  const isOwner = uid === object.uid || uid === object.cuid
  const shift = isOwner ? 6 : gid === object.gid || gid === object.cgid ? 3 : 0
  return (asked & ~(object.mode >> shift)) === 0
}

/** Whether the thread's user may remove or change the object. */
export function mayControl(kernel: Kernel, thread: Thread, object: IpcObject): boolean {
  const { uid } = readsProcess(kernel, thread.process, CREDENTIALS)
  return uid === 0 || uid === object.uid || uid === object.cuid
}

/** struct ipc_perm. */
export interface IpcPerm {
  readonly uid: number
  readonly gid: number
  readonly cuid: number
  readonly cgid: number
  readonly mode: number
}

export const permOf = ({ uid, gid, cuid, cgid, mode }: IpcObject): IpcPerm => ({ uid, gid, cuid, cgid, mode })

/** What IPC_SET may change of it. */
export type IpcOwner = Pick<IpcPerm, 'uid' | 'gid' | 'mode'>

/** The owner as a call keeps it; `null`: no structure (EFAULT). What is no user or group becomes -1. */
export function ownerOf(perm: unknown): IpcOwner | null {
  if (typeof perm !== 'object' || perm === null) return null
  const { uid, gid, mode } = perm as Partial<IpcOwner>
  return { uid: integer(uid), gid: integer(gid), mode: integer(mode) & 0o777 }
}

/** IPC_SET: the object is another user's from now on, with another mode; its creator stays. The errno, or `null`. */
export function setOwner(kernel: Kernel, thread: Thread, ref: Ref<IpcObject>, owner: IpcOwner): string | null {
  if (!mayControl(kernel, thread, reads(kernel, ref))) return 'EPERM'
  if (owner.uid < 0 || owner.gid < 0) return 'EINVAL'
  const object = writes(kernel, ref)
  object.uid = owner.uid
  object.gid = owner.gid
  object.mode = owner.mode
  return null
}
