import { scenario } from 'ipclab'
import { mailbox_count, mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * The two receivers of `mailbox-two-receivers`, mended by mutual exclusion. The mutex is a mailbox, too: it holds one
 * message, a token, and whoever has received the token may look into the other mailbox and receive from it; then it
 * sends the token back. No other can come between the look and the receive.
 */
export default scenario('a mailbox with two receivers, mended', {
  source: "the textbook's page on IPC, 'Mailbox (Port) Implementation' (mutual exclusion)",
  about:
    'Looking into the mailbox and receiving from it are done with a token in hand, of which there is one. Nobody waits for nothing.',
  params: {
    receivers: { default: 2, min: 1, max: 5, about: 'how many processes receive from the mailbox' },
    messages: { default: 1, min: 0, max: 5, about: 'how many messages are sent to it' },
  },
  ghost: () => ({ received: [] as string[], inside: 0, turnedAway: 0 }),
  *setup() {
    const mutex = yield* mailbox_create('mutex', { capacity: 1 })
    yield* mailbox_send(mutex, 'token')
    return { jobs: yield* mailbox_create('jobs'), mutex }
  },
  programs: {
    *sender({ params, shared: { jobs } }) {
      for (let job = 1; job <= params.messages; job++) yield* mailbox_send(jobs, `job ${job}`)
    },
    receiver: {
      copies: ({ receivers }) => receivers,
      *program({ shared: { jobs, mutex }, ghost }) {
        const token = yield* mailbox_receive(mutex)
        ghost.inside += 1
        if ((yield* mailbox_count(jobs)) > 0) ghost.received.push(yield* mailbox_receive<string>(jobs))
        else ghost.turnedAway += 1
        ghost.inside -= 1
        yield* mailbox_send(mutex, token)
      },
    },
  },
  invariants: {
    'one at a time looks and receives': ({ ghost }) => ghost.inside <= 1,
    'no message is received twice': ({ ghost }) => new Set(ghost.received).size === ghost.received.length,
  },
  sometimes: {
    'a message is received': ({ ghost }) => ghost.received.length > 0,
    'somebody finds nothing to do': ({ ghost }) => ghost.turnedAway > 0,
  },
  expect: 'proved',
})
