import { type Program, scenario, sleep } from 'ipclab'
import { receive, send } from 'ipclab/message'

/**
 * Two processes play a message to and fro; each keeps it for a while before it sends it back. Nothing is random, so what
 * a round takes can be told beforehand: twice the delay, and what the calls cost.
 */
export default scenario('ping-pong', {
  source: "two processes that pass an event between them with a delay, as in SimPy's documentation, 'Event Latency'",
  about: 'Two processes send each other one message, again and again, with a delay. It comes back as often as it went.',
  params: {
    rounds: { default: 3, min: 1, max: 100_000_000, about: 'how often the message goes to and fro' },
    delay: { default: 100, min: 0, max: 1_000_000, about: 'ns that each keeps it' },
  },
  ghost: () => ({ pings: 0, pongs: 0 }),
  programs: {
    *ping({ params, ghost }): Program {
      for (let i = 1; i <= params.rounds; i++) {
        yield* sleep(params.delay)
        yield* send('pong', i)
        ghost.pings = yield* receive<number>('pong')
      }
    },
    *pong({ params, ghost }): Program {
      for (let i = 1; i <= params.rounds; i++) {
        ghost.pongs = yield* receive<number>('ping')
        yield* sleep(params.delay)
        yield* send('ping', i)
      }
    },
  },
  invariants: {
    'the message is with one of them': ({ ghost: { pings, pongs } }) => pongs === pings || pongs === pings + 1,
  },
  atEnd: {
    'it came back as often as it went': ({ params, ghost }) =>
      ghost.pings === params.rounds && ghost.pongs === params.rounds,
  },
  expect: 'proved',
  maxSteps: 1_000_000_000,
})
