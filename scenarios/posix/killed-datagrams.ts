import { scenario } from 'ipclab'
import { AF_UNIX, bind, close, PosixError, recv, SOCK_DGRAM, sendto, socket } from 'ipclab/posix'

/**
 * A client sends a datagram to a server's socket and waits for the answer at its own. Either may be killed. A socket is
 * its owner's: who sends to one that has been closed is refused (ECONNREFUSED), and the server that finds its client gone
 * goes on. But a datagram may come from anybody, so nobody is told that the one who would have sent is dead: a client
 * whose question was delivered, and died with its server, waits for ever; and so does a server for a client that never asks.
 * `killed-heard` has sockets that are connected.
 */
export default scenario('a process is killed that owes a datagram', {
  source: 'unix(7); sendto(2), ECONNREFUSED; unix.dgram_peer_gone, as recorded of Linux',
  about:
    'Who sends to a dead process is refused; who waits for its datagram waits for ever, for datagrams may come from anybody.',
  faults: { kill: true },
  ghost: () => ({ client: 'killed', server: 'killed' }),
  *setup() {
    const server = yield* socket(AF_UNIX, SOCK_DGRAM)
    yield* bind(server, 'server')
    const client = yield* socket(AF_UNIX, SOCK_DGRAM)
    yield* bind(client, 'client')
    return { server, client }
  },
  programs: {
    *client({ shared: { server, client }, ghost }) {
      yield* close(server) // inherited, and the server's
      try {
        yield* sendto(client, 'question', 0, 'server')
        ghost.client = yield* recv(client, 100)
      } catch (error) {
        if (!(error instanceof PosixError)) throw error
        ghost.client = error.code
      }
    },
    *server({ shared: { server, client }, ghost }) {
      yield* close(client)
      yield* recv(server, 100)
      try {
        yield* sendto(server, 'answer', 0, 'client')
        ghost.server = 'answered'
      } catch (error) {
        if (!(error instanceof PosixError)) throw error
        ghost.server = error.code
      }
    },
  },
  expect: 'deadlock',
})
