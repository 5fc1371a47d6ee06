import {
  exists,
  type Id,
  install,
  invariant,
  type Kernel,
  type KernelObject,
  LIFE,
  madeOnce,
  type Outcome,
  PIDS,
  peek,
  processOf,
  READ,
  type Ref,
  reads,
  SEQ_CST,
  sleepOn,
  type Thread,
  threadByNumber,
  threadNumber,
  threadOf,
  wake,
  writes,
} from '../../kernel/index.ts'
import type { ClientId, Message } from './message.ts'
import { CHAIN, LINKS, type Port, portName } from './port.ts'
import type { ClientViewState, ServerViewState } from './section.ts'
import type { Token } from './token.ts'

/** What LPC keeps with each thread: what it waits for, and what it was answered. */

export interface LpcThread extends KernelObject {
  readonly kind: 'lpc thread'
  readonly thread: Id
  /** LpcReplySemaphore, of limit 1: its wait is over. */
  semaphore: number
  /** LpcReplyMessageId: of the message whose answer it waits for; 0 for none. */
  messageId: number
  /** LpcReplyMessage: the answer, while the thread has not looked at it. */
  message: Message | null
  /** LpcWaitingOnPort: the port that it sent through. */
  port: Ref<Port> | null
  /** The connection request that it waits with. */
  connecting: Connecting | null
  /** On whose reply chain it hangs. */
  chain: Ref<Port> | null
  /** Ports that are told of its end, newest last. */
  readonly terminationPorts: Ref<Port>[]
  /** Whom it impersonates. */
  token: Token | null
  /** Communication ports that have it as their client thread: by them a thread that has ended can still be named. */
  named: number
}

export interface Connecting {
  /** The client's port, a reference; `null` from accept on. */
  clientPort: Ref<Port> | null
  /** The section of the client's view, a reference; `null` from accept on. */
  section: Id | null
  clientView: ClientViewState | null
  serverView: ServerViewState | null
  /** The communication port that accept made. */
  accepted: Ref<Port> | null
}

const stateOf = madeOnce<LpcThread>((thread) => `lpc:${thread}`)
const waitingOn = madeOnce((state) => `${state}/reply`)

/** The calling thread's state. */
export function lpcThread(kernel: Kernel, thread: Thread): Ref<LpcThread> {
  const id = stateOf(thread.id)
  if (exists(kernel, id)) return id
  return install<LpcThread>(kernel, {
    id,
    kind: 'lpc thread',
    thread: thread.id,
    semaphore: 0,
    messageId: 0,
    message: null,
    port: null,
    connecting: null,
    chain: null,
    terminationPorts: [],
    token: null,
    named: 0,
  })
}

export const hasState = (kernel: Kernel, thread: Id): boolean => exists(kernel, stateOf(thread))

/** The state of a thread, if it has one; its being there or not is looked at. */
export function stateIfAny(kernel: Kernel, thread: Id): Ref<LpcThread> | null {
  const id = stateOf(thread)
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return exists(kernel, id) ? id : null
}

export const clientIdOf = (kernel: Kernel, thread: Thread): ClientId => ({
  process: processOf(kernel, thread).pid,
  thread: threadNumber(kernel, thread),
})

/** The thread that a client id names: one that lives, or is still referred to; `null`: STATUS_INVALID_CID. */
export function threadByClientId(kernel: Kernel, { process, thread }: ClientId): Id | null {
  kernel.footprint.add(PIDS, 0, READ, SEQ_CST)
  const id = threadByNumber(kernel, thread)
  const found = id === null ? undefined : kernel.state.threads[id]
  if (id === null || found === undefined || processOf(kernel, found).pid !== process) return null
  kernel.footprint.add(id, LIFE, READ, SEQ_CST)
  if (found.status !== 'exited') return id
  const state = stateIfAny(kernel, id)
  return state !== null && peek(kernel, state).named > 0 ? id : null
}

/** The thread's state if it waits for the reply to that message, through a port that this one is related to. */
export function waiterFor(kernel: Kernel, thread: Id, messageId: number, port: Ref<Port>): Ref<LpcThread> | null {
  const ref = stateIfAny(kernel, thread)
  if (ref === null) return null
  const state = reads(kernel, ref)
  if (messageId === 0 || state.messageId !== messageId || state.connecting !== null) return null
  return state.port !== null && isRelated(kernel, port, state.port) ? ref : null
}

/** Whether what goes through one port may be answered through the other. */
function isRelated(kernel: Kernel, port: Ref<Port>, waiting: Ref<Port>): boolean {
  if (port === waiting) return true
  const { connectionPort, connectedPort } = reads(kernel, waiting, LINKS)
  if (port === connectionPort || port === connectedPort) return true
  return peek(kernel, port).type === 'communication' && reads(kernel, port, LINKS).connectionPort === waiting
}

/** The thread waits from now on for the answer to that message, hung on a port's chain. */
export function hang(kernel: Kernel, ref: Ref<LpcThread>, messageId: number, chain: Ref<Port>): LpcThread {
  const state = writes(kernel, ref)
  invariant(state.chain === null, 'a thread hangs on one chain at a time', ref)
  state.messageId = messageId
  state.message = null
  state.semaphore = 0
  state.chain = chain
  writes(kernel, chain, CHAIN).chain.push(state.thread)
  return state
}

export function leaveChain(kernel: Kernel, state: LpcThread): void {
  if (state.chain === null) return
  const { chain } = writes(kernel, state.chain, CHAIN)
  chain.splice(chain.indexOf(state.thread), 1)
  state.chain = null
}

/** Gives the thread its answer, and wakes it. */
export function deliver(kernel: Kernel, ref: Ref<LpcThread>, message: Message): void {
  const state = writes(kernel, ref)
  leaveChain(kernel, state)
  state.messageId = 0
  kernel.traffic?.enters(ref, 0, `${replyName(kernel, state.port)} to ${state.thread}`)
  state.port = null
  state.message = message
  endWait(kernel, state)
}

/** The answer that is waited for through that port, as a reader would call it. */
export const replyName = (kernel: Kernel, port: Ref<Port> | null): string =>
  port === null ? 'a reply' : `reply by ${portName(kernel, port)}`

/** Its wait is over; what came of it, it finds in its state. */
export function endWait(kernel: Kernel, state: LpcThread): void {
  invariant(state.semaphore === 0, 'a wait for an answer ends once', state.id)
  state.semaphore = 1
  const thread = threadOf(kernel, state.thread)
  // One whose signal handler runs is not asleep, and looks when that is over.
  if (thread.queue === waitingOn(state.id)) wake(kernel, thread)
}

/** The calling thread sleeps until its wait is over. */
export function sleepForAnswer(kernel: Kernel, thread: Thread, state: Ref<LpcThread>): Outcome {
  return sleepOn(kernel, thread, waitingOn(state))
}

/**
 * The calling thread's wait is over: it waits for nothing any more. Returns the answer, `null` when there is none; and
 * `undefined` while the wait is not over after all.
 */
export function takeAnswer(kernel: Kernel, ref: Ref<LpcThread>): Message | null | undefined {
  const state = writes(kernel, ref)
  if (state.semaphore === 0) return undefined
  const { message } = state
  if (message !== null) kernel.traffic?.leaves(ref, 0)
  stopWaiting(kernel, state)
  return message
}

/** Waits for nothing any more, whether it was answered or dies. */
export function stopWaiting(kernel: Kernel, state: LpcThread): void {
  leaveChain(kernel, state)
  kernel.traffic?.drops(state.id)
  state.semaphore = 0
  state.messageId = 0
  state.message = null
  state.port = null
}
