import { scenario } from 'ipclab'
import { link_create, receive, send } from 'ipclab/message'

/**
 * A link of capacity zero stores nothing, so sender and receiver have to meet: whoever comes first waits for the other.
 * When a send is over, the message has been received. That is more than sending: it is a way to know how far the other
 * is. With any capacity above zero (try `capacity=1`) a send is over as soon as the message is stored, and says nothing
 * about the receiver any more.
 */
export default scenario('rendezvous', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking' (synchronous)",
  about:
    'With a capacity of zero a send is over only when the message has been received, whoever of the two comes first.',
  params: {
    messages: { default: 3, min: 1, max: 10, about: 'how many messages are sent' },
    capacity: { default: 0, min: 0, max: 10, about: 'how many messages the link holds' },
  },
  ghost: () => ({ sent: 0, received: 0 }),
  *setup({ params: { capacity } }) {
    yield* link_create('sender', 'receiver', { capacity })
  },
  programs: {
    *sender({ params, ghost }) {
      for (let n = 1; n <= params.messages; n++) {
        yield* send('receiver', n)
        ghost.sent = n
      }
    },
    *receiver({ params, ghost }) {
      for (let n = 1; n <= params.messages; n++) {
        yield* receive('sender')
        ghost.received = n
      }
    },
  },
  invariants: {
    'what is sent is received': ({ ghost }) => ghost.sent === ghost.received,
  },
  expect: 'proved',
})
