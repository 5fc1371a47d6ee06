import { definitionOf, registeredSubsystems } from './call.ts'
import { disarmTimer } from './clock.ts'
import { READ, SEQ_CST, WRITE } from './footprint.ts'
import { type Kernel, LIFE, processOf, SIGNALS, threadOf, writesProcess } from './kernel.ts'
import { unpin } from './objects.ts'
import { leaveQueue, wakeAll } from './queue.ts'
import type { ExitStatus, Id, Process, Thread } from './state.ts'

/** How threads and processes end, and what they give up in which order: see RUNDOWN. */

/** The queue of those who wait for a child of this process. */
export const childrenQueue = (parent: Id): Id => `${parent}/wait`
/** The queue of those who join this thread. */
export const joinQueue = (thread: Id): Id => `${thread}/join`

/** Ends one thread; with the last one its process ends too, with exit code 0. */
export function endThread(kernel: Kernel, thread: Thread): void {
  const process = processOf(kernel, thread)
  stopThread(kernel, thread)
  if (isEmpty(process.threads)) endProcess(kernel, process, { code: 0, signal: null })
}

/** Ends a process at whatever point its threads are: `exit`, a deadly signal, or the end of its last thread. */
export function endProcess(kernel: Kernel, target: Process, how: ExitStatus): void {
  const process = writesProcess(kernel, target.id, LIFE)
  if (process.status !== 'alive') return
  process.exit = how
  const threads = Object.keys(process.threads).map((id) => threadOf(kernel, id))
  const last = threads.at(-1)
  for (const thread of threads) stopThread(kernel, thread)
  process.status = 'zombie'
  for (const subsystem of registeredSubsystems()) subsystem.processExit?.(kernel, process, last)
  orphan(kernel, process)
  const parent = process.parent === null ? undefined : kernel.state.processes[process.parent]
  if (parent === undefined || isEmpty(parent.threads)) {
    process.status = 'reaped' // nobody is left to wait for it
  } else {
    writesProcess(kernel, parent.id, LIFE)
    wakeAll(kernel, childrenQueue(parent.id))
    if (parent.dispositions.SIGCHLD?.how === 'handler') {
      const [first] = Object.keys(parent.threads)
      if (first !== undefined) threadOf(kernel, first).pending.push('SIGCHLD')
      writesProcess(kernel, parent.id, SIGNALS)
    }
  }
}

/** Whether the thread's end is something that others could see: a release, somebody who waits for it, a parent. */
export function hasToRelease(kernel: Kernel, thread: Thread): boolean {
  const process = processOf(kernel, thread)
  if (process.threaded) return true
  const parent = process.parent === null ? undefined : kernel.state.processes[process.parent]
  if (parent !== undefined && !isEmpty(parent.threads)) return true
  for (const subsystem of registeredSubsystems()) if (subsystem.holds?.(kernel, process) === true) return true
  return false
}

/** Its children have nobody left to wait for them. */
function orphan(kernel: Kernel, process: Process): void {
  for (const id of Object.keys(process.children)) {
    const child = kernel.state.processes[id]
    if (child?.status === 'zombie') writesProcess(kernel, id, LIFE).status = 'reaped'
  }
}

function stopThread(kernel: Kernel, thread: Thread): void {
  if (thread.status === 'exited') return
  giveUpCall(kernel, thread)
  leaveQueue(kernel, thread)
  thread.status = 'exited'
  disarmTimer(kernel, thread)
  if (thread.pending.length > 0) thread.pending = []
  for (const subsystem of registeredSubsystems()) subsystem.threadExit?.(kernel, thread)
  if (kernel.journal !== null) kernel.journal.save('processes', thread.process)
  delete processOf(kernel, thread).threads[thread.id]
  if (kernel.state.queues[joinQueue(thread.id)] !== undefined) wakeAll(kernel, joinQueue(thread.id))
  kernel.footprint.add(thread.id, LIFE, READ | WRITE, SEQ_CST)
  kernel.ended.push(thread.id)
}

/** A thread that dies in a call leaves nothing of it behind: half-opened readers are uncounted, rights go back. */
function giveUpCall(kernel: Kernel, thread: Thread): void {
  const { call } = thread
  if (call === null) return
  if (thread.status === 'sleeping') {
    leaveQueue(kernel, thread)
    definitionOf(call)?.giveUp?.(kernel, thread, call.args, 'killed')
  }
  unpin(kernel, thread)
  thread.call = null
}

function isEmpty(table: object): boolean {
  for (const _ in table) return false
  return true
}
