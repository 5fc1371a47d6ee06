import { scenario } from 'ipclab'
import {
  milliseconds,
  NtAcceptConnectPort,
  NtClose,
  NtConnectPort,
  NtCreatePort,
  NtError,
  NtReplyWaitReceivePort,
  NtReplyWaitReceivePortEx,
  STATUS_TIMEOUT,
} from 'ipclab/lpc'

/**
 * A server accepts a connection, thinks better of it, and closes the new port instead of completing the connection. The
 * client, still in NtConnectPort, is then told nothing: it hangs on the connection port, not on the one that was closed. As
 * long as the server lives and serves others it waits. A server that does not want a client has to refuse it, in
 * NtAcceptConnectPort: `closed-before-complete-mended`.
 */
export default scenario('a connection accepted and never completed', {
  source: 'recorded: test/oracles/lpc, "If this happens between accept and complete the client stays blocked"',
  about: 'Closing the communication port between accept and complete leaves the client blocked for ever.',
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
      const accepted = yield* NtAcceptConnectPort(null, received.message, true)
      yield* NtClose(accepted.port)
      yield* NtReplyWaitReceivePort(port) // and serves whoever else comes
    },
  },
  expect: 'deadlock',
})
