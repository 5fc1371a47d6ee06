import { CallError, compute, type Program, scenario } from 'ipclab'
import { receive, send } from 'ipclab/message'

/**
 * A receiver that has other work to do looks for a message without blocking, works a little when there is none, and
 * looks again. After some tries it has nothing else left and waits. Nothing is lost by looking too early, unlike with a
 * send: the message is still to come.
 */
export default scenario('non-blocking receive', {
  source: "the textbook's page on IPC, 'Blocking vs. Non-Blocking'",
  about: 'A receiver that does not wait does other work until its message is there; the message arrives all the same.',
  params: {
    tries: { default: 2, min: 0, max: 10, about: 'how often the receiver looks before it waits' },
  },
  ghost: () => ({ worked: 0, waited: false, got: null as string | null }),
  programs: {
    *sender() {
      yield* compute(1000)
      yield* send('receiver', 'the result')
    },
    *receiver({ params, ghost }) {
      while (ghost.worked < params.tries) {
        ghost.got = yield* look('sender')
        if (ghost.got !== null) return
        yield* compute(500) // the other work
        ghost.worked += 1
      }
      ghost.waited = true
      ghost.got = yield* receive<string>('sender')
    },
  },
  atEnd: {
    'the message arrives': ({ ghost }) => ghost.got === 'the result',
  },
  sometimes: {
    'it is there at the first look': ({ ghost }) => ghost.got !== null && ghost.worked === 0,
    'it comes while the receiver works': ({ ghost }) => ghost.got !== null && ghost.worked > 0 && !ghost.waited,
    'it has to be waited for': ({ ghost }) => ghost.got !== null && ghost.waited,
  },
  expect: 'proved',
})

/** The next message, or `null` where there is none yet. */
function* look(from: string): Program<string | null> {
  try {
    return yield* receive<string>(from, { blocking: false })
  } catch (error) {
    if (error instanceof CallError && error.code === 'WOULD_BLOCK') return null
    throw error
  }
}
