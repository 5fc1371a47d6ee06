import { scenario } from 'ipclab'
import { mailbox_create, mailbox_open, mailbox_receive, mailbox_send, receive, send } from 'ipclab/message'

/**
 * A mailbox that a process owns is gone when the process is, with whatever is still in it. The owner here takes one
 * message and ends; a client that sends a second finds no mailbox any more, or waits before a full one when it goes.
 * With `owner=kernel` the mailbox outlives the process that made it, and the message waits for whoever comes next.
 */
export default scenario('a mailbox that goes with its owner', {
  source: "the textbook's page on IPC, 'Message Passing' (indirect communication)",
  about: 'A client goes on sending to a mailbox whose owner has ended: MAILBOX_GONE. One of the kernel stays.',
  params: {
    owner: { default: 'process', oneOf: ['process', 'kernel'], about: 'who owns the mailbox' },
    messages: { default: 2, min: 1, max: 10, about: 'how many messages are sent; the owner takes one' },
  },
  ghost: () => ({ sent: 0, taken: 0 }),
  programs: {
    *owner({ params, ghost }) {
      const owner = params.owner === 'kernel' ? 'kernel' : 'process'
      const box = yield* mailbox_create('orders', { owner })
      yield* send('client', 'open')
      yield* mailbox_receive(box)
      ghost.taken = 1
    },
    *client({ params, ghost }) {
      yield* receive('owner') // then there is a mailbox
      const box = yield* mailbox_open('orders')
      for (let n = 1; n <= params.messages; n++) {
        yield* mailbox_send(box, n)
        ghost.sent = n
      }
    },
  },
  atEnd: {
    'all is sent': ({ params, ghost }) => ghost.sent === params.messages && ghost.taken === 1,
  },
  sometimes: {
    'all is sent before the owner ends': ({ params, ghost }) => ghost.sent === params.messages && ghost.taken === 0,
  },
  expect: 'error: MAILBOX_GONE',
})
