import { type Args, type Call, call, defineCall, done, fail } from '../../kernel/index.ts'
import { type Handle, handleGiven, isStatus } from './handles.ts'
import { portAt } from './port.ts'
import { ntError } from './status.ts'

interface QueryArgs extends Args {
  readonly port: Handle
}

const queryDef = defineCall<QueryArgs, void>({
  name: 'NtQueryInformationPort',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { port }) {
        if (port === 0) return fail(kernel, 'STATUS_INVALID_INFO_CLASS')
        const ref = portAt(kernel, thread, port)
        return isStatus(ref) ? fail(kernel, ref) : done(kernel)
      },
    },
  ],
})

/** Tells nothing but whether the handle is a port's. @throws NtError STATUS_INVALID_INFO_CLASS (no handle), STATUS_INVALID_HANDLE, _OBJECT_TYPE_MISMATCH */
export const NtQueryInformationPort = (PortHandle: Handle): Call<void> =>
  call(queryDef, { port: handleGiven(PortHandle) })
