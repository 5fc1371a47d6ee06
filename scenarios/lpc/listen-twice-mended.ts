import { map_anonymous, scenario } from 'ipclab'
import {
  LPC_CONNECTION_REQUEST,
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtReplyPort,
  NtReplyWaitReceivePort,
  NtRequestWaitReplyPort,
  replyTo,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/** The server of `listen-twice` with one thread that takes all there is, and looks what it is. */
export default scenario('one loop for connections and requests', {
  source: 'H. Custer: Inside Windows NT, chapter 5',
  about: 'One thread takes connection requests and requests alike; nothing is thrown away.',
  *setup() {
    // It stands for an event: the port has its name.
    const ready = yield* map_anonymous(32, { name: 'ready' })
    yield* sem_init(ready, 1, 0)
    return { ready }
  },
  programs: {
    *client({ shared: { ready } }) {
      yield* sem_wait(ready)
      const { port } = yield* NtConnectPort('\\Echo')
      yield* NtRequestWaitReplyPort(port, { data: 'question' })
    },
    *server({ shared: { ready } }) {
      const port = yield* NtCreatePort('\\Echo')
      yield* sem_post(ready)
      for (;;) {
        const { message } = yield* NtReplyWaitReceivePort(port)
        if (message.type === LPC_CONNECTION_REQUEST) {
          const { port: connected } = yield* NtAcceptConnectPort(null, message, true)
          yield* NtCompleteConnectPort(connected)
        } else {
          yield* NtReplyPort(port, replyTo(message, 'answer'))
          return // one client is enough, here
        }
      }
    },
  },
  expect: 'proved',
})
