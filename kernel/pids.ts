import { invariant } from './errors.ts'
import { exists, install, type Kernel, peek, processOf, reads, writes } from './kernel.ts'
import type { Id, KernelObject, Process, Thread } from './state.ts'

/** The numbers that programs know processes and threads by. */

/** Process ids count up and are never reused; who creates a process touches the counter. */
interface PidTable extends KernelObject {
  readonly kind: 'pids'
  next: number
  /** Process id by number. */
  byPid: Record<number, Id>
  /** Numbers of threads, from the same counter; a process's first thread has the process's own. */
  threads: Record<Id, number>
}

export const PIDS = 'pids'

/** The next number, for that process or further thread of one. */
function takeNumber(kernel: Kernel): PidTable {
  if (!exists(kernel, PIDS)) install<PidTable>(kernel, { id: PIDS, kind: 'pids', next: 1, byPid: {}, threads: {} })
  const pids = writes<PidTable>(kernel, PIDS)
  pids.next += 1
  return pids
}

/** Gives a new process its number. */
export function numberProcess(kernel: Kernel, id: Id): number {
  const pids = takeNumber(kernel)
  pids.byPid[pids.next - 1] = id
  return pids.next - 1
}

/** Gives a further thread of a process its number. */
export function numberThread(kernel: Kernel, id: Id): void {
  const pids = takeNumber(kernel)
  pids.threads[id] = pids.next - 1
}

/** The thread's number, as gettid(2) tells it: a process's first thread has the process's. */
export function threadNumber(kernel: Kernel, thread: Thread): number {
  if (thread.id === thread.process) return processOf(kernel, thread).pid
  const number = peek<PidTable>(kernel, PIDS).threads[thread.id]
  invariant(number !== undefined, 'a thread has a number', thread.id)
  return number
}

/** The thread with that number, for those who print; `null` when there never was one. */
export function threadByNumber(kernel: Kernel, number: number): Id | null {
  const { byPid, threads } = peek<PidTable>(kernel, PIDS)
  const first = byPid[number]
  if (first !== undefined) return first
  for (const id of Object.keys(threads)) if (threads[id] === number) return id
  return null
}

/** The process with that number, `null` when there never was one. */
export function processByPid(kernel: Kernel, pid: number): Process | null {
  const id = reads<PidTable>(kernel, PIDS).byPid[pid]
  return id === undefined ? null : (kernel.state.processes[id] ?? null)
}

/** Keeps `invariant`'s promise for callers that hold a process's number. */
export function requireProcess(kernel: Kernel, pid: number): Process {
  const process = processByPid(kernel, pid)
  invariant(process !== null, 'a process with that number exists', pid)
  return process
}

/** The table of process numbers, for those who print. */
export const pidTable = (kernel: Kernel): Readonly<Record<number, Id>> => peek<PidTable>(kernel, PIDS).byPid
