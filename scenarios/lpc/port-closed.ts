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

/**
 * A server closes its connection port while it goes on with other things. What was queued there is dropped, and its name is
 * free; but clients that wait for replies hang on their communication ports, which nobody has closed. The server's thread
 * goes to wait for something else, here a task that never comes, and the client waits with it. Only closing the
 * communication port, or the server's death, sets the client free: `port-closed-mended`.
 */
export default scenario('the connection port is closed under a waiting client', {
  source: 'recorded: test/oracles/lpc, "Clients with a request outstanding stay blocked"',
  about: 'Closing the port that clients connect to tells those that are connected nothing.',
  *setup() {
    const event = yield* map_anonymous(64, { name: 'events' })
    yield* sem_init(event, 1, 0)
    yield* sem_init(event + 32, 1, 0)
    return { ready: event, task: event + 32 }
  },
  programs: {
    *client({ shared: { ready } }) {
      yield* sem_wait(ready)
      const { port } = yield* NtConnectPort('\\Echo')
      try {
        yield* NtRequestWaitReplyPort(port, { data: 'question' })
      } catch {
        // It is gone: that is an answer, too.
      }
    },
    *server({ shared: { ready, task } }) {
      const port = yield* NtCreatePort('\\Echo')
      yield* sem_post(ready)
      const request = yield* NtListenPort(port)
      const { port: connected } = yield* NtAcceptConnectPort(null, request, true)
      yield* NtCompleteConnectPort(connected)
      yield* NtClose(port)
      yield* sem_wait(task)
    },
  },
  expect: 'deadlock',
})
