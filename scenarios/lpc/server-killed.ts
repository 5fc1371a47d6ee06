import { scenario } from 'ipclab'
import {
  LPC_CONNECTION_REQUEST,
  LPC_REQUEST,
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
 * The server may be killed at any of its calls, or a client at any of its own. A client that comes too early or too late
 * finds no port of that name, or is refused; one that has connected finds its connection gone, or its reply lost. All of
 * them hear of it, because the death of the server closes its ports, and everybody who waits hangs on one of them. A
 * server that is woken by a request that a dead client takes back finds nothing: STATUS_UNSUCCESSFUL.
 */
export default scenario('a death in the middle of a request', {
  source: 'ReactOS, ntoskrnl/lpc/close.c: LpcExitThread, LpcpClosePort; the recordings of test/oracles/lpc',
  about: 'Under every schedule, with a kill at any call: nobody waits for an answer that can no longer come.',
  params: { clients: { default: 1, min: 1, max: 2, about: 'how many clients there are' } },
  ghost: () => ({ outcomes: [] as string[] }),
  programs: {
    client: {
      copies: ({ clients }) => clients,
      *program({ ghost }) {
        try {
          const { port } = yield* NtConnectPort('\\Echo')
          const { data } = yield* NtRequestWaitReplyPort(port, { data: 'question' })
          ghost.outcomes.push(data)
        } catch (error) {
          if (!(error instanceof NtError)) throw error
          ghost.outcomes.push(error.code)
        }
      },
    },
    *server({ params }) {
      const port = yield* NtCreatePort('\\Echo')
      for (let served = 0; served < params.clients; ) {
        try {
          const received = yield* NtReplyWaitReceivePortEx(port, null, milliseconds(10))
          if (received === STATUS_TIMEOUT) return // nobody comes
          const { message } = received
          if (message.type === LPC_CONNECTION_REQUEST) {
            const accepted = yield* NtAcceptConnectPort(null, message, true)
            yield* NtCompleteConnectPort(accepted.port)
          } else if (message.type === LPC_REQUEST) {
            served += 1
            yield* NtReplyPort(port, replyTo(message, 'answer'))
          }
        } catch (error) {
          if (!(error instanceof NtError)) throw error // the client is dead, and its request withdrawn, perhaps
        }
      }
    },
  },
  faults: { kill: true },
  sometimes: {
    'the answer comes': ({ ghost: { outcomes } }) => outcomes.includes('answer'),
    'the reply is lost': ({ ghost: { outcomes } }) => outcomes.includes('STATUS_LPC_REPLY_LOST'),
  },
  expect: 'proved',
})
