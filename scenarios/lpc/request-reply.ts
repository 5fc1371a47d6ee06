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
  type OutgoingMessage,
  replyTo,
} from 'ipclab/lpc'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A client and a server, as every subsystem of Windows NT spoke with its clients. The server makes a connection port and
 * waits at it. A client connects: the server accepts, which makes a private pair of communication ports, and completes,
 * which lets the client go on. Then each request is one call that waits for its reply, and the server's loop is one call,
 * too: it answers the last request and waits for the next, whoever it is from.
 */
export default scenario('client and server by LPC', {
  source:
    'the textbook on Windows XP: message passing via local procedure calls; H. Custer: Inside Windows NT, chapter 5',
  about: 'Clients connect, ask, and are answered; each gets the answer to its own question.',
  params: { clients: { default: 2, min: 1, max: 3, about: 'how many clients there are' } },
  ghost: () => ({ answers: [] as string[] }),
  *setup() {
    // It stands for an event: the port has its name.
    const ready = yield* map_anonymous(32, { name: 'ready' })
    yield* sem_init(ready, 1, 0)
    return { ready }
  },
  programs: {
    client: {
      copies: ({ clients }) => clients,
      *program({ index, shared: { ready }, ghost }) {
        yield* sem_wait(ready)
        const { port } = yield* NtConnectPort('\\Echo')
        const { data } = yield* NtRequestWaitReplyPort(port, { data: `question ${index}` })
        ghost.answers.push(`${index}: ${data}`)
      },
    },
    *server({ params, shared: { ready } }) {
      const port = yield* NtCreatePort('\\Echo')
      for (let i = 0; i < params.clients; i++) yield* sem_post(ready)
      let reply: OutgoingMessage | null = null
      for (let served = 0; served < params.clients; ) {
        const { message } = yield* NtReplyWaitReceivePort(port, reply)
        reply = null
        if (message.type === LPC_CONNECTION_REQUEST) {
          const accepted = yield* NtAcceptConnectPort(null, message, true)
          yield* NtCompleteConnectPort(accepted.port)
        } else if (message.data.startsWith('question')) {
          reply = replyTo(message, message.data.replace('question', 'answer'))
          served += 1
        }
      }
      if (reply !== null) yield* NtReplyPort(port, reply)
    },
  },
  atEnd: {
    'each client got the answer to its own question': ({ params, ghost: { answers } }) =>
      answers.length === params.clients && answers.every((answer) => /^(\d): answer \1$/.test(answer)),
  },
  expect: 'proved',
})
