import { scenario } from 'ipclab'
import { mkfifo, O_RDONLY, O_WRONLY, open, read, write } from 'ipclab/posix'

/**
 * The textbook's client and server talk over two FIFOs, one for each way. Opening a FIFO waits until the other end is
 * opened, too. The server opens first the requests to read them, the client first the answers: each waits in open() for
 * an end that the other would open next. Not a byte has gone through, and in no schedule one ever does.
 *
 * `two-fifos-mended` lets both open them in the same order.
 */
export default scenario('two FIFOs opened in the wrong order', {
  source: "fifo(7): 'a process must open both ends of the FIFO before data can be passed'",
  about: 'Client and server each open first the FIFO that the other opens second: both wait for ever in open().',
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
    *client() {
      const answers = yield* open('answers', O_RDONLY)
      const requests = yield* open('requests', O_WRONLY)
      yield* write(requests, 'hello')
      yield* read(answers, 100)
    },
  },
  expect: 'deadlock',
})
