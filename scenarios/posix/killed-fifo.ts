import { scenario } from 'ipclab'
import { close, mkfifo, O_RDONLY, O_RDWR, O_WRONLY, open, read, write } from 'ipclab/posix'

/**
 * Once both have opened a FIFO it is a pipe, and the death of the one is told to the other, by the end of file or EPIPE.
 * But open() waits for the other end, and of somebody who was killed on the way there nobody knows: who has come waits in
 * open() for ever.
 *
 * With `parent` the two are forked from one who has opened the FIFO for both ways, which Linux lets without waiting.
 * While they have that open they need not wait for each other; and when each has its own end, they close it.
 */
export default scenario('a process is killed before it has opened the FIFO', {
  source: "fifo(7): 'opening the FIFO blocks until the other end is opened also', and for both ways never; pipe(7)",
  about:
    'The writer may be killed at any call. Before it has opened the FIFO, the reader waits in open() for ever. With parent=true it hears of every death.',
  params: {
    parent: { default: false, about: 'fork them from one who has the FIFO open' },
  },
  faults: { kill: ['writer'] },
  ghost: () => ({ reader: '' }),
  *setup({ params: { parent } }) {
    yield* mkfifo('fifo', 0o600)
    return parent ? yield* open('fifo', O_RDWR) : null
  },
  programs: {
    *writer({ shared: inherited }) {
      const fd = yield* open('fifo', O_WRONLY)
      if (inherited !== null) yield* close(inherited)
      yield* write(fd, 'a')
    },
    *reader({ shared: inherited, ghost }) {
      const fd = yield* open('fifo', O_RDONLY)
      if (inherited !== null) yield* close(inherited)
      ghost.reader = (yield* read(fd, 1)) || 'end of file'
    },
  },
  sometimes: {
    'the byte comes': ({ ghost }) => ghost.reader === 'a',
    'an end of file tells of the death': ({ ghost }) => ghost.reader === 'end of file',
  },
  expect: 'deadlock',
})
