/** Mach 3's port IPC, as GNU Mach has it: ports, rights, port sets, messages and notifications, by their own names. */

export { numbersOf, portsOf } from './body.ts'
export { bootstrap_check_in, bootstrap_create_service, bootstrap_look_up } from './bootstrap.ts'
export * from './constants.ts'
export { MachError, type MachErrorCode, machErrors } from './errors.ts'
export { type MsgOptions, mach_msg, mach_msg_receive, mach_msg_rpc, mach_msg_send } from './mach-msg.ts'
export type { Message } from './message.ts'
export {
  mach_port_allocate,
  mach_port_allocate_name,
  mach_port_deallocate,
  mach_port_destroy,
  mach_port_get_refs,
  mach_port_mod_refs,
  mach_port_names,
  mach_port_rename,
  mach_port_type,
  type NameAndType,
} from './name-calls.ts'
export type { Port } from './port.ts'
export type { PortSet } from './port-set.ts'
export {
  type ExtractedRight,
  mach_port_extract_right,
  mach_port_insert_right,
  mach_port_request_notification,
} from './right-calls.ts'
export type { BodyItem, MachMessage, ReceivedItem, ReceivedMessage } from './sent.ts'
export type { Space } from './space.ts'
export {
  mach_port_get_receive_status,
  mach_port_get_set_status,
  mach_port_move_member,
  mach_port_set_mscount,
  mach_port_set_qlimit,
  mach_port_set_seqno,
  type PortStatus,
} from './status-calls.ts'
export { mach_task_self, task_terminate, thread_abort, vm_allocate, vm_deallocate } from './task.ts'
