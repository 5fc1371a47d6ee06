import { scenario } from 'ipclab'
import { receive, send } from 'ipclab/message'

/**
 * The textbook's producer and consumer by messages, as printed. The producer begins by waiting for the consumer to say
 * that it is ready; the consumer begins by waiting for an item, and says that it is ready only afterwards. Each waits
 * for a message that the other would send after having received one: nobody ever sends the first.
 *
 * `message-passing-mended` lets the consumer begin by saying that it is ready.
 */
export default scenario('producer and consumer by messages, as printed', {
  source: "the textbook's page on IPC, 'Producer-Consumer Example using Message Passing'",
  about: 'Both programs begin with receive, so both wait for ever, in every schedule.',
  params: {
    items: { default: 2, min: 1, max: 10, about: 'how many items would be produced' },
  },
  ghost: () => ({ consumed: [] as number[] }),
  programs: {
    *producer({ params }) {
      for (let item = 1; item <= params.items; item++) {
        yield* receive('consumer') // is the consumer ready?
        yield* send('consumer', item)
      }
    },
    *consumer({ params, ghost }) {
      for (let taken = 0; taken < params.items; taken++) {
        ghost.consumed.push(yield* receive<number>('producer'))
        yield* send('producer', 'ready')
      }
    },
  },
  invariants: {
    'nothing is ever consumed': ({ ghost }) => ghost.consumed.length === 0,
  },
  expect: 'deadlock',
})
