import {
  defineKind,
  destroy,
  invariant,
  type Kernel,
  type Process,
  type Ref,
  reads,
  release,
  type Thread,
  threadNumber,
  writes,
} from '../../kernel/index.ts'
import { littleEndian64 } from './bytes.ts'
import { defineHandledKind, type Handled } from './handles.ts'
import { LPC_PORT_CLOSED } from './message.ts'
import { dropName } from './names.ts'
import { CHAIN, DATA, LINKS, type Port, QUEUE } from './port.ts'
import { dropMessages, sendSystemMessage, withdraw } from './queue.ts'
import { unmapView } from './section.ts'
import { endWait, type LpcThread, stateIfAny, stopWaiting } from './thread.ts'

/**
 * How ports end. A connection port is run down when its last handle is closed; any port is when its last reference goes,
 * and is deleted then: handles, calls in progress, and what is made from it keep it.
 */

/** Connection requests are withdrawn with whoever made them. */
export function abandonConnecting(kernel: Kernel, state: LpcThread, by: Thread | null): void {
  const { connecting, chain, messageId } = state
  if (connecting === null) return
  if (chain !== null && messageId !== 0) withdraw(kernel, chain, messageId)
  state.connecting = null
  if (connecting.section !== null) release(kernel, connecting.section, by)
  if (connecting.clientPort !== null) release(kernel, connecting.clientPort, by)
}

/**
 * Disconnects the port from its other end, ends the waits of all who hang on its chain, in order, without an answer, and
 * drops the messages of its queue.
 */
function runDown(kernel: Kernel, ref: Ref<Port>, by: Thread | null): void {
  const port = writes(kernel, ref, LINKS)
  const connection = port.type === 'unconnected' ? null : disconnectPeer(kernel, port)
  if (port.type === 'connection') port.nameDeleted = true
  for (const thread of writes(kernel, ref, CHAIN).chain.slice()) {
    const waiting = stateIfAny(kernel, thread)
    invariant(waiting !== null, 'who hangs on a chain has a state', thread)
    const state = writes(kernel, waiting)
    abandonConnecting(kernel, state, by)
    stopWaiting(kernel, state)
    endWait(kernel, state)
  }
  dropMessages(kernel, ref)
  if (connection !== null) release(kernel, connection, by)
}

/** The other end has none from now on, and lets go of the connection port, which is returned. */
function disconnectPeer(kernel: Kernel, { connectedPort }: Port): Ref<Port> | null {
  if (connectedPort === null) return null
  const peer = writes(kernel, connectedPort, LINKS)
  const { connectionPort } = peer
  peer.connectedPort = null
  peer.connectionPort = null
  return connectionPort
}

/** The last reference is gone. The client's end tells the server, unless the server's is gone already. */
function deletePort(kernel: Kernel, port: Port, by: Thread | null): void {
  const ref: Ref<Port> = port.id
  if (port.clientThread !== null) unname(kernel, port.clientThread)
  if (port.type === 'client' && by !== null)
    sendSystemMessage(kernel, ref, LPC_PORT_CLOSED, littleEndian64(createTime(kernel, by.process)), by)
  runDown(kernel, ref, by)
  for (const view of port.views) unmapView(kernel, view)
  dropDataInfo(kernel, port, by)
  const { connectionPort } = reads(kernel, ref, LINKS)
  if (connectionPort !== null && connectionPort !== ref) release(kernel, connectionPort, by)
}

/** What the connection port keeps of the process's messages that came by this connection is freed. */
function dropDataInfo(kernel: Kernel, { id, connectionPort, connectedPort }: Port, by: Thread | null): void {
  if (connectionPort === null || connectionPort === id) return
  const { dataInfo } = reads(kernel, connectionPort, DATA)
  const pid = by === null ? 0 : kernel.state.processes[by.process]?.pid
  const ports = [id, connectedPort, connectionPort]
  const kept = dataInfo.filter(({ clientId, sender }) => clientId.process !== pid || !ports.includes(sender))
  if (kept.length < dataInfo.length) writes(kernel, connectionPort, DATA).dataInfo = kept
}

/** One communication port less has that thread as its client thread. */
export function unname(kernel: Kernel, thread: Thread['id']): void {
  const ref = stateIfAny(kernel, thread)
  invariant(ref !== null, 'a thread that is named has a state', thread)
  const state = writes(kernel, ref)
  state.named -= 1
  if (state.named === 0 && kernel.state.threads[thread]?.status === 'exited') destroy(kernel, ref)
}

/**
 * When a process was created, and a thread, which comes after its process: not in nanoseconds, but in the order of their
 * numbers, so that no two are the same.
 */
export const createTime = (kernel: Kernel, process: Process['id']): number =>
  2 * (kernel.state.processes[process]?.pid ?? 0)
export const threadCreateTime = (kernel: Kernel, thread: Thread): number => 2 * threadNumber(kernel, thread) + 1

defineKind<Port>('lpc port', { free: deletePort })
defineHandledKind('lpc port', {
  closed(kernel: Kernel, handled: Ref<Handled>, by: Thread | null) {
    const ref = handled as Ref<Port> // only called for ports
    const port = reads(kernel, ref, QUEUE)
    if (port.type !== 'connection') return
    dropName(kernel, port.name)
    runDown(kernel, ref, by)
  },
})
