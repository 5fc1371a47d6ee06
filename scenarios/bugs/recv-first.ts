import { scenario } from 'ipclab'
import { type Mailbox, mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * Two processes exchange messages, and both begin by receiving. Neither ever sends: nobody takes a single step. It is
 * the mirror of `textbook/rendezvous-both-send`, and no capacity of the mailboxes helps.
 */
export default scenario('an exchange in which both receive first', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking' (blocking receive)",
  about: 'Each waits for the message that the other would send next. All is over before it began.',
  *setup() {
    return { left: yield* mailbox_create('left'), right: yield* mailbox_create('right') }
  },
  programs: {
    *left({ shared: { left, right } }) {
      yield* exchange(left, right)
    },
    *right({ shared: { left, right } }) {
      yield* exchange(right, left)
    },
  },
  expect: 'deadlock',
})

function* exchange(own: Mailbox, other: Mailbox) {
  yield* mailbox_receive(own)
  yield* mailbox_send(other, 1)
}
