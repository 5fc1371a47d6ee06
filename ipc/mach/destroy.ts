import { destroy, dropPages, type Id, type Kernel, reads, writes } from '../../kernel/index.ts'
import { MACH_MSG_TYPE_PORT_RECEIVE, MACH_MSG_TYPE_PORT_SEND } from './constants.ts'
import { type Carried, type Item, isRight, type Message } from './message.ts'
import { notifyDeadName, notifyNoSenders, notifyPortDestroyed, notifySendOnce } from './notify.ts'
import { closesCircle, isAlive, PLACE, type Port, type PortRef, QUEUE, REQUESTS, RIGHTS } from './port.ts'
import { leave } from './port-set.ts'
import { letSendersGo, tellReceivers } from './queue.ts'

/** The end of rights, messages and ports, each of which may be the end of others. */

/** One send right less; whom to tell, should that have been the last one. */
export function dropSend(kernel: Kernel, port: PortRef): { notify: Id; mscount: number } | null {
  const rights = writes(kernel, port, RIGHTS)
  rights.srights -= 1
  const { nsrequest: notify, mscount } = rights
  if (rights.srights > 0 || notify === null) return null
  rights.nsrequest = null
  return { notify, mscount }
}

/** One send right less, and whoever asked to know of the last one is told. */
export function releaseSend(kernel: Kernel, port: PortRef): void {
  if (!isAlive(kernel, port)) return
  const told = dropSend(kernel, port)
  if (told !== null) notifyNoSenders(kernel, told.notify, told.mscount)
}

/** A right that nobody has a name for goes: a send-once right not without a word, and with a receive right the port. */
export function destroyRight(kernel: Kernel, carried: Carried, type: number): void {
  if (!isRight(carried)) return
  if (type === MACH_MSG_TYPE_PORT_SEND) releaseSend(kernel, carried)
  else if (type === MACH_MSG_TYPE_PORT_RECEIVE) destroyPort(kernel, carried)
  else notifySendOnce(kernel, carried)
}

/** Messages about to be destroyed in the call under way. It ends with none: this is no state. */
const doomed: Message[] = []

/**
 * Destroys a message with all that is in it. What that destroys in turn comes after it, one after the other, however
 * deep ports and messages lie in each other.
 */
export function destroyMessage(kernel: Kernel, message: Message): void {
  doomed.push(message)
  if (doomed.length > 1) return
  try {
    for (let at = 0; at < doomed.length; at++) cleanMessage(kernel, doomed[at] as Message) // it has so many
  } finally {
    doomed.length = 0
  }
}

function cleanMessage(kernel: Kernel, { remote, remoteType, local, localType, body }: Message): void {
  destroyRight(kernel, remote, remoteType)
  destroyRight(kernel, local, localType)
  destroyBody(kernel, body)
}

export function destroyBody(kernel: Kernel, body: readonly Item[]): void {
  for (const item of body) {
    if (item.kind === 'rights') for (const right of item.rights) destroyRight(kernel, right, item.type)
    if (item.kind === 'memory') dropPages(kernel, item.pages)
  }
}

/** The receive right leaves the task that has it: who waits there is told, and counting begins anew. */
export function clearReceiver(kernel: Kernel, port: PortRef): void {
  const place = writes(kernel, port, PLACE)
  if (place.set !== null) leave(kernel, port, place.set)
  else tellReceivers(kernel, port, 'MACH_RCV_PORT_DIED')
  place.receiver = null
  place.receiverName = 0
  place.destination = null
  place.moves += 1
  writes(kernel, port, RIGHTS).mscount = 0
  writes(kernel, port, QUEUE).seqno = 0
}

/** The port dies, as its receive right is destroyed; unless somebody asked to be sent that instead. */
export function destroyPort(kernel: Kernel, port: PortRef): void {
  const { pdrequest } = reads(kernel, port, REQUESTS)
  if (pdrequest !== null) {
    writes(kernel, port, REQUESTS).pdrequest = null
    writes(kernel, port, PLACE).destination = null
    if (!closesCircle(kernel, port, pdrequest)) return notifyPortDestroyed(kernel, pdrequest, port)
    writes<Port>(kernel, pdrequest, RIGHTS).sorights -= 1
  }
  letSendersGo(kernel, port)
  const { nsrequest } = reads(kernel, port, RIGHTS)
  const { messages } = reads(kernel, port, QUEUE)
  const { requests } = reads(kernel, port, REQUESTS)
  destroy(kernel, port)
  kernel.traffic?.drops(port)
  if (nsrequest !== null) notifySendOnce(kernel, nsrequest)
  for (const message of messages) {
    message.remote = null
    destroyMessage(kernel, message)
  }
  for (const request of requests.slots) if (request !== null) notifyDeadName(kernel, request.notify, request.name)
}
