import { map_anonymous, scenario } from 'ipclab'
import {
  callbackTo,
  LPC_CONNECTION_REQUEST,
  LPC_REQUEST,
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtReplyPort,
  NtReplyWaitReceivePort,
  NtReplyWaitReplyPort,
  NtRequestWaitReplyPort,
  replyTo,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A server asks back before it answers: the client's request call returns with a request (type LPC_REQUEST, a callback id)
 * in the place of a reply. The client answers that with NtReplyWaitReplyPort, which goes on waiting for the reply to its own
 * request. Each of the two waits for the other at every moment but one, and still nobody waits for ever.
 */
export default scenario('a server calls back', {
  source: 'ReactOS, ntoskrnl/lpc/send.c and reply.c: LPC_REQUEST from the server to a waiting client',
  about: 'In the midst of a request the server asks its client for more, and answers then.',
  ghost: () => ({ served: '' }),
  *setup() {
    // It stands for an event: the port has its name.
    const ready = yield* map_anonymous(32, { name: 'ready' })
    yield* sem_init(ready, 1, 0)
    return { ready }
  },
  programs: {
    *client({ shared: { ready }, ghost }) {
      yield* sem_wait(ready)
      const { port } = yield* NtConnectPort('\\Bar')
      let came = yield* NtRequestWaitReplyPort(port, { data: 'a drink' })
      while (came.type === LPC_REQUEST) came = yield* NtReplyWaitReplyPort(port, replyTo(came, 'with ice'))
      ghost.served = came.data
    },
    *server({ shared: { ready } }) {
      const port = yield* NtCreatePort('\\Bar')
      yield* sem_post(ready)
      let connected = 0
      for (;;) {
        const { message } = yield* NtReplyWaitReceivePort(port)
        if (message.type === LPC_CONNECTION_REQUEST) {
          connected = (yield* NtAcceptConnectPort(null, message, true)).port
          yield* NtCompleteConnectPort(connected)
        } else {
          const { data } = yield* NtRequestWaitReplyPort(connected, callbackTo(message, 'with ice?'))
          yield* NtReplyPort(connected, replyTo(message, `${message.data} ${data}`))
          return
        }
      }
    },
  },
  atEnd: {
    'the client gets what it wants': ({ ghost: { served } }) => served === 'a drink with ice',
  },
  expect: 'proved',
})
