import { type Program, scenario } from 'ipclab'
import {
  close,
  F_SETFL,
  F_SETPIPE_SZ,
  fcntl,
  O_NONBLOCK,
  PIPE_BUF,
  POLLIN,
  POLLOUT,
  pipe,
  poll,
  read,
  write,
} from 'ipclab/posix'

/**
 * `two-filters` mended: the program waits with poll() for whatever is possible first, to write or to read, and writes
 * what there is room for and no more (O_NONBLOCK). So there never is anything to be read for which it does not come, and
 * the filter never waits for good, however long the text.
 */
export default scenario('two filters, by turns as poll says', {
  source:
    "poll(2); W. R. Stevens: Advanced Programming in the UNIX Environment (1992), section 12.5, 'I/O Multiplexing'",
  about: 'The program writes and reads as poll() tells it: all comes back in every schedule, however long the text.',
  params: {
    pages: { default: 4, min: 1, max: 8, about: 'how many pages of text' },
  },
  *setup() {
    const there = yield* pipe()
    const back = yield* pipe()
    yield* fcntl(there[0], F_SETPIPE_SZ, PIPE_BUF)
    yield* fcntl(back[0], F_SETPIPE_SZ, PIPE_BUF)
    return { there, back }
  },
  ghost: () => ({ read: 0 }),
  programs: {
    *program({ params, ghost, shared: { there, back } }) {
      yield* closeAll(there[0], back[1])
      yield* fcntl(there[1], F_SETFL, O_NONBLOCK)
      let text = 'a'.repeat(params.pages * PIPE_BUF)
      for (let isOver = false; !isOver; ) {
        const [readable = 0, writable = 0] = yield* poll([
          { fd: back[0], events: POLLIN },
          { fd: text === '' ? -1 : there[1], events: POLLOUT },
        ])
        if (writable !== 0) {
          text = text.slice(yield* write(there[1], text))
          if (text === '') yield* close(there[1])
        }
        if (readable !== 0) {
          const came = yield* read(back[0], PIPE_BUF)
          ghost.read += came.length
          isOver = came === ''
        }
      }
    },
    *filter({ shared: { there, back } }) {
      yield* closeAll(there[1], back[0])
      for (let text = yield* read(there[0], PIPE_BUF); text !== ''; text = yield* read(there[0], PIPE_BUF))
        yield* write(back[1], text.toUpperCase())
    },
  },
  atEnd: {
    'all has come back': ({ ghost, params }) => ghost.read === params.pages * PIPE_BUF,
  },
  expect: 'proved',
})

function* closeAll(...fds: number[]): Program {
  for (const fd of fds) yield* close(fd)
}
