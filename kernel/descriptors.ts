import { DESCRIPTORS, type Kernel, peek, processOf, readsProcess, writesProcess } from './kernel.ts'
import { type Counted, isSilent, releaseDescriptor, retain } from './objects.ts'
import { type Id, NO_ENTRIES, ownTable, type Process, type Ref, type Thread } from './state.ts'
import { RUNDOWN, registerSubsystem } from './subsystems.ts'

/**
 * A process's table of descriptors. Each entry refers to an open file description, which `dup` and `fork` share; the
 * description goes when its last descriptor does.
 */

/** An open file description of whatever kind; `flags` are the status flags that descriptors share. */
export interface Description extends Counted {
  flags: number
}

export const DESCRIPTORS_MAX = 20000

/** The description behind a descriptor, or `null` (EBADF). */
export function descriptionAt(kernel: Kernel, thread: Thread, fd: number): Ref<Description> | null {
  return readsProcess(kernel, thread.process, DESCRIPTORS).descriptors[fd] ?? null
}

/** Gives the lowest free descriptor from `from` on to a description, which gains a reference. `null` when the table is full. */
export function addDescriptor(kernel: Kernel, thread: Thread, ref: Ref<Description>, from = 0): number | null {
  const process = writesProcess(kernel, thread.process, DESCRIPTORS)
  let fd = from
  while (process.descriptors[fd] !== undefined) fd += 1
  if (fd >= DESCRIPTORS_MAX) return null
  retain(kernel, ref)
  ownTable(process, 'descriptors')[fd] = ref
  return fd
}

/** dup2: puts the description at `fd`, closing what was there. */
export function setDescriptor(kernel: Kernel, thread: Thread, fd: number, ref: Ref<Description>): void {
  const process = writesProcess(kernel, thread.process, DESCRIPTORS)
  const old = process.descriptors[fd]
  retain(kernel, ref)
  ownTable(process, 'descriptors')[fd] = ref
  if (old !== undefined) releaseDescriptor(kernel, old, thread.process)
}

/** `false` when there was none (EBADF). */
export function closeDescriptor(kernel: Kernel, thread: Thread, fd: number): boolean {
  const process = writesProcess(kernel, thread.process, DESCRIPTORS)
  const ref = process.descriptors[fd]
  if (ref === undefined) return false
  delete process.descriptors[fd]
  releaseDescriptor(kernel, ref, thread.process)
  return true
}

/** Every open descriptor of the thread's process, for those who print. */
export function openDescriptors(kernel: Kernel, thread: Thread): [fd: number, description: Description][] {
  const table = processOf(kernel, thread).descriptors
  return Object.keys(table).map((fd) => [Number(fd), peek<Description>(kernel, table[Number(fd)] as Id)]) // a key has its value
}

function forkDescriptors(kernel: Kernel, parent: Process, child: Process): void {
  if (!hasAny(parent.descriptors)) return
  child.descriptors = { ...parent.descriptors }
  for (const ref of Object.values(child.descriptors)) retain(kernel, ref)
}

function closeAll(kernel: Kernel, process: Process): void {
  if (!hasAny(process.descriptors)) return
  const table = writesProcess(kernel, process.id, DESCRIPTORS).descriptors
  process.descriptors = NO_ENTRIES
  for (const ref of Object.values(table)) releaseDescriptor(kernel, ref, process.id)
}

/** Integer keys are iterated in ascending order: the descriptors of a dying process close from the lowest up, as Linux does it. */
registerSubsystem({
  name: 'descriptors',
  rundown: RUNDOWN.descriptors,
  holds: holdsVisible,
  processExit: closeAll,
  fork: forkDescriptors,
})

function holdsVisible(kernel: Kernel, process: Process): boolean {
  for (const fd in process.descriptors) {
    if (!isSilent(peek(kernel, process.descriptors[fd] as Id).kind)) return true // a key has its value
  }
  return false
}

function hasAny(table: object): boolean {
  for (const _ in table) return true
  return false
}
