import { exit, map_anonymous, scenario, thread_create } from 'ipclab'
import {
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtListenPort,
  NtReplyPort,
  NtReplyWaitReceivePort,
  NtRequestWaitReplyPort,
  replyTo,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * One thread of a server waits for connections in NtListenPort, another answers requests. Both take from one queue, and
 * NtListenPort is after connection requests: whatever else it takes it forgets. If it is the one to be woken when a request
 * comes, the request is gone, and the client waits for a reply for ever.
 *
 * `listen-twice-mended` has one thread take everything, with NtReplyWaitReceivePort.
 */
export default scenario('NtListenPort loses requests', {
  source: 'recorded: test/oracles/lpc, NtListenPort: everything else received in the loop is silently discarded',
  about: 'Two threads of a server at one port: the one that listens throws away what the other waits for.',
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
        const request = yield* NtListenPort(port)
        const { port: connected } = yield* NtAcceptConnectPort(null, request, true)
        yield* thread_create(function* answering() {
          const { message } = yield* NtReplyWaitReceivePort(port)
          yield* NtReplyPort(port, replyTo(message, 'answer'))
          yield* exit(0) // one client is enough, here
        })
        yield* NtCompleteConnectPort(connected)
      }
    },
  },
  expect: 'deadlock',
})
