/** Mach's own names for numbers: mach/port.h, mach/message.h and mach/notify.h of Mach 3. */

export const MACH_PORT_NULL = 0
export const MACH_PORT_DEAD = 0xffff_ffff

export const MACH_PORT_RIGHT_SEND = 0
export const MACH_PORT_RIGHT_RECEIVE = 1
export const MACH_PORT_RIGHT_SEND_ONCE = 2
export const MACH_PORT_RIGHT_PORT_SET = 3
export const MACH_PORT_RIGHT_DEAD_NAME = 4
/** One more than the last of them. */
export const MACH_PORT_RIGHT_NUMBER = 5

/** What a name denotes, as a set of bits: `MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE`. */
export const MACH_PORT_TYPE_SEND = 0x1_0000
export const MACH_PORT_TYPE_RECEIVE = 0x2_0000
export const MACH_PORT_TYPE_SEND_ONCE = 0x4_0000
export const MACH_PORT_TYPE_PORT_SET = 0x8_0000
export const MACH_PORT_TYPE_DEAD_NAME = 0x10_0000
/** A dead-name notification has been requested for it. */
export const MACH_PORT_TYPE_DNREQUEST = 0x8000_0000

/** What becomes of a right that a message carries: how it is taken, on the sender's side. */
export const MACH_MSG_TYPE_MOVE_RECEIVE = 16
export const MACH_MSG_TYPE_MOVE_SEND = 17
export const MACH_MSG_TYPE_MOVE_SEND_ONCE = 18
export const MACH_MSG_TYPE_COPY_SEND = 19
export const MACH_MSG_TYPE_MAKE_SEND = 20
export const MACH_MSG_TYPE_MAKE_SEND_ONCE = 21
/** And what it is, on the receiver's. */
export const MACH_MSG_TYPE_PORT_NAME = 15
export const MACH_MSG_TYPE_PORT_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE
export const MACH_MSG_TYPE_PORT_SEND = MACH_MSG_TYPE_MOVE_SEND
export const MACH_MSG_TYPE_PORT_SEND_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE

export const MACH_MSGH_BITS_COMPLEX = 0x8000_0000

/** The dispositions of a header's two rights, as one number. */
export const MACH_MSGH_BITS = (remote: number, local: number): number => (remote & 0xff) | ((local & 0xff) << 8)
export const MACH_MSGH_BITS_REMOTE = (bits: number): number => bits & 0xff
export const MACH_MSGH_BITS_LOCAL = (bits: number): number => (bits >>> 8) & 0xff

export const MACH_MSG_OPTION_NONE = 0
export const MACH_SEND_MSG = 0x1
export const MACH_RCV_MSG = 0x2
/** A message that is too large stays in the queue, and the receiver is told its size. */
export const MACH_RCV_LARGE = 0x4
export const MACH_SEND_TIMEOUT = 0x10
export const MACH_RCV_TIMEOUT = 0x100

export const MACH_NOTIFY_PORT_DELETED = 65
export const MACH_NOTIFY_PORT_DESTROYED = 69
export const MACH_NOTIFY_NO_SENDERS = 70
export const MACH_NOTIFY_SEND_ONCE = 71
export const MACH_NOTIFY_DEAD_NAME = 72

export const MACH_PORT_QLIMIT_DEFAULT = 5
export const MACH_PORT_QLIMIT_MAX = 16
/** The most references that a name can have: so many for a dead name, one less for a send right. */
export const MACH_PORT_UREFS_MAX = 65535
