import { scenario } from 'ipclab'
import { AF_UNIX, accept, bind, close, connect, listen, recv, SOCK_STREAM, send, socket } from 'ipclab/posix'

/**
 * Producer and consumer over a Unix socket. The consumer listens at a name, and what is bound before the producer comes
 * is bound in `setup`: a name at which nobody listens yet would refuse the connection. The producer need not wait to be
 * accepted: it is connected when there is a place in the backlog, and can send and be gone before anybody has accepted.
 */
export default scenario('producer and consumer over a Unix socket', {
  source: 'unix(7), listen(2), accept(2)',
  about: 'The producer connects, sends and closes; the consumer accepts, and receives all until the end of file.',
  params: {
    items: { default: 2, min: 1, max: 10, about: 'how many bytes go through the socket' },
    early: { default: true, about: 'bind and listen before the producer begins' },
  },
  ghost: () => ({ received: '' }),
  *setup({ params }) {
    const listener = yield* socket(AF_UNIX, SOCK_STREAM)
    if (!params.early) return listener
    yield* bind(listener, 'items')
    yield* listen(listener, 1)
    return listener
  },
  programs: {
    *producer({ params, shared: listener }) {
      yield* close(listener) // inherited, and the consumer's
      const fd = yield* socket(AF_UNIX, SOCK_STREAM)
      yield* connect(fd, 'items')
      for (let item = 0; item < params.items; item++) yield* send(fd, 'abcdefghij'.charAt(item))
      yield* close(fd)
    },
    *consumer({ params, ghost, shared: listener }) {
      if (!params.early) {
        yield* bind(listener, 'items')
        yield* listen(listener, 1)
      }
      const fd = yield* accept(listener)
      for (let bytes = yield* recv(fd, 10); bytes !== ''; bytes = yield* recv(fd, 10)) ghost.received += bytes
    },
  },
  atEnd: {
    'all has come, in order': ({ ghost, params }) => ghost.received === 'abcdefghij'.slice(0, params.items),
  },
  expect: 'proved',
})
