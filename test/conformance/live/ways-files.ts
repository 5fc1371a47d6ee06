import type { Kind, Open } from './game.ts'
import { descriptors, type Making, on, processes, signals, type Way, where } from './making.ts'

/** Programs on pipes, FIFOs and Unix sockets. */

const PIPES = ['reader', 'writer', 'both ends'] as const
/** What is sent through sockets. */
const PASSED = [...PIPES, 'file', 'queue'] as const
const SOCKETS = ['stream', 'dgram', 'seqpacket'] as const

export const pipes: readonly Way[] = [
  ...processes,
  ...signals,
  ...descriptors,
  {
    op: 'pipe',
    weight: 6,
    args: where(
      (at) => !at.has(...PIPES),
      (at) => ({ flags: at.sometimes(8) ? 'O_DIRECT' : at.pick(['0', '0', 'O_NONBLOCK']) }),
    ),
  },
  {
    op: 'mkfifo',
    weight: 2,
    args: (at) => ({ path: at.sometimes(5) ? 'u' : at.pick(['f', 'f', 'g']), mode: at.pick(['0600', '0644', '0666']) }),
  },
  {
    op: 'open',
    weight: 10,
    args: where(
      (at) => at.game.returned('mkfifo').length > 0,
      (at) => ({
        path: at.pick(['f', 'f', 'f', 'g']),
        oflag: at.pick([
          'O_RDONLY',
          'O_WRONLY',
          'O_RDONLY',
          'O_WRONLY',
          'O_RDWR',
          'O_RDONLY|O_NONBLOCK',
          'O_WRONLY|O_NONBLOCK',
          'O_RDWR|O_NONBLOCK',
        ]),
        mode: '0',
      }),
    ),
  },
  {
    op: 'unlink',
    weight: 1,
    args: where(
      (at) => at.game.returned('mkfifo').length > 0,
      (at) => ({ path: at.pick(['f', 'f', 'g']) }),
    ),
  },
  { op: 'write', weight: 14, args: on(['writer', 'both ends'], (at) => ({ data: at.data() })) },
  { op: 'read', weight: 14, args: on(['reader', 'both ends'], (at) => ({ len: at.length() })) },
  { op: 'get_pipe_sz', weight: 1, args: on(PIPES) },
  {
    op: 'set_pipe_sz',
    weight: 1,
    args: on(PIPES, (at) => ({ size: at.pick([1, 4096, 5000, 16_384, 65_536, 131_072]) })),
  },
]

const type = ['SOCK_STREAM', 'SOCK_STREAM', 'SOCK_SEQPACKET', 'SOCK_DGRAM', 'SOCK_STREAM|SOCK_NONBLOCK']

/** Those that can be told a peer, and those that have one. */
const lonely = ({ connected }: Open): boolean => !connected
const unnamed = ({ bound, connected }: Open): boolean => !bound && !connected
const named = ({ bound, connected }: Open): boolean => bound && !connected
const connected = ({ connected: has }: Open): boolean => has
const heard = ({ kind, connected: has, bound }: Open): boolean => has || (kind === 'dgram' && bound)

/** The name of one who could be reached, mostly. */
const name = (at: Making, kinds: readonly Kind[]): string => {
  const there = at.game.names(kinds)
  return there.length === 0 || at.sometimes(10) ? at.pick(['u', 'v', 'w', 'f']) : at.pick(there)
}
const someName =
  (kinds: readonly Kind[]) =>
  ({ game }: Making): boolean =>
    game.names(kinds).length > 0

