import { scenario } from 'ipclab'
import { receive, send } from 'ipclab/message'

/**
 * The textbook's producer and consumer by messages, mended: the consumer begins by saying that it is ready. From then on
 * the two take turns. Nothing is stored between them, so each send waits until the other has received.
 */
export default scenario('producer and consumer by messages, mended', {
  source: "the textbook's page on IPC, 'Producer-Consumer Example using Message Passing'",
  about:
    'The consumer says first that it is ready. Every item arrives, in order, and never is more than one under way.',
  params: {
    items: { default: 3, min: 1, max: 20, about: 'how many items are produced' },
  },
  ghost: () => ({ produced: 0, consumed: [] as number[] }),
  programs: {
    *producer({ params, ghost }) {
      for (let item = 1; item <= params.items; item++) {
        yield* receive('consumer') // is the consumer ready?
        ghost.produced = item
        yield* send('consumer', item)
      }
    },
    *consumer({ params, ghost }) {
      for (let taken = 0; taken < params.items; taken++) {
        yield* send('producer', 'ready')
        ghost.consumed.push(yield* receive<number>('producer'))
      }
    },
  },
  invariants: {
    'items arrive once and in order': ({ ghost }) => ghost.consumed.every((item, i) => item === i + 1),
    'at most one item is under way': ({ ghost }) => ghost.produced - ghost.consumed.length <= 1,
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.consumed.length === params.items,
  },
  expect: 'proved',
})
