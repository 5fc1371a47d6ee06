import { type Call, type Kernel, reads, writes } from '../../kernel/index.ts'
import { unsigned } from './args.ts'
import { type Answer, OK, taskCall } from './calls.ts'
import { MACH_PORT_NULL, MACH_PORT_QLIMIT_MAX, MACH_PORT_TYPE_PORT_SET } from './constants.ts'
import { PLACE, type PortRef, QUEUE, REQUESTS, RIGHTS } from './port.ts'
import { join, leave, MEMBERS, type PortSet, type SetRef } from './port-set.ts'
import { setLimit } from './queue.ts'
import { receiveRight } from './right.ts'
import { look, type SpaceRef } from './space.ts'

/** What the holder of a receive right, or a port set, can set and see of it. */

interface NameArgs {
  readonly [name: string]: number
  readonly task: number
  readonly name: number
}

function setNamed(kernel: Kernel, space: SpaceRef, name: number): Answer<SetRef> {
  const entry = look(kernel, space, name)
  if (entry === null) return { failed: 'KERN_INVALID_NAME' }
  if (entry.type !== MACH_PORT_TYPE_PORT_SET) return { failed: 'KERN_INVALID_RIGHT' }
  return { value: entry.object as SetRef } // a port set's
}

const moveMemberCall = taskCall<{ task: number; member: number; after: number }, void>(
  'mach_port_move_member',
  (kernel, space, { member, after }) => {
    const port = receiveRight(kernel, space, member)
    if (typeof port !== 'string') return port
    const before: SetRef | null = reads(kernel, port, PLACE).set
    if (after === MACH_PORT_NULL) {
      if (before === null) return { failed: 'KERN_NOT_IN_SET' }
      leave(kernel, port, before)
      return OK
    }
    const set = setNamed(kernel, space, after)
    if ('failed' in set) return set
    if (set.value === before) return OK
    if (before !== null) leave(kernel, port, before)
    join(kernel, port, set.value)
    return OK
  },
)

/**
 * Puts a port into a set, out of any other that it is in; with MACH_PORT_NULL only out of it.
 * @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT, KERN_NOT_IN_SET
 */
export const mach_port_move_member = (task: number, member: number, after: number): Call<void> =>
  moveMemberCall({ task: unsigned(task), member: unsigned(member), after: unsigned(after) })

const setStatusCall = taskCall<NameArgs, number[]>('mach_port_get_set_status', (kernel, space, { name }) => {
  const set = setNamed(kernel, space, name)
  if ('failed' in set) return set
  const { members } = reads<PortSet>(kernel, set.value, MEMBERS)
  const names = Object.keys(members).map((port) => reads(kernel, port as PortRef, PLACE).receiverName)
  return { value: names.sort((a, b) => a - b) }
})

/** The names of a set's members, in order. @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT */
export const mach_port_get_set_status = (task: number, name: number): Call<number[]> =>
  setStatusCall({ task: unsigned(task), name: unsigned(name) })

/** Defines a call that sets one number of a port. */
function setter(call: string, most: number, set: (kernel: Kernel, port: PortRef, value: number) => void) {
  const made = taskCall<NameArgs, void>(call, (kernel, space, { name, value = 0 }) => {
    if (value > most) return { failed: 'KERN_INVALID_VALUE' }
    const port = receiveRight(kernel, space, name)
    if (typeof port !== 'string') return port
    set(kernel, port, value)
    return OK
  })
  return (task: number, name: number, value: number): Call<void> =>
    made({ task: unsigned(task), name: unsigned(name), value: unsigned(value) })
}

/**
 * Sets how many messages may be queued, 0 to 16; messages to send-once rights don't count. Senders that wait go on.
 * @throws MachError KERN_INVALID_VALUE, KERN_INVALID_NAME, KERN_INVALID_RIGHT
 */
export const mach_port_set_qlimit = setter('mach_port_set_qlimit', MACH_PORT_QLIMIT_MAX, setLimit)

/** Sets the make-send count. @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT */
export const mach_port_set_mscount = setter('mach_port_set_mscount', Infinity, (kernel, port, mscount) => {
  writes(kernel, port, RIGHTS).mscount = mscount
})

/** Sets the number that the next message received gets. @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT */
export const mach_port_set_seqno = setter('mach_port_set_seqno', Infinity, (kernel, port, seqno) => {
  writes(kernel, port, QUEUE).seqno = seqno
})

/** What there is to know about a receive right. */
export interface PortStatus {
  /** The name of the set that it is in, or MACH_PORT_NULL. */
  readonly mps_pset: number
  readonly mps_seqno: number
  readonly mps_mscount: number
  readonly mps_qlimit: number
  readonly mps_msgcount: number
  readonly mps_sorights: number
  /** Whether there are send rights, be they in tasks or in messages. */
  readonly mps_srights: boolean
  readonly mps_pdrequest: boolean
  readonly mps_nsrequest: boolean
}

const statusCall = taskCall<NameArgs, PortStatus>('mach_port_get_receive_status', (kernel, space, { name }) => {
  const port = receiveRight(kernel, space, name)
  if (typeof port !== 'string') return port
  const { set } = reads(kernel, port, PLACE)
  const { seqno, qlimit, msgcount } = reads(kernel, port, QUEUE)
  const { mscount, sorights, srights, nsrequest } = reads(kernel, port, RIGHTS)
  const value = {
    mps_pset: set === null ? MACH_PORT_NULL : reads<PortSet>(kernel, set, MEMBERS).name,
    mps_seqno: seqno,
    mps_mscount: mscount,
    mps_qlimit: qlimit,
    mps_msgcount: msgcount,
    mps_sorights: sorights,
    mps_srights: srights > 0,
    mps_pdrequest: reads(kernel, port, REQUESTS).pdrequest !== null,
    mps_nsrequest: nsrequest !== null,
  }
  return { value }
})

/** @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT */
export const mach_port_get_receive_status = (task: number, name: number): Call<PortStatus> =>
  statusCall({ task: unsigned(task), name: unsigned(name) })
