import { scenario } from 'ipclab'
import { mailbox_count, mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * Two processes that receive from one mailbox, and one message in it. Each looks whether there is a message, so as not
 * to wait for nothing, and then receives. But the other may come in between: both have seen the one message, one gets
 * it, and the other waits for ever, though it had looked. `mailbox-two-receivers-mended` makes looking and receiving one.
 */
export default scenario('a mailbox with two receivers', {
  source: "the textbook's page on IPC, 'Mailbox (Port) Implementation'",
  about:
    'Two receivers look into a mailbox and then receive from it. Both see the one message; one of them waits for ever.',
  params: {
    receivers: { default: 2, min: 1, max: 5, about: 'how many processes receive from the mailbox' },
    messages: { default: 1, min: 0, max: 5, about: 'how many messages are sent to it' },
  },
  ghost: () => ({ received: [] as string[] }),
  *setup() {
    return { jobs: yield* mailbox_create('jobs') }
  },
  programs: {
    *sender({ params, shared: { jobs } }) {
      for (let job = 1; job <= params.messages; job++) yield* mailbox_send(jobs, `job ${job}`)
    },
    receiver: {
      copies: ({ receivers }) => receivers,
      *program({ shared: { jobs }, ghost }) {
        if ((yield* mailbox_count(jobs)) === 0) return // nothing to do
        // Whoever else has looked by now believes that this message is his.
        ghost.received.push(yield* mailbox_receive<string>(jobs))
      },
    },
  },
  invariants: {
    'no message is received twice': ({ ghost }) => new Set(ghost.received).size === ghost.received.length,
  },
  sometimes: {
    'a message is received': ({ ghost }) => ghost.received.length > 0,
  },
  expect: 'deadlock',
})
