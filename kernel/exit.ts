import { definitionOf } from './call.ts'
import { disarmTimer } from './clock.ts'
import { invariant } from './errors.ts'
import { READ, SEQ_CST, WRITE } from './footprint.ts'
import { type Kernel, LIFE, SIGNALS, threadOf, writesProcess } from './kernel.ts'
import { unpin } from './objects.ts'
import { leaveQueue, wakeAll } from './queue.ts'
import { mark } from './signal.ts'
import { type ExitStatus, type Id, NO_ITEMS, type Process, type Thread } from './state.ts'
import { anyHolds, tellProcessExit, tellThreadExit } from './subsystems.ts'

/** How threads and processes end, and what they give up in which order: see RUNDOWN. */

/** The queue of those who wait for a child of this process. */
export const childrenQueue = (parent: Id): Id => `${parent}/wait`
/** The queue of those who join this thread. */
export const joinQueue = (thread: Id): Id => `${thread}/join`

/** Ends one thread of the process; with the last one the process ends too, with exit code 0. */
export function endThread(kernel: Kernel, process: Process, thread: Thread): void {
  if (process.threaded) {
    writesProcess(kernel, process.id, LIFE) // whoever is the last ends the process
    const at = process.threads.indexOf(thread.id)
    invariant(at >= 0, 'a thread is one of its process')
    process.threads.splice(at, 1)
    stopThread(kernel, process, thread)
    if (process.threads.length > 0) return
  }
  endProcess(kernel, process, { code: 0, signal: null })
}

/** Ends a process at whatever point its threads are: `exit`, a deadly signal, or the end of its last thread. */
export function endProcess(kernel: Kernel, process: Process, how: ExitStatus): void {
  kernel.footprint.add(process.id, LIFE, READ | WRITE, SEQ_CST)
  if (process.status !== 'alive') return
  if (kernel.journal !== null) kernel.journal.saveEnd(process)
  const { threads } = process
  process.exit = how
  process.status = 'zombie'
  process.threads = NO_ITEMS
  let last: Thread | undefined
  for (const id of threads) {
    last = threadOf(kernel, id)
    stopThread(kernel, process, last)
  }
  tellProcessExit(kernel, process, last)
  for (const child in process.children) reap(kernel, child)
  const parent = process.parent === null ? undefined : kernel.state.processes[process.parent]
  if (parent !== undefined && parent.threads.length > 0) return tellParent(kernel, parent)
  process.status = 'reaped'
  // Had its parent not ended before, it would be told; that of the programs ends before every run.
  if (parent !== undefined && parent.parent !== null) kernel.footprint.add(parent.id, LIFE, READ, SEQ_CST)
}

function tellParent(kernel: Kernel, parent: Process): void {
  writesProcess(kernel, parent.id, LIFE)
  wakeAll(kernel, childrenQueue(parent.id))
  kernel.footprint.add(parent.id, SIGNALS, READ, SEQ_CST)
  if (parent.dispositions.SIGCHLD?.how !== 'handler') return
  writesProcess(kernel, parent.id, SIGNALS)
  const [first] = parent.threads
  if (first !== undefined) mark(kernel, threadOf(kernel, first), 'SIGCHLD')
}

/** Nobody is left to wait for it. */
function reap(kernel: Kernel, child: Id): void {
  if (kernel.state.processes[child]?.status === 'zombie') writesProcess(kernel, child, LIFE).status = 'reaped'
}

/** Whether the end of a thread of the process is something that others could see: a release, somebody who waits for it, a parent. */
export function hasToRelease(kernel: Kernel, process: Process): boolean {
  if (process.threaded) return true
  const parent = process.parent === null ? undefined : kernel.state.processes[process.parent]
  if (parent !== undefined && parent.threads.length > 0) return true
  return anyHolds(kernel, process)
}

function stopThread(kernel: Kernel, process: Process, thread: Thread): void {
  if (thread.status === 'exited') return
  giveUpCall(kernel, thread)
  while (thread.interrupted.length > 0) {
    thread.call = thread.interrupted.pop()?.call ?? null
    giveUpCall(kernel, thread)
  }
  if (thread.queue !== null) leaveQueue(kernel, thread)
  thread.status = 'exited'
  if (thread.timer !== 0) disarmTimer(kernel, thread)
  if (thread.pending.length > 0) thread.pending = NO_ITEMS
  tellThreadExit(kernel, thread)
  if (process.threaded) wakeAll(kernel, joinQueue(thread.id))
  kernel.footprint.add(thread.id, LIFE, READ | WRITE, SEQ_CST)
  kernel.ended.push(thread.id)
}

/** A thread that dies in a call leaves nothing of it behind: half-opened readers are uncounted, rights go back. */
function giveUpCall(kernel: Kernel, thread: Thread): void {
  const { call } = thread
  if (call === null) return
  leaveQueue(kernel, thread)
  // Also of one that is just being woken, is between two stages, or is under a signal handler.
  const begun = (call.slept || call.stage > 0 || call.progress > 0) && call.outcome === null
  if (begun) definitionOf(call)?.giveUp?.(kernel, thread, call.args, 'killed')
  unpin(kernel, thread)
  thread.call = null
}
