import {
  destroy,
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  madeOnce,
  type Process,
  peek,
  READ,
  type Ref,
  RUNDOWN,
  registerSubsystem,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import type { File } from './file.ts'

/**
 * The C library's table of the named semaphores that a process has open: who opens one again gets the same address, and
 * it is unmapped when it has been closed as often as opened. A child has its own copy.
 */

interface OpenSemaphore {
  /** As it was given: `/s` and `s` are one semaphore, but two entries. */
  readonly name: string
  readonly file: Ref<File>
  readonly address: number
  /** Opened so many times more than closed. */
  opens: number
}

interface SemaphoreTable extends KernelObject {
  readonly kind: 'semaphores'
  open: OpenSemaphore[]
}

const tableId = madeOnce<SemaphoreTable>((process) => `${process}/semaphores`)

function tableOf(kernel: Kernel, process: Id): SemaphoreTable {
  const id = tableId(process)
  if (!exists(kernel, id)) install<SemaphoreTable>(kernel, { id, kind: 'semaphores', open: [] })
  return writes(kernel, id)
}

/** The address at which the process has it open already, now once more; `null` when it has not. */
export function openAgain(kernel: Kernel, thread: Thread, name: string, file: Ref<File>): number | null {
  const id = tableId(thread.process)
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  if (!exists(kernel, id)) return null
  const entry = writes(kernel, id).open.find((one) => one.file === file && one.name === name)
  if (entry === undefined) return null
  entry.opens += 1
  return entry.address
}

/** The process has it open at that address, for the first time. */
export function enter(kernel: Kernel, thread: Thread, name: string, file: Ref<File>, address: number): void {
  tableOf(kernel, thread.process).open.push({ name, file, address, opens: 1 })
}

/** Closed once: `open` while it was opened more often than that, `last` when it is to be unmapped, `null` when none is there. */
export function leave(kernel: Kernel, thread: Thread, address: number): 'open' | 'last' | null {
  const id = tableId(thread.process)
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  if (!exists(kernel, id)) return null
  const table = writes(kernel, id)
  const at = table.open.findIndex((one) => one.address === address)
  const entry = table.open[at]
  if (entry === undefined) return null
  entry.opens -= 1
  if (entry.opens > 0) return 'open'
  table.open.splice(at, 1)
  return 'last'
}

/** The name of the semaphore that the process has open at that address, as whoever made it wrote it; for reports. */
export function semaphoreName(kernel: Kernel, thread: Thread, address: number): string | null {
  const id = tableId(thread.process)
  if (!exists(kernel, id)) return null
  const entry = peek(kernel, id).open.find((one) => one.address === address)
  if (entry === undefined) return null
  // Unlinked, and unmapped by other means than sem_close, it is gone while the entry is not.
  const memory = exists(kernel, entry.file) ? peek(kernel, entry.file).memory : null
  return memory === null ? entry.name : peek(kernel, memory).name
}

function forkTable(kernel: Kernel, parent: Process, child: Process): void {
  if (!exists(kernel, tableId(parent.id))) return
  const open = peek(kernel, tableId(parent.id)).open.map((entry) => ({ ...entry }))
  install<SemaphoreTable>(kernel, { id: tableId(child.id), kind: 'semaphores', open })
}

registerSubsystem({
  name: 'named semaphores',
  rundown: RUNDOWN.mappings,
  kind: 'semaphores',
  processExit(kernel, process) {
    if (exists(kernel, tableId(process.id))) destroy(kernel, tableId(process.id))
  },
  fork: forkTable,
})
