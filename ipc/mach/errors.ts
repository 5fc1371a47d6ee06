import { CallError, cheaply, type Data } from '../../kernel/index.ts'

/** The return codes of Mach's calls, in the words of its headers. */
export const machErrors = {
  KERN_INVALID_ADDRESS: 'no memory is mapped there, or not all of it',
  KERN_INVALID_ARGUMENT: 'the name is dead, and no immediate notification was asked for',
  KERN_NO_SPACE: 'there is no room for it',
  KERN_INVALID_NAME: 'the name denotes no right',
  KERN_INVALID_RIGHT: 'the name denotes a right, but not of the kind that is needed',
  KERN_INVALID_VALUE: 'the value is out of range',
  KERN_INVALID_CAPABILITY: 'the right that was passed is null or dead',
  KERN_NAME_EXISTS: 'the name is in use already',
  KERN_RIGHT_EXISTS: 'the task has rights for the port already, under another name',
  KERN_UREFS_OVERFLOW: 'the name would have too many references',
  KERN_NOT_IN_SET: 'the port is in no set',
  MIG_BAD_ARGUMENTS: 'the right that was passed is of the wrong kind',
  BOOTSTRAP_NAME_IN_USE: 'there is a service of that name',
  BOOTSTRAP_UNKNOWN_SERVICE: 'there is no service of that name, or it is dead',
  BOOTSTRAP_SERVICE_ACTIVE: 'somebody has checked in for the service already',
  MACH_SEND_INVALID_DATA: 'the message is shorter than said',
  MACH_SEND_MSG_TOO_SMALL: 'the size leaves no room for what the message holds',
  MACH_SEND_INVALID_DEST: 'the destination is no right that can be sent to',
  MACH_SEND_INVALID_REPLY: 'the reply right is not one of the kind named',
  MACH_SEND_INVALID_RIGHT: 'a right in the body is not one of the kind named',
  MACH_SEND_INVALID_MEMORY: 'out-of-line memory cannot be read',
  MACH_SEND_INVALID_HEADER: 'a disposition in the header is none',
  MACH_SEND_TIMED_OUT: 'the queue was full for too long; the message is handed back',
  MACH_SEND_INTERRUPTED: 'the wait was aborted; the message is handed back',
  MACH_RCV_INVALID_NAME: 'the name is no receive right and no port set',
  MACH_RCV_IN_SET: 'the port is in a set: receive from that',
  MACH_RCV_TIMED_OUT: 'no message came in time',
  MACH_RCV_INTERRUPTED: 'the wait was aborted',
  MACH_RCV_TOO_LARGE: 'the message does not fit',
  MACH_RCV_PORT_DIED: 'the port or set was destroyed, or its receive right moved away, while waiting',
  MACH_RCV_PORT_CHANGED: 'the port was put into a set while waiting',
} as const

export type MachErrorCode = keyof typeof machErrors

/**
 * An error of Mach's calls; `code` says which. `detail` is what comes back with it: the header of a message that was too
 * large, its size, the message whose sending was given up.
 */
export class MachError extends CallError {
  declare readonly code: MachErrorCode
}
MachError.prototype.name = 'MachError'

export const error = (code: string, call: string, detail: Data): MachError =>
  cheaply(() => new MachError(code, call, detail))
