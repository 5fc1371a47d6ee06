import {
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  LIFE,
  madeOnce,
  type Process,
  peek,
  READ,
  type Ref,
  RUNDOWN,
  reads,
  readsProcess,
  registerSubsystem,
  SEQ_CST,
  sleepers,
  WHOLE,
  writes,
} from '../../kernel/index.ts'
import { type Channel, canTake, failAll } from './channel.ts'

/**
 * Links between processes. Each ordered pair has its own, made when one of the two first uses it, so what P sends to Q
 * and what R sends to Q have nothing to do with each other until Q receives from whoever it may be.
 */
export interface Link extends Channel {
  readonly kind: 'link'
  /** For reports. */
  readonly name: string
  readonly from: Id
  readonly to: Id
}

/** A process as an end of links. Each link has its own part of it, so that new links don't disturb each other. */
export interface Endpoint extends KernelObject {
  readonly kind: 'endpoint'
  readonly process: Id
  /** Links to this process and from it, by the other end. */
  readonly in: Record<Id, Ref<Link>>
  readonly out: Record<Id, Ref<Link>>
  /** The queue of its threads that receive from any link. */
  readonly everyone: Id
  /** Numbers what arrives on any link, where waiters are served in an order. */
  arrived: number
}

/** The capacity of a link that nobody has made otherwise: the sender waits until the receiver has the message. */
const CAPACITY_DEFAULT = 0
/** The part of an endpoint that holds `arrived`. */
const ARRIVED = 0

/** Ids that were made before: a name put together anew costs more than all else that a send does. */
const linkIds = new Map<Id, Map<Id, Ref<Link>>>()

function linkId(from: Id, to: Id): Ref<Link> {
  let ids = linkIds.get(from)
  if (ids === undefined) {
    ids = new Map()
    linkIds.set(from, ids)
  }
  let id = ids.get(to)
  if (id === undefined) {
    id = `link:${from}>${to}`
    ids.set(to, id)
  }
  return id
}

const endpointId = madeOnce<Endpoint>((process) => `endpoint:${process}`)

const pidOf = (kernel: Kernel, process: Id): number => kernel.state.processes[process]?.pid ?? 0
const partIn = (kernel: Kernel, from: Id): number => 2 * pidOf(kernel, from) + 1
const partOut = (kernel: Kernel, to: Id): number => 2 * pidOf(kernel, to) + 2

/** The process of that name, if there ever was one. Setup's process is nobody's partner. */
export function partner(kernel: Kernel, id: Id): Process | null {
  if (id !== 'init' && Object.hasOwn(kernel.state.processes, id)) return readsProcess(kernel, id, LIFE)
  kernel.footprint.add(id, LIFE, READ, SEQ_CST)
  return null
}

/** Whether the process has ended, or never was. */
export const hasEnded = (kernel: Kernel, id: Id): boolean => partner(kernel, id)?.status !== 'alive'

/** The link, `null` when the two have none yet. */
export function linkIfAny(kernel: Kernel, from: Id, to: Id): Ref<Link> | null {
  const id = linkId(from, to)
  if (exists(kernel, id)) return id
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return null
}

/** Whether the process waits for a message from anyone, also from one with whom it has no link yet. */
export function takesFromAnyone(kernel: Kernel, process: Id): boolean {
  const id = endpointId(process)
  if (exists(kernel, id)) return sleepers(kernel, peek(kernel, id).everyone) > 0
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return false
}

/** The capacity that the link has or, when it comes to be, will have. Leaves no footprint: it never changes. */
export function capacityOf(kernel: Kernel, from: Id, to: Id): number | null {
  const id = linkId(from, to)
  return exists(kernel, id) ? peek(kernel, id).capacity : CAPACITY_DEFAULT
}

