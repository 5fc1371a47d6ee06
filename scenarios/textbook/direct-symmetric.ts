import { scenario } from 'ipclab'
import { link_create, receive, send } from 'ipclab/message'

/**
 * Direct, symmetric communication: the sender names the receiver, and the receiver names the sender. There is one link
 * between each two of them. So the receiver decides in which order it hears its partners: here `anna`, then `ben`, then
 * `anna` again, however early ben has sent his. What each of them sends keeps its own order.
 */
export default scenario('direct communication, symmetric', {
  source: "the textbook's page on IPC, 'Message Passing' (direct communication)",
  about: 'A receiver that names its senders hears them in the order in which it names them, not in which they send.',
  params: {
    rounds: { default: 2, min: 1, max: 5, about: 'how many messages each sender sends' },
    capacity: { default: 1, min: 0, max: 10, about: 'messages that each link holds before its sender waits' },
  },
  ghost: () => ({ sent: [] as string[], heard: [] as string[] }),
  *setup({ params: { capacity } }) {
    yield* link_create('anna', 'chair', { capacity })
    yield* link_create('ben', 'chair', { capacity })
  },
  programs: {
    *anna({ params, ghost }) {
      for (let round = 1; round <= params.rounds; round++) {
        yield* send('chair', `anna ${round}`)
        ghost.sent.push(`anna ${round}`)
      }
    },
    *ben({ params, ghost }) {
      for (let round = 1; round <= params.rounds; round++) {
        yield* send('chair', `ben ${round}`)
        ghost.sent.push(`ben ${round}`)
      }
    },
    *chair({ params, ghost }) {
      for (let round = 1; round <= params.rounds; round++) {
        ghost.heard.push(yield* receive<string>('anna'))
        ghost.heard.push(yield* receive<string>('ben'))
      }
    },
  },
  invariants: {
    'anna and ben are heard in turn': ({ ghost }) =>
      ghost.heard.every((words, i) => words === `${i % 2 === 0 ? 'anna' : 'ben'} ${Math.floor(i / 2) + 1}`),
  },
  atEnd: {
    'all is heard': ({ params, ghost }) => ghost.heard.length === 2 * params.rounds,
  },
  sometimes: {
    'ben has sent before anna': ({ ghost }) => ghost.sent[0] === 'ben 1',
  },
  expect: 'proved',
})
