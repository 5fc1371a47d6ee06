import { CallError, cheaply, type Data } from '../../kernel/index.ts'

/**
 * Windows NT's status codes, as far as LPC returns them. Those that begin with C are errors, and thrown; the others are
 * of the success class, and returned.
 */
export const ntStatus = {
  STATUS_SUCCESS: 0,
  STATUS_USER_APC: 0xc0,
  STATUS_TIMEOUT: 0x102,
  STATUS_UNSUCCESSFUL: 0xc0000001,
  STATUS_INVALID_INFO_CLASS: 0xc0000003,
  STATUS_ACCESS_VIOLATION: 0xc0000005,
  STATUS_INVALID_HANDLE: 0xc0000008,
  STATUS_INVALID_CID: 0xc000000b,
  STATUS_INVALID_PARAMETER: 0xc000000d,
  STATUS_NO_MEMORY: 0xc0000017,
  STATUS_INVALID_VIEW_SIZE: 0xc000001f,
  STATUS_ACCESS_DENIED: 0xc0000022,
  STATUS_OBJECT_TYPE_MISMATCH: 0xc0000024,
  STATUS_PORT_MESSAGE_TOO_LONG: 0xc000002f,
  STATUS_OBJECT_NAME_INVALID: 0xc0000033,
  STATUS_OBJECT_NAME_NOT_FOUND: 0xc0000034,
  STATUS_OBJECT_NAME_COLLISION: 0xc0000035,
  STATUS_PORT_DISCONNECTED: 0xc0000037,
  STATUS_OBJECT_PATH_NOT_FOUND: 0xc000003a,
  STATUS_OBJECT_PATH_SYNTAX_BAD: 0xc000003b,
  STATUS_PORT_CONNECTION_REFUSED: 0xc0000041,
  STATUS_INVALID_PORT_HANDLE: 0xc0000042,
  STATUS_THREAD_IS_TERMINATING: 0xc000004b,
  STATUS_NO_TOKEN: 0xc000007c,
  STATUS_INVALID_PARAMETER_3: 0xc00000f1,
  STATUS_INVALID_PARAMETER_4: 0xc00000f2,
  STATUS_PROCESS_IS_TERMINATING: 0xc000010a,
  STATUS_MAPPED_ALIGNMENT: 0xc0000220,
  STATUS_REPLY_MESSAGE_MISMATCH: 0xc000021f,
  STATUS_LPC_REPLY_LOST: 0xc0000253,
  STATUS_SERVER_SID_MISMATCH: 0xc00002a0,
} as const

export type NtStatus = keyof typeof ntStatus

/** Returned, as it is no error: the time was up. */
export const STATUS_TIMEOUT = 'STATUS_TIMEOUT'
export const STATUS_SUCCESS = 'STATUS_SUCCESS'

/** An error of an LPC call: `code` is the status's name, `status` its number. */
export class NtError extends CallError {
  declare readonly code: NtStatus
  readonly status: number

  constructor(code: string, call: string, detail: Data) {
    super(code, call, detail)
    this.status = ntStatus[this.code]
  }
}
NtError.prototype.name = 'NtError'

export const ntError = (code: string, call: string, detail: Data): NtError =>
  cheaply(() => new NtError(code, call, detail))
