/**
 * Local procedure calls of Windows NT to XP: ports in a name space, connections, requests and replies, callbacks, data
 * info, and sections that both sides see; by their native calls and NTSTATUS codes.
 */
export { type Accepted, type AcceptOptions, NtAcceptConnectPort, NtCompleteConnectPort } from './accept.ts'
export {
  type ClientView,
  type Connection,
  type ConnectOptions,
  NtConnectPort,
  NtSecureConnectPort,
  type ServerView,
} from './connect.ts'
export { NtCreatePort, NtCreateWaitablePort, OBJ_CASE_INSENSITIVE, type ObjectAttributes } from './create.ts'
export { NtReadRequestData, NtWriteRequestData } from './data-info.ts'
export { DuplicateHandle, type Handle, NtClose } from './handles.ts'
export { NtImpersonateClientOfPort, NtOpenThreadToken, RevertToSelf } from './impersonate.ts'
export {
  type ClientId,
  callbackTo,
  type DataInfoEntry,
  dataInfoBlock,
  dataInfoOf,
  LPC_CLIENT_DIED,
  LPC_CONNECTION_REQUEST,
  LPC_DATAGRAM,
  LPC_DEBUG_EVENT,
  LPC_ERROR_EVENT,
  LPC_EXCEPTION,
  LPC_KERNELMODE_MESSAGE,
  LPC_LOST_REPLY,
  LPC_NEW_MESSAGE,
  LPC_PORT_CLOSED,
  LPC_REPLY,
  LPC_REQUEST,
  MAX_CONNECT_INFO,
  MAX_MESSAGE_LENGTH,
  type Outgoing,
  type OutgoingMessage,
  PORT_HEADER,
  type PortContext,
  type PortMessage,
  replyTo,
} from './message.ts'
export { NtCreateDirectoryObject } from './names.ts'
export { NtQueryInformationPort } from './query.ts'
export { NtListenPort, NtReplyWaitReceivePort, NtReplyWaitReceivePortEx, type Received } from './receive.ts'
export { NtReplyPort, NtReplyWaitReplyPort } from './reply.ts'
export { NtRequestPort, NtRequestWaitReplyPort } from './request.ts'
export { NtCreateSection, type PortView, type RemotePortView } from './section.ts'
export { NtError, type NtStatus, ntStatus, STATUS_SUCCESS, STATUS_TIMEOUT } from './status.ts'
export { NtRegisterThreadTerminatePort, NtTerminateProcess } from './terminate.ts'
export { milliseconds } from './timeout.ts'
export {
  type Qos,
  SecurityAnonymous,
  SecurityDelegation,
  SecurityIdentification,
  SecurityImpersonation,
  type Token,
} from './token.ts'
export { NtAllocateVirtualMemory, NtReadVirtualMemory, NtWriteVirtualMemory } from './virtual-memory.ts'
export { NtWaitForSingleObject } from './wait.ts'