/** The link, which is made if need be. */
export function linkBetween(kernel: Kernel, from: Id, to: Id, capacity: number | null = CAPACITY_DEFAULT): Ref<Link> {
  const id = linkId(from, to)
  if (exists(kernel, id)) return id
  const receiver = writes(kernel, endpointOf(kernel, to), partIn(kernel, from))
  const sender = writes(kernel, endpointOf(kernel, from), partOut(kernel, to))
  receiver.in[from] = id
  sender.out[to] = id
  return install<Link>(kernel, {
    id,
    kind: 'link',
    name: `${from} → ${to}`,
    from,
    to,
    messages: [],
    stamps: kernel.state.wakeOrder === 'any' ? null : [],
    capacity,
    senders: `${id}/senders`,
    receivers: `${id}/receivers`,
    everyone: receiver.everyone,
  })
}

/** The process's end of all its links, which is made if need be. */
export function endpointOf(kernel: Kernel, process: Id): Ref<Endpoint> {
  const id = endpointId(process)
  if (exists(kernel, id)) return id
  return install<Endpoint>(kernel, {
    id,
    kind: 'endpoint',
    process,
    in: {},
    out: {},
    everyone: `${id}/any`,
    arrived: 0,
  })
}

/** The number of a message that arrives now; 0 where there is no order to serve messages in. */
export function nextStamp(kernel: Kernel, ref: Ref<Link>): number {
  const { stamps, to } = peek(kernel, ref)
  if (stamps === null) return 0
  const endpoint = writes(kernel, endpointId(to), ARRIVED)
  endpoint.arrived += 1
  return endpoint.arrived
}

/** The links on which something could be received now, by the names of their senders. It costs as much as there are links. */
export function fullLinks(kernel: Kernel, to: Id): Ref<Link>[] {
  kernel.footprint.add(endpointId(to), WHOLE, READ, SEQ_CST)
  return sendersTo(kernel, to)
    .map((from) => linkId(from, to))
    .filter((link) => canTake(kernel, link))
}

/** Who has a link to the process, in an order that does not depend on who was first. */
export function sendersTo(kernel: Kernel, process: Id): Id[] {
  const id = endpointId(process)
  return exists(kernel, id) ? Object.keys(peek(kernel, id).in).sort() : []
}

/** The one of these links on which a message has waited longest. */
export function longestWaiting(kernel: Kernel, links: readonly Ref<Link>[]): Ref<Link> {
  let [best = ''] = links
  for (const link of links) if (headStamp(kernel, link) < headStamp(kernel, best)) best = link
  return best
}

function headStamp(kernel: Kernel, ref: Ref<Link>): number {
  const { stamps, senders } = peek(kernel, ref)
  const first = kernel.state.queues[senders]?.first
  return stamps?.[0] ?? (first === undefined ? 0 : (kernel.state.threads[first]?.call?.progress ?? 0))
}

/** Whether somebody is left who could see the process's end. The answer is read, and leaves its footprint. */
function hasPartners(kernel: Kernel, process: Process): boolean {
  const id = endpointId(process.id)
  if (!exists(kernel, id)) return false
  const endpoint = reads(kernel, id, WHOLE)
  for (const table of [endpoint.in, endpoint.out])
    for (const other of Object.keys(table).sort()) if (other !== process.id && !hasEnded(kernel, other)) return true
  return false
}

/** Whoever waits for a process that ends is told so. What it had sent before can still be received. */
function endLinks(kernel: Kernel, process: Process): void {
  const id = endpointId(process.id)
  if (!exists(kernel, id)) return
  const endpoint = peek(kernel, id)
  for (const other of Object.keys(endpoint.in).sort())
    failAll(kernel, `${linkId(other, process.id)}/senders`, 'PROCESS_ENDED', process.id)
  for (const other of Object.keys(endpoint.out).sort())
    failAll(kernel, `${linkId(process.id, other)}/receivers`, 'PROCESS_ENDED', process.id)
}

registerSubsystem({
  name: 'links',
  rundown: RUNDOWN.mailboxes,
  kind: 'endpoint',
  holds: hasPartners,
  processExit: endLinks,
})
