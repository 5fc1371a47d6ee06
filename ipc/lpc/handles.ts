import {
  type Args,
  type Call,
  type Counted,
  call,
  defineCall,
  destroy,
  done,
  exists,
  fail,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  LIFE,
  madeOnce,
  type Process,
  peek,
  processByPid,
  READ,
  type Ref,
  RUNDOWN,
  readsProcess,
  registerSubsystem,
  release,
  retain,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { type NtStatus, ntError } from './status.ts'

/**
 * Handles: a process's numbers for objects of the executive, multiples of four from the lowest free one up. One means
 * nothing in another process, and nobody inherits them.
 */

export type Handle = number

interface HandleTable extends KernelObject {
  readonly kind: 'nt handles'
  readonly handles: Record<Handle, Id>
  /** None below it is free. */
  lowest: Handle
}

/** What every object that handles lead to has, beside its references. */
export interface Handled extends Counted {
  /** How many handles there are on it, in all processes. */
  handles: number
}

export interface HandledKind {
  /** The last handle is closed; references may be left. */
  closed?(kernel: Kernel, ref: Ref<Handled>, by: Thread | null): void
}

const kinds = new Map<string, HandledKind>()

/** Says that handles may lead to objects of that kind. */
export function defineHandledKind(kind: string, hooks: HandledKind = {}): void {
  kinds.set(kind, hooks)
}

/** The part of an object that its handles and references are. Who lets go of the last one is seen by others. */
export const REFERENCES = 4

const tableOf = madeOnce<HandleTable>((process) => `nt-handles:${process}`)
/** Of a table: which handles are free. The others are the handles themselves. */
const FREE = 0
const STEP = 4

/** The object behind a handle of the thread's process. @param kind what it has to be; absent: anything */
export function resolve<T extends Handled>(
  kernel: Kernel,
  thread: Thread,
  handle: Handle,
  kind?: T['kind'],
): Ref<T> | 'STATUS_INVALID_HANDLE' | 'STATUS_OBJECT_TYPE_MISMATCH' {
  const table = tableOf(thread.process)
  kernel.footprint.add(table, handle, READ, SEQ_CST)
  const ref = exists(kernel, table) ? peek(kernel, table).handles[handle] : undefined
  if (ref === undefined || handle === FREE) return 'STATUS_INVALID_HANDLE'
  return kind === undefined || peek(kernel, ref).kind === kind ? ref : 'STATUS_OBJECT_TYPE_MISMATCH'
}

/** Whether `resolve` has found no object; what it then said is the status. */
export const isStatus = (found: string): found is NtStatus => found.startsWith('STATUS_')

/** Makes a handle on the object, which gains a reference, in the table of that process. */
export function insertHandle(kernel: Kernel, process: Id, ref: Ref<Handled>): Handle {
  const id = tableOf(process)
  if (!exists(kernel, id)) install<HandleTable>(kernel, { id, kind: 'nt handles', handles: {}, lowest: STEP })
  const table = writes(kernel, id, FREE)
  let handle = table.lowest
  while (table.handles[handle] !== undefined) handle += STEP
  table.lowest = handle + STEP
  writes(kernel, id, handle).handles[handle] = ref
  writes(kernel, ref, REFERENCES).handles += 1
  retain(kernel, ref)
  return handle
}

/** One handle on the object less. */
function dropHandle(kernel: Kernel, ref: Ref<Handled>, by: Thread | null): void {
  const object = writes(kernel, ref, REFERENCES)
  object.handles -= 1
  if (object.handles === 0) kinds.get(object.kind)?.closed?.(kernel, ref, by)
  release(kernel, ref, by)
}

interface OneHandle extends Args {
  readonly handle: Handle
}

const closeDef = defineCall<OneHandle, void>({
  name: 'NtClose',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { handle }) {
        const ref = resolve(kernel, thread, handle)
        if (isStatus(ref)) return fail(kernel, ref)
        const table = writes(kernel, tableOf(thread.process), FREE)
        table.lowest = Math.min(table.lowest, handle)
        delete writes(kernel, tableOf(thread.process), handle).handles[handle]
        dropHandle(kernel, ref, thread)
        return done(kernel)
      },
    },
  ],
})

/** Closes a handle; what that means for a port is said in rundown.ts. @throws NtError STATUS_INVALID_HANDLE */
export const NtClose = (handle: Handle): Call<void> => call(closeDef, { handle: handleGiven(handle) })

interface DuplicateArgs extends OneHandle {
  readonly process: number
}

const duplicateDef = defineCall<DuplicateArgs, Handle>({
  name: 'DuplicateHandle',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { handle, process }) {
        const ref = resolve(kernel, thread, handle)
        if (isStatus(ref)) return fail(kernel, ref)
        const target = processByPid(kernel, process)
        if (target === null) return fail(kernel, 'STATUS_INVALID_HANDLE')
        if (readsProcess(kernel, target.id, LIFE).status !== 'alive')
          return fail(kernel, 'STATUS_PROCESS_IS_TERMINATING')
        return done(kernel, insertHandle(kernel, target.id, ref))
      },
    },
  ],
})

/**
 * Makes a handle on the same object for a process, by its number; returns it. How that process learns of it is the
 * program's business.
 * @throws NtError STATUS_INVALID_HANDLE (of the handle, or no such process), STATUS_PROCESS_IS_TERMINATING
 */
export const DuplicateHandle = (handle: Handle, process: number): Call<Handle> =>
  call(duplicateDef, { handle: handleGiven(handle), process: handleGiven(process) })

/** What can be no handle becomes the null handle. */
export const handleGiven = (value: unknown): Handle => (Number.isSafeInteger(value) ? (value as number) + 0 : FREE) // isSafeInteger is no type guard; + 0 makes -0 a 0

/** The handles of a process that ends are closed from the lowest up, by its last thread. */
function closeAll(kernel: Kernel, process: Process, thread: Thread | undefined): void {
  const id = tableOf(process.id)
  if (!exists(kernel, id)) return
  for (const ref of Object.values(peek(kernel, id).handles)) dropHandle(kernel, ref, thread ?? null)
  destroy(kernel, id)
}

registerSubsystem({
  name: 'nt handles',
  rundown: RUNDOWN.ports,
  kind: 'nt handles',
  holds: (kernel, { id }) => exists(kernel, tableOf(id)) && Object.keys(peek(kernel, tableOf(id)).handles).length > 0,
  processExit: closeAll,
})
