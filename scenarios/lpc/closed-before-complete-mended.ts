import { scenario } from 'ipclab'
import {
  milliseconds,
  NtAcceptConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtError,
  NtReplyWaitReceivePortEx,
  STATUS_TIMEOUT,
} from 'ipclab/lpc'

/** The server of `closed-before-complete` says no when it is asked: the client's call fails, and it goes on. */
export default scenario('a connection refused', {
  source: 'ReactOS, ntoskrnl/lpc/complete.c',
  about: 'Refused in NtAcceptConnectPort, the client is told so.',
  programs: {
    *client() {
      try {
        yield* NtConnectPort('\\Echo', { info: 'somebody' })
      } catch (error) {
        if (!(error instanceof NtError)) throw error
      }
    },
    *server() {
      const port = yield* NtCreatePort('\\Echo')
      const received = yield* NtReplyWaitReceivePortEx(port, null, milliseconds(10))
      if (received === STATUS_TIMEOUT) return // nobody comes
      yield* NtAcceptConnectPort(null, received.message, false)
    },
  },
  expect: 'proved',
})
