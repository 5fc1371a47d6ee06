import { type Program, scenario } from 'ipclab'
import { close, F_SETPIPE_SZ, fcntl, PIPE_BUF, pipe, read, write } from 'ipclab/posix'

/**
 * A program sends a text through a filter, over one pipe there and another back, and reads what comes back only when it
 * has written all. As long as the text fits into the two pipes and the filter's hands that works. With more the filter
 * waits for room in the pipe back, which the program would make by reading, and the program for room in the pipe there,
 * which the filter would make: both pipes are full, and both write for ever. What works with small inputs fails with
 * large ones.
 *
 * With pages=3 all fits. The cure is to read and write by turns as poll() says (`two-filters-mended`), or to let another
 * thread read.
 */
export default scenario('two filters with full pipes', {
  source:
    "W. R. Stevens: Advanced Programming in the UNIX Environment (1992), section 14.4, 'Coprocesses'; popen's and subprocess's manuals warn of it",
  about:
    'The program writes all before it reads; the pipes hold a page each and the filter has one in hand; with four pages and more both wait to write.',
  params: {
    pages: { default: 5, min: 1, max: 8, about: 'how many pages of text' },
  },
  *setup() {
    const there = yield* pipe()
    const back = yield* pipe()
    yield* fcntl(there[0], F_SETPIPE_SZ, PIPE_BUF) // a page each, and not 16, so that there is less to look at
    yield* fcntl(back[0], F_SETPIPE_SZ, PIPE_BUF)
    return { there, back }
  },
  ghost: () => ({ read: 0 }),
  programs: {
    *program({ params, ghost, shared: { there, back } }) {
      yield* closeAll(there[0], back[1])
      for (let page = 0; page < params.pages; page++) yield* write(there[1], 'a'.repeat(PIPE_BUF))
      yield* close(there[1])
      for (let text = yield* read(back[0], PIPE_BUF); text !== ''; text = yield* read(back[0], PIPE_BUF))
        ghost.read += text.length
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
  expect: 'deadlock',
})

function* closeAll(...fds: number[]): Program {
  for (const fd of fds) yield* close(fd)
}
