import { GONE, type Outcome } from './call.ts'
import { endProcess } from './exit.ts'
import { fail, type Kernel, processOf, SIGNALS, threadOf, writesProcess } from './kernel.ts'
import { wake } from './queue.ts'
import type { Process, Signal, Thread } from './state.ts'

/**
 * Signals. Sending marks one thread of the process and wakes it; the machine delivers when that thread is next chosen:
 * it gives the interrupted call up (or keeps it, to be restarted), runs the handler, and goes on.
 */

/** Signals whose default action is to do nothing. Every other one ends the process. */
const IGNORED_BY_DEFAULT: readonly Signal[] = ['SIGCHLD']

/** Sends a signal to a process, from whomever. Ends it at once when that is the signal's action. */
export function sendSignal(kernel: Kernel, target: Process, signal: Signal): void {
  const process = writesProcess(kernel, target.id, SIGNALS)
  if (process.status !== 'alive') return
  const disposition = signal === 'SIGKILL' ? undefined : process.dispositions[signal]
  if (disposition === undefined) {
    if (!IGNORED_BY_DEFAULT.includes(signal)) endProcess(kernel, process, { code: null, signal })
    return
  }
  if (disposition.how === 'ignore') return
  const [first] = Object.keys(process.threads)
  if (first !== undefined) mark(kernel, threadOf(kernel, first), signal)
}

/** Raises a signal on the calling thread itself, as a broken pipe does; it is delivered before the call returns. */
export function raise(kernel: Kernel, thread: Thread, signal: Signal): void {
  const process = processOf(kernel, thread)
  const disposition = process.dispositions[signal]
  if (disposition === undefined) sendSignal(kernel, process, signal)
  else if (disposition.how === 'handler') thread.pending.push(signal)
}

/**
 * The thread's access to memory faulted. Without a handler the process dies of it; with one, the handler runs and the
 * access fails with the signal's name, as if the handler had jumped out of it.
 */
export function fault(kernel: Kernel, thread: Thread, signal: Signal): Outcome {
  const disposition = processOf(kernel, thread).dispositions[signal]
  if (disposition?.how !== 'handler') {
    endProcess(kernel, processOf(kernel, thread), { code: null, signal })
    return GONE
  }
  thread.pending.push(signal)
  return fail(kernel, signal)
}

function mark(kernel: Kernel, thread: Thread, signal: Signal): void {
  thread.pending.push(signal)
  wake(kernel, thread)
}
