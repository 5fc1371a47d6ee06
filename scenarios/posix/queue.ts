import { scenario } from 'ipclab'
import { mq_open, mq_receive, mq_send, O_CREAT, O_RDWR } from 'ipclab/posix'

/**
 * Producers and a consumer over a POSIX message queue. Nothing is shared but the queue, and all that the bounded buffer
 * needs three semaphores for is in two calls: mq_send waits while the queue is full, mq_receive while it is empty, and
 * each message comes out once. Compare `bounded-buffer`.
 */
export default scenario('producers and a consumer over a message queue', {
  source: "mq_overview(7); the textbook's page on IPC, 'IPC Systems' (message passing)",
  about:
    'Producers send items into a POSIX message queue that holds a few, and a consumer receives them all. Nothing is lost, nothing comes twice, nobody sleeps for ever.',
  params: {
    capacity: { default: 1, min: 1, max: 10, about: 'how many messages the queue holds' },
    producers: { default: 2, min: 1, max: 4, about: 'how many processes produce' },
    items: { default: 2, min: 1, max: 10, about: 'how many items each of them produces' },
  },
  ghost: () => ({ sent: 0, taken: [] as string[] }),
  *setup({ params: { capacity } }) {
    return yield* mq_open('/items', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: capacity, mq_msgsize: 8 })
  },
  programs: {
    producer: {
      copies: ({ producers }) => producers,
      *program({ params, shared: queue, ghost, index }) {
        for (let item = 1; item <= params.items; item++) {
          yield* mq_send(queue, `${index}.${item}`)
          ghost.sent += 1
        }
      },
    },
    *consumer({ params, shared: queue, ghost }) {
      for (let i = 0; i < params.producers * params.items; i++) ghost.taken.push((yield* mq_receive(queue, 8)).data)
    },
  },
  invariants: {
    'no item comes twice': ({ ghost }) => new Set(ghost.taken).size === ghost.taken.length,
    // The message of a producer that waits is let in before the producer can tell.
    'the queue holds no more than it should': ({ params, ghost }) => ghost.sent - ghost.taken.length <= params.capacity,
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.taken.length === params.producers * params.items,
  },
  sometimes: {
    'the queue is full': ({ params, ghost }) => ghost.sent - ghost.taken.length === params.capacity,
  },
  expect: 'proved',
})