export const sockets: readonly Way[] = [
  ...processes,
  ...descriptors,
  {
    op: 'socketpair',
    weight: 3,
    args: where(
      (at) => !at.has(...SOCKETS),
      (at) => ({ type: at.pick(type) }),
    ),
  },
  {
    op: 'socket',
    weight: 14,
    args: where(
      (at) => at.game.descriptors(at.p).filter(lonely).length < 2,
      (at) => ({ type: at.pick(type) }),
    ),
  },
  {
    op: 'bind',
    weight: 10,
    args: on(SOCKETS, (at) => ({ path: at.sometimes(4) ? 'f' : at.pick(['u', 'u', 'v', 'w']) }), unnamed),
  },
  {
    op: 'listen',
    weight: 14,
    args: on(['stream', 'seqpacket', 'listener'], (at) => ({ backlog: at.pick([0, 1, 5]) }), named),
  },
  {
    op: 'connect',
    weight: 16,
    args: where(
      someName(['listener', 'dgram']),
      on(SOCKETS, (at) => ({ path: name(at, ['listener', 'listener', 'dgram']) }), lonely),
    ),
  },
  { op: 'accept', weight: 12, args: on(['listener']) },
  {
    op: 'shutdown',
    weight: 2,
    args: on([...SOCKETS, 'listener'], (at) => ({ how: at.pick(['SHUT_RD', 'SHUT_WR', 'SHUT_WR', 'SHUT_RDWR']) })),
  },
  {
    op: 'send',
    weight: 14,
    args: on(
      SOCKETS,
      (at) => ({ data: at.little(), flags: at.pick(['0', '0', '0', 'MSG_DONTWAIT', 'MSG_NOSIGNAL']) }),
      connected,
    ),
  },
  {
    op: 'sendto',
    weight: 8,
    args: where(
      someName(['dgram']),
      on(['dgram', 'dgram', 'seqpacket', 'stream'], (at) => ({
        data: at.little(),
        path: name(at, ['dgram']),
        flags: at.pick(['0', '0', 'MSG_DONTWAIT']),
      })),
    ),
  },
  {
    op: 'recv',
    weight: 16,
    args: on(
      SOCKETS,
      (at) => ({
        len: at.pick([1, 2, 10, 100]),
        flags: at.pick([
          '0',
          '0',
          '0',
          'MSG_DONTWAIT',
          'MSG_PEEK',
          'MSG_DONTWAIT|MSG_PEEK',
          'MSG_WAITALL',
          'MSG_TRUNC',
        ]),
      }),
      heard,
    ),
  },
  { op: 'read', weight: 2, args: on(SOCKETS, (at) => ({ len: at.pick([1, 10]) }), heard) },
  { op: 'write', weight: 2, args: on(SOCKETS, (at) => ({ data: at.little() }), connected) },
  {
    op: 'unlink',
    weight: 1,
    args: where(someName(['listener', 'dgram', 'stream']), (at) => ({ path: at.pick(['u', 'v']) })),
  },
]

/** Descriptors that go through sockets, and what becomes of the pipes that they are of. */
export const passing: readonly Way[] = [
  ...processes,
  ...descriptors,
  {
    op: 'socketpair',
    weight: 6,
    args: where(
      (at) => !at.has(...SOCKETS),
      (at) => ({ type: at.pick(type) }),
    ),
  },
  {
    op: 'pipe',
    weight: 8,
    args: where(
      (at) => !at.has(...PIPES),
      (at) => ({ flags: at.pick(['0', 'O_NONBLOCK']) }),
    ),
  },
  {
    op: 'sendfd',
    weight: 14,
    args: where(
      (at) => at.has(...PASSED),
      on(SOCKETS, (at) => ({ which: at.fd(PASSED) ?? 9, data: at.little() }), connected),
    ),
  },
  { op: 'recvfd', weight: 12, args: on(SOCKETS, (at) => ({ len: at.pick([1, 10, 10]) })) },
  { op: 'send', weight: 3, args: on(SOCKETS, (at) => ({ data: at.little(), flags: '0' })) },
  {
    op: 'recv',
    weight: 4,
    args: on(SOCKETS, (at) => ({ len: 10, flags: at.pick(['0', 'MSG_PEEK', 'MSG_DONTWAIT']) })),
  },
  { op: 'write', weight: 8, args: on(['writer'], (at) => ({ data: at.little() })) },
  { op: 'read', weight: 8, args: on(['reader'], () => ({ len: 10 })) },
]
