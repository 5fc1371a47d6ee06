import {
  type GiveUpReason,
  type Kernel,
  type Outcome,
  SLEEP,
  type Thread,
  type Waits,
  writes,
} from '../../kernel/index.ts'
import { lpcThread, replyName, stateIfAny, stopWaiting } from './thread.ts'

/** What all calls have in common that wait for an answer. Nothing but the answer, or the other end's closing, ends them. */
export const waitForReply = {
  giveUp(kernel: Kernel, thread: Thread, _args: unknown, reason: GiveUpReason): Outcome {
    if (reason === 'killed') stopWaiting(kernel, writes(kernel, lpcThread(kernel, thread)))
    return SLEEP
  },
  waitsFor: (kernel: Kernel, thread: Thread): Waits => ({ object: subject(kernel, thread) }),
  subject,
}

function subject(kernel: Kernel, thread: Thread): string {
  const state = stateIfAny(kernel, thread.id)
  return replyName(kernel, state === null ? null : lookAtPort(kernel, state))
}

const lookAtPort = (kernel: Kernel, state: string): string | null =>
  (kernel.state.objects[state] as { port?: string | null } | undefined)?.port ?? null // an LPC thread's state
