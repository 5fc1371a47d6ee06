import { map_anonymous, scenario } from 'ipclab'
import {
  NtAcceptConnectPort,
  NtClose,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtListenPort,
  NtRequestWaitReplyPort,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/** The server of `port-closed` closes the communication port, too: whoever waits there loses his reply, and knows it. */
export default scenario('both ports are closed under a waiting client', {
  source: 'recorded: test/oracles/lpc, "Clients with a request outstanding stay blocked"',
  about: 'Closing the communication port tells the client that waits, or the one that asks later.',
  *setup() {
    const event = yield* map_anonymous(32, { name: 'ready' })
    yield* sem_init(event, 1, 0)
    return { ready: event }
  },
  programs: {
    *client({ shared: { ready } }) {
      yield* sem_wait(ready)
      try {
        const { port } = yield* NtConnectPort('\\Echo')
        yield* NtRequestWaitReplyPort(port, { data: 'question' })
      } catch {
        // It is gone, the port or the whole connection: that is an answer, too.
      }
    },
    *server({ shared: { ready } }) {
      const port = yield* NtCreatePort('\\Echo')
      yield* sem_post(ready)
      const request = yield* NtListenPort(port)
      const { port: connected } = yield* NtAcceptConnectPort(null, request, true)
      yield* NtCompleteConnectPort(connected)
      yield* NtClose(connected)
      yield* NtClose(port)
    },
  },
  expect: 'proved',
})
