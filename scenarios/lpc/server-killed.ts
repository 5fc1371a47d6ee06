import { scenario } from 'ipclab'
import {
  LPC_CONNECTION_REQUEST,
  milliseconds,
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtError,
  NtReplyPort,
  NtReplyWaitReceivePortEx,
  NtRequestWaitReplyPort,
  replyTo,
  STATUS_TIMEOUT,
} from 'ipclab/lpc'

/**
 * The server may be killed at any of its calls. A client that comes too early or too late finds no port of that name, or is
 * refused; one that has connected finds its connection gone, or its reply lost. All of them hear of it, because the death of
 * the server closes its ports, and everybody who waits hangs on one of them.
 */
export default scenario('a server killed in the middle of a request', {
  source: 'ReactOS, ntoskrnl/lpc/close.c: LpcExitThread, LpcpClosePort; the recordings of test/oracles/lpc',
  about: 'Under every schedule, with a kill at any call: nobody waits for an answer that can no longer come.',
  ghost: () => ({ outcome: '' }),
  programs: {
    *client({ ghost }) {
      try {
        const { port } = yield* NtConnectPort('\\Echo')
        const { data } = yield* NtRequestWaitReplyPort(port, { data: 'question' })
        ghost.outcome = data
      } catch (error) {
        if (!(error instanceof NtError)) throw error
        ghost.outcome = error.code
      }
    },
    *server() {
      const port = yield* NtCreatePort('\\Echo')
      for (;;) {
        const received = yield* NtReplyWaitReceivePortEx(port, null, milliseconds(10))
        if (received === STATUS_TIMEOUT) return // nobody comes
        const { message } = received
        if (message.type === LPC_CONNECTION_REQUEST) {
          const accepted = yield* NtAcceptConnectPort(null, message, true)
          yield* NtCompleteConnectPort(accepted.port)
        } else {
          yield* NtReplyPort(port, replyTo(message, 'answer'))
          return
        }
      }
    },
  },
  faults: { kill: ['server'] },
  sometimes: {
    'the answer comes': ({ ghost: { outcome } }) => outcome === 'answer',
    'the reply is lost': ({ ghost: { outcome } }) => outcome === 'STATUS_LPC_REPLY_LOST',
  },
  expect: 'proved',
})
