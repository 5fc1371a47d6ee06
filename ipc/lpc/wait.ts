import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  peek,
  pin,
  type Ref,
  reads,
  SLEEP,
  sleepOn,
  type Thread,
} from '../../kernel/index.ts'
import { type Handle, handleGiven, isStatus, resolve } from './handles.ts'
import { eventOf, type Port, portName, QUEUE } from './port.ts'
import { ntError, STATUS_SUCCESS, STATUS_TIMEOUT } from './status.ts'
import { deadlineOf, type Timeout, timeoutGiven } from './timeout.ts'

/** Waiting for an object, as far as ports are concerned. */

interface WaitArgs extends Args {
  readonly handle: Handle
  readonly timeout: Timeout
}

type WaitStatus = typeof STATUS_SUCCESS | typeof STATUS_TIMEOUT

const LOOK = 1

/** Waits for the event of the waitable port that the first stage has found. */
function look(kernel: Kernel, thread: Thread): Outcome {
  const port = portOf(thread)
  if (reads(kernel, port, QUEUE).event) return done(kernel, STATUS_SUCCESS)
  kernel.stage = LOOK
  return sleepOn(kernel, thread, eventOf(port))
}

const portOf = ({ call }: Thread): Ref<Port> => call?.saved as Ref<Port> // the first stage puts nothing else there

const waitDef = defineCall<WaitArgs, WaitStatus>({
  name: 'NtWaitForSingleObject',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { handle, timeout }) {
        const ref = resolve(kernel, thread, handle)
        if (isStatus(ref)) return fail(kernel, ref)
        const object = peek(kernel, ref)
        const isSignalled = object.kind !== 'lpc port' || !(object as Port).waitable // the kind says so
        if (isSignalled || reads(kernel, ref as Ref<Port>, QUEUE).event) return done(kernel, STATUS_SUCCESS)
        if (timeout === 0) return done(kernel, STATUS_TIMEOUT)
        pin(kernel, thread, ref)
        if (thread.call !== null) thread.call.saved = ref
        return look(kernel, thread)
      },
    },
    { attempt: look },
  ],
  deadline: (kernel, _thread, { timeout }) => deadlineOf(kernel, timeout),
  giveUp: (kernel, _thread, _args, reason) => (reason === 'timeout' ? done(kernel, STATUS_TIMEOUT) : SLEEP),
  waitsFor: (kernel, thread) => ({ object: eventName(kernel, thread) }),
  subject: eventName,
})

function eventName(kernel: Kernel, thread: Thread): string {
  const port = thread.call?.saved as Ref<Port> | null | undefined // as above
  return port === null || port === undefined ? 'an event' : `event of ${portName(kernel, port)}`
}

/**
 * Waits until there is a message for a waitable port; it is not received by that. Any other object is always signalled.
 * @param _Alertable makes no difference: there are no APCs
 * @param Timeout in units of 100 ns: negative from now on, positive since boot, 0 not at all, `null` for ever
 * @throws NtError STATUS_INVALID_HANDLE
 */
export const NtWaitForSingleObject = (
  Handle: Handle,
  _Alertable = false,
  Timeout: number | null = null,
): Call<WaitStatus> => call(waitDef, { handle: handleGiven(Handle), timeout: timeoutGiven(Timeout) })
