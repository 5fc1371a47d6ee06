import { GONE, type Outcome } from './call.ts'
import { invariant } from './errors.ts'
import { endProcess } from './exit.ts'
import { fail, type Kernel, processOf, SIGNALS, writesProcess } from './kernel.ts'
import { rouse } from './queue.ts'
import { type KernelState, NO_ITEMS, type Process, type Signal, type Thread } from './state.ts'

/**
 * Signals. Sending marks one thread of the process and wakes it; the machine delivers when that thread is next chosen:
 * it gives the interrupted call up (or keeps it, to be restarted), runs the handler, and goes on. A signal that is
 * pending already is not noted twice, and one whose handler runs is held back until that ends.
 */

/** Signals whose default action is to do nothing. Every other one ends the process. */
export const isIgnoredByDefault = (signal: Signal): boolean => signal === 'SIGCHLD'

/** Sends a signal to a process, from whomever. Ends it at once when that is the signal's action. */
export function sendSignal(kernel: Kernel, target: Process, signal: Signal): void {
  const process = writesProcess(kernel, target.id, SIGNALS)
  if (process.status !== 'alive') return
  const disposition = signal === 'SIGKILL' ? undefined : process.dispositions[signal]
  if (disposition === undefined) {
    if (!isIgnoredByDefault(signal)) endProcess(kernel, process, { code: null, signal })
    return
  }
  if (disposition.how === 'ignore') return
  const receiver = receiverOf(kernel.state, process, signal)
  if (receiver !== undefined) mark(kernel, receiver, signal)
}

/** The thread of a process that a signal for the process goes to: the first that does not hold it back. */
export function receiverOf(state: KernelState, process: Process, signal: Signal): Thread | undefined {
  let first: Thread | undefined
  for (const id of process.threads) {
    const thread = state.threads[id]
    if (thread !== undefined && !isHeldBack(thread, signal)) return thread
    first ??= thread
  }
  return first
}

/** Whether a signal sent to the process changes nothing. */
export function disregards(process: Process, signal: Signal): boolean {
  const disposition = signal === 'SIGKILL' ? undefined : process.dispositions[signal]
  return disposition === undefined ? isIgnoredByDefault(signal) : disposition.how === 'ignore'
}

/**
 * Raises a signal on the calling thread itself, as a broken pipe does; it is delivered before the call returns.
 * `false`: the process has died of it, and the call is `gone()`.
 */
export function raise(kernel: Kernel, thread: Thread, signal: Signal): boolean {
  const process = processOf(kernel, thread)
  const disposition = process.dispositions[signal]
  if (disposition === undefined) sendSignal(kernel, process, signal)
  else if (disposition.how === 'handler') note(thread, signal)
  return thread.status !== 'exited'
}

/**
 * The thread's access to memory faulted. Without a handler the process dies of it, and also when it happens in the
 * signal's own handler; else the handler runs and the access fails with the signal's name, as if the handler had
 * jumped out of it.
 */
export function fault(kernel: Kernel, thread: Thread, signal: Signal): Outcome {
  const disposition = processOf(kernel, thread).dispositions[signal]
  if (disposition?.how !== 'handler' || isHeldBack(thread, signal)) {
    endProcess(kernel, processOf(kernel, thread), { code: null, signal })
    return GONE
  }
  note(thread, signal)
  return fail(kernel, signal)
}

/** Marks a thread that a signal is for it, and takes it out of its sleep, unless the signal is held back. */
export function mark(kernel: Kernel, thread: Thread, signal: Signal): void {
  note(thread, signal)
  if (!isHeldBack(thread, signal)) rouse(kernel, thread)
}

function note(thread: Thread, signal: Signal): void {
  if (thread.pending === NO_ITEMS) thread.pending = [signal]
  else if (!thread.pending.includes(signal)) thread.pending.push(signal)
}

/** Whether the thread is in a handler of that signal. */
function isHeldBack(thread: Thread, signal: Signal): boolean {
  for (const handling of thread.interrupted) if (handling.signal === signal) return true
  return false
}

/** Whether a signal is to be delivered to the thread before anything else. */
export function isDue(thread: Thread): boolean {
  for (const signal of thread.pending) if (!isHeldBack(thread, signal)) return true
  return false
}

/** Takes the oldest signal that is due. */
export function takeSignal(thread: Thread): Signal {
  const at = thread.pending.findIndex((signal) => !isHeldBack(thread, signal))
  const signal = thread.pending[at]
  invariant(signal !== undefined, 'a signal that is delivered was pending')
  thread.pending.splice(at, 1)
  return signal
}
