import { scenario } from 'ipclab'
import { close, mkfifo, O_RDONLY, O_WRONLY, open, read, unlink, write } from 'ipclab/posix'

/**
 * Producer and consumer that are not related meet at a name: a FIFO. Opening it waits for the other, so that neither
 * need ask whether the other is there; from then on it is a pipe, with an end of file when the producer has closed it.
 * Who has opened it can take the name away: a FIFO lives while it is open.
 */
export default scenario('producer and consumer over a FIFO', {
  source: 'fifo(7), mkfifo(3)',
  about: 'Both open the FIFO at once, wait for each other, and bytes come through in order, in every schedule.',
  params: {
    items: { default: 2, min: 1, max: 10, about: 'how many bytes go through the FIFO' },
  },
  ghost: () => ({ received: '' }),
  *setup() {
    yield* mkfifo('items', 0o600)
  },
  programs: {
    *producer({ params }) {
      const fd = yield* open('items', O_WRONLY)
      yield* unlink('items')
      for (let item = 0; item < params.items; item++) yield* write(fd, 'abcdefghij'.charAt(item))
      yield* close(fd)
    },
    *consumer({ ghost }) {
      const fd = yield* open('items', O_RDONLY)
      for (let bytes = yield* read(fd, 10); bytes !== ''; bytes = yield* read(fd, 10)) ghost.received += bytes
    },
  },
  atEnd: {
    'all has come, in order': ({ ghost, params }) => ghost.received === 'abcdefghij'.slice(0, params.items),
  },
  expect: 'proved',
})
