import { O_NONBLOCK } from '../../ipc/posix/flags.ts'
import type { MessageQueue } from '../../ipc/posix/mq-queue.ts'
import type { Socket } from '../../ipc/posix/socket-object.ts'
import { SNDBUF } from '../../ipc/posix/socket-room.ts'
import {
  definitionOf,
  type Id,
  type KernelObject,
  type KernelState,
  type Simulation,
  type Thread,
} from '../../kernel/index.ts'

/** Who sleeps though what it waits for is there: somebody has forgotten to wake it. */

/** Those whose call could go on, when nobody is on the way to let them. Where no order is promised nobody sleeps. */
export function sleepInVain({ machine }: Simulation): string[] {
  const { kernel, tasks } = machine
  const threads = Object.values(kernel.state.threads)
  if (threads.some(({ status }) => status === 'ready')) return []
  return threads.flatMap((thread) => {
    const { call, queue, id } = thread
    const task = tasks.get(id)
    if (call === null || queue === null || task === undefined || waitsForMuchRoom(kernel.state, queue)) return []
    if (isImpatientByNow(kernel.state, thread)) return []
    kernel.walker = task
    const stage = definitionOf(call)?.stages[call.stage]
    return stage?.canProceed?.(kernel, thread, call.args) === true ? [`${id} in ${call.name}`] : []
  })
}

/** Its file was made O_NONBLOCK meanwhile, which disturbs nobody who waits. */
function isImpatientByNow({ objects, processes }: KernelState, { process, call }: Thread): boolean {
  const file = processes[process]?.descriptors[Number(call?.args.fd)]
  const { flags = 0 } = (objects[file ?? ''] ?? {}) as { readonly flags?: number }
  return (flags & O_NONBLOCK) !== 0
}

/** Who waits to send from a socket is woken when three quarters of its room are free, and not before. */
function waitsForMuchRoom({ objects }: KernelState, queue: Id): boolean {
  const socket = queue.endsWith('/room') ? (objects[queue.slice(0, -'/room'.length)] as Socket | undefined) : undefined
  return socket !== undefined && socket.sent * 4 > SNDBUF
}

/** Those who wait, and what for is not told. */
export function withoutReason({ machine: { kernel } }: Simulation): string[] {
  return Object.values(kernel.state.threads).flatMap((thread) => {
    const { call, status, id } = thread
    if (status !== 'sleeping' || call === null) return []
    const reason = definitionOf(call)?.waitsFor?.(kernel, thread, call.args)
    return /\w/.test(reason?.object ?? '') ? [] : [`${id} in ${call.name}`]
  })
}

interface SysvQueue extends KernelObject {
  readonly bytes: number
  readonly qbytes: number
  readonly messages: readonly { readonly mtype: number; readonly mtext: string }[]
}

interface SemSet extends KernelObject {
  readonly values: readonly number[]
}

/** Those who wait at a queue or a set that they need not wait for. These serve who waits in the same step. */
export function unserved(state: KernelState): string[] {
  return Object.values(state.objects).flatMap((object) => {
    const waiting = (queue: string): Args[] => argsAt(state, `${object.id}/${queue}`)
    switch (object.kind) {
      case 'message queue': {
        const { messages, maxmsg } = object as MessageQueue
        const [senders, receivers] = [waiting('send').length, waiting('receive').length]
        return (senders > 0 && messages.length < maxmsg) || (receivers > 0 && messages.length > 0) ? [object.id] : []
      }
      case 'msg queue': {
        const { bytes, qbytes, messages } = object as SysvQueue
        const fits = waiting('send').some(
          ({ mtext = '' }) => bytes + mtext.length <= qbytes && messages.length < qbytes,
        )
        const wanted = waiting('receive').some((wish) => messages.some(({ mtype }) => isWanted(wish, mtype)))
        return fits || wanted ? [object.id] : []
      }
      case 'sem set': {
        const { values } = object as SemSet
        const all = [...waiting('change'), ...waiting('zero')]
        return all.some(({ ops = [] }) => isPossible(values, ops)) ? [object.id] : []
      }
      default:
        return []
    }
  })
}

interface Args {
  readonly mtext?: string
  readonly type?: number
  readonly flags?: number
  readonly ops?: readonly { readonly num: number; readonly op: number }[]
}

function argsAt({ queues, threads }: KernelState, queue: Id): Args[] {
  const found: Args[] = []
  for (let id = queues[queue]?.first ?? null; id !== null; id = threads[id]?.behind ?? null)
    found.push(threads[id]?.call?.args as Args) // whoever sleeps is in a call
  return found
}

const MSG_EXCEPT = 0o20000

export function isWanted({ type = 0, flags = 0 }: Args, mtype: number): boolean {
  if (type === 0) return true
  if (type < 0) return mtype <= -type
  return ((flags & MSG_EXCEPT) !== 0) !== (mtype === type)
}

function isPossible(values: readonly number[], ops: readonly { readonly num: number; readonly op: number }[]): boolean {
  const now = [...values]
  return ops.every(({ num, op }) => {
    const value = now[num] ?? 0
    now[num] = value + op
    return op === 0 ? value === 0 : value + op >= 0
  })
}
