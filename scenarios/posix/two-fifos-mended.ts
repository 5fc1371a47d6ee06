import { scenario } from 'ipclab'
import { mkfifo, O_RDONLY, O_WRONLY, open, read, write } from 'ipclab/posix'

/**
 * `two-fifos` mended: client and server open the FIFOs in one order, first the requests and then the answers, so that
 * they meet at each. As with locks, an order that all keep leaves no circle.
 */
export default scenario('two FIFOs opened in one order', {
  source: "fifo(7): 'a process must open both ends of the FIFO before data can be passed'",
  about: 'Client and server open the two FIFOs in the same order, and the answer comes in every schedule.',
  ghost: () => ({ answer: '' }),
  *setup() {
    yield* mkfifo('requests', 0o600)
    yield* mkfifo('answers', 0o600)
  },
  programs: {
    *server() {
      const requests = yield* open('requests', O_RDONLY)
      const answers = yield* open('answers', O_WRONLY)
      yield* write(answers, (yield* read(requests, 100)).toUpperCase())
    },
    *client({ ghost }) {
      const requests = yield* open('requests', O_WRONLY)
      const answers = yield* open('answers', O_RDONLY)
      yield* write(requests, 'hello')
      ghost.answer = yield* read(answers, 100)
    },
  },
  atEnd: {
    'the answer has come': ({ ghost }) => ghost.answer === 'HELLO',
  },
  expect: 'proved',
})
