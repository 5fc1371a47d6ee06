import {
  type Args,
  type Call,
  call,
  defineCall,
  destroy,
  done,
  endProcess,
  fail,
  gone,
  invariant,
  type Kernel,
  LIFE,
  type Process,
  processByPid,
  RUNDOWN,
  readsProcess,
  registerSubsystem,
  release,
  retain,
  type Thread,
  writes,
  writesProcess,
} from '../../kernel/index.ts'
import { littleEndian64 } from './bytes.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import { LPC_CLIENT_DIED, unsigned } from './message.ts'
import { portAt } from './port.ts'
import { sendSystemMessage } from './queue.ts'
import { threadCreateTime } from './rundown.ts'
import { ntError } from './status.ts'
import { hasState, lpcThread, stopWaiting } from './thread.ts'

/**
 * How threads and processes end, as LPC sees it. A thread tells the ports that it has registered, newest first, each with
 * LPC_CLIENT_DIED; then its state goes; and after the last thread of a process its handles are closed. A call that it
 * was in has let go of its ports before that, as on the way out of the kernel.
 */

interface RegisterArgs extends Args {
  readonly port: Handle
}

const registerDef = defineCall<RegisterArgs, void>({
  name: 'NtRegisterThreadTerminatePort',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { port }) {
        const ref = portAt(kernel, thread, port)
        if (isStatus(ref)) return fail(kernel, ref)
        retain(kernel, ref)
        writes(kernel, lpcThread(kernel, thread)).terminationPorts.push(ref)
        return done(kernel)
      },
    },
  ],
})

/**
 * Has LPC_CLIENT_DIED sent through the port when the calling thread ends; until then the port exists, whatever becomes of
 * its handles.
 * @throws NtError STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH
 */
export const NtRegisterThreadTerminatePort = (PortHandle: Handle): Call<void> =>
  call(registerDef, { port: handleGiven(PortHandle) })

/** The state itself stays while a communication port has the thread as its client thread. */
function exitThread(kernel: Kernel, thread: Thread): void {
  // Nobody else would have made it: that there is none is nothing that was looked at.
  if (!hasState(kernel, thread.id)) return
  const ref = lpcThread(kernel, thread)
  const state = writes(kernel, ref)
  const time = littleEndian64(threadCreateTime(kernel, thread))
  for (let port = state.terminationPorts.pop(); port !== undefined; port = state.terminationPorts.pop()) {
    sendSystemMessage(kernel, port, LPC_CLIENT_DIED, time, thread)
    release(kernel, port, thread)
  }
  stopWaiting(kernel, state)
  state.token = null
  if (state.named === 0) destroy(kernel, ref)
}

registerSubsystem({
  name: 'lpc threads',
  rundown: RUNDOWN.ports,
  kind: 'lpc thread',
  holds: (kernel, { threads }) => threads.some((id) => hasState(kernel, id)),
  threadExit: exitThread,
})

interface TerminateArgs extends Args {
  readonly process: number
  readonly exitStatus: number
}

const terminateDef = defineCall<TerminateArgs, void>({
  name: 'NtTerminateProcess',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { process: pid, exitStatus }) {
        const target = processByPid(kernel, pid)
        if (target === null) return fail(kernel, 'STATUS_INVALID_HANDLE')
        if (readsProcess(kernel, target.id, LIFE).status !== 'alive')
          return fail(kernel, 'STATUS_PROCESS_IS_TERMINATING')
        if (target.id === thread.process) lastOf(kernel, target, thread)
        endProcess(kernel, target, { code: exitStatus, signal: null })
        return target.id === thread.process ? gone() : done(kernel)
      },
    },
  ],
})

/** The caller is the last to end. */
function lastOf(kernel: Kernel, target: Process, { id }: Thread): void {
  const { threads } = writesProcess(kernel, target.id, LIFE)
  const at = threads.indexOf(id)
  invariant(at >= 0, 'a thread is one of its process')
  threads.push(...threads.splice(at, 1))
}

/**
 * Ends a process, by its number, with all its threads, in the order in which they were made; the caller, if it is one of
 * them, last.
 * @throws NtError STATUS_INVALID_HANDLE (no such process), STATUS_PROCESS_IS_TERMINATING
 */
export const NtTerminateProcess = (process: number, ExitStatus = 0): Call<void> =>
  call(terminateDef, { process: handleGiven(process), exitStatus: unsigned(ExitStatus) })
