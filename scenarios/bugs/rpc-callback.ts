import { scenario } from 'ipclab'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'

/**
 * A server takes requests from two clients and answers each. Asked by client 0 first, it answers it and then calls back:
 * it waits for a third message, which no client knows of. Which request comes first is for the scheduler to say, and half
 * the schedules never show the bug: no interruption is needed, only the other order.
 */
export default scenario('a server that calls back', {
  source:
    'A. Birrell, B. Nelson: Implementing remote procedure calls. ACM Transactions on Computer Systems 2 (1984), 39–59',
  about: 'If client 0 is served first, the server ends up waiting for a message that nobody sends.',
  *setup() {
    return {
      server: yield* mailbox_create('server'),
      replyTo0: yield* mailbox_create('reply0'),
      replyTo1: yield* mailbox_create('reply1'),
    }
  },
  programs: {
    *client0({ shared: { server, replyTo0 } }) {
      yield* mailbox_send(server, 0)
      yield* mailbox_receive(replyTo0)
    },
    *client1({ shared: { server, replyTo1 } }) {
      yield* mailbox_send(server, 1)
      yield* mailbox_receive(replyTo1)
    },
    *server({ shared: { server, replyTo0, replyTo1 } }) {
      if ((yield* mailbox_receive<number>(server)) === 1) {
        yield* mailbox_receive(server)
        yield* mailbox_send(replyTo0, 'done')
        yield* mailbox_send(replyTo1, 'done')
      } else {
        yield* mailbox_send(replyTo0, 'done')
        yield* mailbox_receive(server)
        yield* mailbox_send(replyTo1, 'done')
        yield* mailbox_receive(server) // the callback: nobody answers it
      }
    },
  },
  expect: 'deadlock',
})
