import { scenario } from 'ipclab'
import { ANY, receive, send } from 'ipclab/message'

/**
 * Direct, asymmetric communication: the sender names the receiver, but the receiver takes a message from whoever has
 * sent one, and is told who that was. That is how a server works, which cannot know who will ask next; the sender's name
 * is where the answer goes.
 */
export default scenario('direct communication, asymmetric', {
  source: "the textbook's page on IPC, 'Message Passing' (direct communication)",
  about:
    'A server receives from any client and answers the one that asked. Each client gets its own answer, in whatever order they come.',
  params: {
    clients: { default: 2, min: 1, max: 4, about: 'how many processes ask' },
    questions: { default: 1, min: 1, max: 5, about: 'how many questions each of them asks' },
  },
  ghost: () => ({ served: [] as string[], wrong: [] as string[] }),
  programs: {
    client: {
      copies: ({ clients }) => clients,
      *program({ params, ghost, index }) {
        for (let question = 1; question <= params.questions; question++) {
          yield* send('server', 10 * index + question)
          const answer = yield* receive<number>('server')
          if (answer !== (10 * index + question) ** 2) ghost.wrong.push(`client${index} got ${answer}`)
        }
      },
    },
    *server({ params, ghost }) {
      for (let n = 0; n < params.clients * params.questions; n++) {
        const { from, message } = yield* receive<number>(ANY)
        ghost.served.push(from)
        yield* send(from, message ** 2)
      }
    },
  },
  invariants: {
    'each client gets the answer to its own question': ({ ghost }) => ghost.wrong.length === 0 || ghost.wrong.join(),
  },
  atEnd: {
    'every question is answered': ({ params, ghost }) => ghost.served.length === params.clients * params.questions,
  },
  sometimes: {
    'the first client is served first': ({ ghost }) => ghost.served[0] === 'client1',
    'the last client is served first': ({ params, ghost }) => ghost.served[0] === `client${params.clients}`,
  },
  expect: 'proved',
})
