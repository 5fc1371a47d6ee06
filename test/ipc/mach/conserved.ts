import type { CallState, Id, KernelState } from 'ipclab/kernel'
import type { Message, Port, PortSet, Space } from 'ipclab/mach'
import * as mach from 'ipclab/mach'

/** What must hold of ports, rights and messages in every state, whatever was done. */

/** A right, wherever it is. */
interface Held {
  readonly port: Id
  readonly type: number
}

const ofKind = <T>(state: KernelState, kind: string): T[] =>
  Object.values(state.objects).filter((object) => object.kind === kind) as T[]

/** What a waiting call has in hand: a message to be sent, or one that was handed to it. */
function* inHand(call: CallState | null): Iterable<Message> {
  if (call?.name !== 'mach_msg') return
  const { saved, wake } = call as unknown as { saved: Partial<Message> | null; wake: { message?: Message } | null }
  if (saved !== null && 'remoteType' in saved) yield saved as Message
  if (wake?.message !== undefined) yield wake.message
}

/** Messages on their way, and those that threads hold. */
function messages(state: KernelState): { queued: Message[]; held: Message[] } {
  const homes = [...ofKind<Port>(state, 'mach port'), ...ofKind<PortSet>(state, 'mach port set')]
  const calls = Object.values(state.threads).flatMap(({ call, interrupted }) => [
    call,
    ...interrupted.map((one) => one.call),
  ])
  return { queued: homes.flatMap(({ messages }) => messages), held: calls.flatMap((call) => [...inHand(call)]) }
}

function* rightsIn({ remote, remoteType, local, localType, body }: Message): Iterable<Held> {
  if (remote !== null) yield { port: remote, type: remoteType }
  if (local !== null) yield { port: local, type: localType }
  for (const item of body) {
    if (item.kind !== 'rights') continue
    for (const port of item.rights) if (port !== null) yield { port, type: item.type }
  }
}

const TYPES: readonly (readonly [bit: number, type: number])[] = [
  [mach.MACH_PORT_TYPE_SEND, mach.MACH_MSG_TYPE_PORT_SEND],
  [mach.MACH_PORT_TYPE_RECEIVE, mach.MACH_MSG_TYPE_PORT_RECEIVE],
  [mach.MACH_PORT_TYPE_SEND_ONCE, mach.MACH_MSG_TYPE_PORT_SEND_ONCE],
]

function* rightsOf({ entries }: Space): Iterable<Held> {
  for (const { type, object } of Object.values(entries))
    if (object !== null) for (const [bit, held] of TYPES) if ((type & bit) !== 0) yield { port: object, type: held }
}

/** Send-once rights that ports hold, to notify. */
function* registered({ nsrequest, pdrequest, requests }: Port): Iterable<Held> {
  const type = mach.MACH_MSG_TYPE_PORT_SEND_ONCE
  for (const port of [nsrequest, pdrequest]) if (port !== null) yield { port, type }
  for (const request of requests.slots) if (request !== null) yield { port: request.notify, type }
}

/** Every fact that does not hold, in words; none, when all is well. */
export function broken(state: KernelState): string[] {
  const ports = ofKind<Port>(state, 'mach port')
  const spaces = ofKind<Space>(state, 'mach space')
  const { queued, held } = messages(state)
  const rights = [
    ...spaces.flatMap((space) => [...rightsOf(space)]),
    ...[...queued, ...held].flatMap((message) => [...rightsIn(message)]),
    ...ports.flatMap((port) => [...registered(port)]),
  ]
  const count = (port: Id, type: number): number =>
    rights.filter((right) => right.port === port && right.type === type).length
  const found: string[] = []
  const must = (holds: boolean, fact: string): void => void (holds || found.push(fact))
  for (const port of ports) {
    const { id, srights, sorights, lost, msgcount, set } = port
    must(count(id, mach.MACH_MSG_TYPE_PORT_RECEIVE) === 1, `${id}: one receive right`)
    must(count(id, mach.MACH_MSG_TYPE_PORT_SEND) + lost === srights, `${id}: ${srights} send rights`)
    must(count(id, mach.MACH_MSG_TYPE_PORT_SEND_ONCE) === sorights, `${id}: ${sorights} send-once rights`)
    const handed = held.filter((message) => message.remote === id && isHanded(state, message)).length
    const waiting = queued.filter((message) => message.remote === id).length
    must(msgcount === waiting + handed, `${id}: ${msgcount} messages, ${waiting} queued and ${handed} handed over`)
    must(
      port.messages.every(({ remote }) => remote === id),
      `${id}: its messages are its own`,
    )
    must(set === null || port.messages.length === 0, `${id}: in a set it has no queue of its own`)
    must(set === null || (state.objects[set] as PortSet | undefined)?.members[id] === true, `${id}: its set knows it`)
    must(port.receiver === null || isAt(state, port), `${id}: its receiver has it`)
    must(port.messages.length === 0 || state.queues[`${id}/receivers`] === undefined, `${id}: nobody waits in vain`)
  }
  for (const { id, members, messages, space, name } of ofKind<PortSet>(state, 'mach port set')) {
    const member = (port: Id): boolean => (state.objects[port] as Port | undefined)?.set === id
    must(Object.keys(members).every(member), `${id}: its members know it`)
    must(
      messages.every(({ remote }) => remote !== null && members[remote] === true),
      `${id}: messages of its members`,
    )
    must((state.objects[space] as Space | undefined)?.entries[name]?.object === id, `${id}: has a name`)
    must(messages.length === 0 || state.queues[`${id}/receivers`] === undefined, `${id}: nobody waits in vain`)
  }
  must(new Set([...queued, ...held]).size === queued.length + held.length, 'each message is in one place')
  for (const space of spaces) checkNames(state, space, must)
  return found
}

/** Whether it was handed to a receiver, and is not one that its sender has yet. */
const isHanded = (state: KernelState, message: Message): boolean =>
  Object.values(state.threads).some(
    ({ call }) => call !== null && (call.wake as unknown as { message?: Message } | null)?.message === message,
  )

function isAt(state: KernelState, { id, receiver, receiverName }: Port): boolean {
  const entry = (state.objects[receiver ?? ''] as Space | undefined)?.entries[receiverName]
  return entry?.object === id && (entry.type & mach.MACH_PORT_TYPE_RECEIVE) !== 0
}

function checkNames(state: KernelState, space: Space, must: (holds: boolean, fact: string) => void): void {
  const { id, entries, names, next } = space
  must(entries[next] === undefined, `${id}: the next name is free`)
  for (const [key, { type, refs, object, request }] of Object.entries(entries)) {
    const name = Number(key)
    const where = `${id} ${name}`
    const counted = (type & (mach.MACH_PORT_TYPE_SEND | mach.MACH_PORT_TYPE_DEAD_NAME)) !== 0
    const once = type === mach.MACH_PORT_TYPE_SEND_ONCE
    must(counted ? refs > 0 && refs <= 65535 : refs === (once ? 1 : 0), `${where}: ${refs} references`)
    if (object === null) {
      must(type === mach.MACH_PORT_TYPE_DEAD_NAME && request === 0, `${where}: dead`)
      continue
    }
    const port = state.objects[object] as Port | undefined
    if (port === undefined || port.kind !== 'mach port') continue
    if (!once) must(names[object] === name, `${where}: is the name for ${object}`)
    const pending = request === 0 ? null : port.requests.slots[request]
    must(request === 0 || pending?.name === name, `${where}: its request is registered`)
  }
  for (const [port, name] of Object.entries(names))
    must(entries[name]?.object === port, `${id}: ${name} is what ${port} is called`)
}
