import { int32, map_anonymous, scenario } from 'ipclab'
import {
  LPC_CONNECTION_REQUEST,
  NtAcceptConnectPort,
  NtCompleteConnectPort,
  NtConnectPort,
  NtCreatePort,
  NtCreateSection,
  NtReplyPort,
  NtReplyWaitReceivePort,
  NtRequestWaitReplyPort,
  replyTo,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A message by LPC has at most 328 bytes here, and is copied twice. What is larger goes through a section: the client makes
 * one and gives a view of it to the connection, and the server sees the same pages, at another address. The request then
 * says only where to look. That the request is sent after the stores and received before the loads is what orders them.
 */
export default scenario('a large message by a section', {
  source: 'H. Custer: Inside Windows NT, chapter 5: three ways to pass a message',
  about: 'The client fills a shared section and sends a word; the server sums what it finds there.',
  params: { words: { default: 3, min: 1, max: 64, about: 'how many numbers are passed' } },
  ghost: () => ({ sum: 0 }),
  *setup() {
    // It stands for an event: the port has its name.
    const ready = yield* map_anonymous(32, { name: 'ready' })
    yield* sem_init(ready, 1, 0)
    return { ready }
  },
  programs: {
    *client({ params, shared: { ready }, ghost }) {
      yield* sem_wait(ready)
      const section = yield* NtCreateSection(4096)
      const { port, clientView } = yield* NtConnectPort('\\Sum', { clientView: { section } })
      const numbers = int32(clientView?.base ?? 0)
      for (let i = 0; i < params.words; i++) yield* numbers.store(i, i + 1)
      const { data } = yield* NtRequestWaitReplyPort(port, { data: String(params.words) })
      ghost.sum = Number(data)
    },
    *server({ shared: { ready } }) {
      const port = yield* NtCreatePort('\\Sum')
      yield* sem_post(ready)
      let numbers = int32(0)
      for (;;) {
        const { message } = yield* NtReplyWaitReceivePort(port)
        if (message.type === LPC_CONNECTION_REQUEST) {
          const accepted = yield* NtAcceptConnectPort(null, message, true, { clientView: true })
          numbers = int32(accepted.clientView?.base ?? 0)
          yield* NtCompleteConnectPort(accepted.port)
        } else {
          let sum = 0
          for (let i = 0; i < Number(message.data); i++) sum += yield* numbers.load(i)
          yield* NtReplyPort(port, replyTo(message, String(sum)))
          return
        }
      }
    },
  },
  atEnd: {
    'the sum is right': ({ params: { words }, ghost: { sum } }) => sum === (words * (words + 1)) / 2,
  },
  races: 'fail',
  expect: 'proved',
})
