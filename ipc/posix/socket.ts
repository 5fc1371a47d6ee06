import {
  type Args,
  type Call,
  call,
  closeDescriptor,
  create,
  defineCall,
  done,
  exists,
  fail,
  install,
  type Kernel,
  type Outcome,
  READ,
  type Ref,
  release,
  retain,
  SEQ_CST,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, isAbstract, posixError, socketAddress } from './args.ts'
import { makeName } from './fifo.ts'
import { createInode, describe, openFileAt, unlinkName } from './file.ts'
import {
  AF_UNIX,
  O_NONBLOCK,
  O_RDWR,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOMAXCONN,
} from './flags.ts'
import type { Pair } from './pipe.ts'
import { abstractly, isAddress, shown } from './socket-find.ts'
import {
  type Bound,
  boundTo,
  connectTo,
  createSocket,
  isConnectionless,
  isOpenSocket,
  knocking,
  NAME,
  type OpenSocket,
  QUEUE,
  RCV,
  SND,
  type Socket,
  type SocketType,
  STATE,
  tellChange,
} from './socket-object.ts'
import './socket-operations.ts'
import { type OnFd, wakeEach } from './waiting.ts'

/** Making sockets, naming them and shutting them down: socket(2), socketpair(2), bind(2), listen(2), shutdown(2). */

/** The open socket behind a descriptor, or the errno. */
export function socketAt(kernel: Kernel, thread: Thread, fd: number): OpenSocket | 'EBADF' | 'ENOTSOCK' {
  const open = openFileAt(kernel, thread, fd)
  if (open === null) return 'EBADF'
  return isOpenSocket(open) ? open : 'ENOTSOCK'
}

/** Opens the socket; `null` when there is no descriptor left (EMFILE): then it is closed. */
export function openSocket(kernel: Kernel, thread: Thread, socket: Ref<Socket>, flags: number): number | null {
  const file = createInode(kernel, thread, 'sock', 0o777)
  retain(kernel, file)
  retain(kernel, socket)
  const status = O_RDWR | (flags & O_NONBLOCK)
  const open = create<OpenSocket>(kernel, thread, (id) => {
    return { id, kind: 'open socket', refs: 0, flags: status, file, socket }
  })
  return describe(kernel, thread, open)
}

interface SocketArgs extends Args {
  readonly domain: number
  readonly type: number
  readonly protocol: number
}

const TYPE_MASK = 0xf
const TYPES_MAX = 11
/** Linux takes it for SOCK_DGRAM. */
const SOCK_RAW = 3
const DOMAINS_MAX = 46

/** The type that is asked for, or the errno. */
function typeOf({ domain, type, protocol }: SocketArgs): SocketType | string {
  if (type < 0 || (type & ~TYPE_MASK & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0) return 'EINVAL'
  const kind = type & TYPE_MASK
  if (domain < 0 || domain >= DOMAINS_MAX) return 'EAFNOSUPPORT'
  if (kind >= TYPES_MAX) return 'EINVAL'
  if (domain !== AF_UNIX) return 'EAFNOSUPPORT'
  if (protocol !== 0 && protocol !== AF_UNIX) return 'EPROTONOSUPPORT'
  if (kind === SOCK_RAW) return SOCK_DGRAM
  return kind === SOCK_STREAM || kind === SOCK_DGRAM || kind === SOCK_SEQPACKET ? kind : 'ESOCKTNOSUPPORT'
}

const ofWhom = ({ process }: Thread): string => (process === 'init' ? '' : ` of ${process}`)

const socketDef = defineCall<SocketArgs, number>({
  name: 'socket',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, args) {
        const type = typeOf(args)
        if (typeof type === 'string') return fail(kernel, type)
        const socket = createSocket(kernel, thread, type)
        retain(kernel, socket)
        const fd = openSocket(kernel, thread, socket, args.type)
        if (fd !== null) writes(kernel, socket, NAME).name = `socket ${fd}${ofWhom(thread)}`
        release(kernel, socket)
        return fd === null ? fail(kernel, 'EMFILE') : done(kernel, fd)
      },
    },
  ],
})

const asked = (domain: number, type: number, protocol: number): SocketArgs => ({
  domain: integer(domain),
  type: integer(type),
  protocol: integer(protocol),
})

/**
 * Makes a socket, of the kind of which programs on one machine make them.
 * @param type SOCK_STREAM (bytes), SOCK_DGRAM (datagrams, each from anybody) or SOCK_SEQPACKET (packets, connected), with SOCK_NONBLOCK
 * @throws PosixError EAFNOSUPPORT (not AF_UNIX), ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL, EMFILE. socket(2)
 */
export const socket = (domain: number, type: number, protocol = 0): Call<number> =>
  call(socketDef, asked(domain, type, protocol))

const pairDef = defineCall<SocketArgs, Pair>({
  name: 'socketpair',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, args) {
        const type = typeOf(args)
        if (typeof type === 'string') return fail(kernel, type)
        const one = createSocket(kernel, thread, type)
        const other = createSocket(kernel, thread, type)
        retain(kernel, one)
        retain(kernel, other)
        connectTo(kernel, one, other)
        connectTo(kernel, other, one)
        const first = openSocket(kernel, thread, one, args.type)
        const second = first === null ? null : openSocket(kernel, thread, other, args.type)
        if (first !== null && second === null) closeDescriptor(kernel, thread, first)
        if (first !== null && second !== null) {
          writes(kernel, one, NAME).name = `socket ${first}↔${second}${ofWhom(thread)}`
          writes(kernel, other, NAME).name = `socket ${second}↔${first}${ofWhom(thread)}`
        }
        release(kernel, one)
        release(kernel, other)
        return first === null || second === null ? fail(kernel, 'EMFILE') : done(kernel, [first, second])
      },
    },
  ],
})

/** Makes two sockets connected to each other; as `socket`. socketpair(2) */
export const socketpair = (domain: number, type: number, protocol = 0): Call<Pair> =>
  call(pairDef, asked(domain, type, protocol))

interface BindArgs extends OnFd {
  readonly path: string
}

const bindDef = defineCall<BindArgs, void>({
  name: 'bind',
  error: posixError,
  stages: [{ attempt: bindTo }],
})

function bindTo(kernel: Kernel, thread: Thread, { fd, path }: BindArgs): Outcome {
  const open = socketAt(kernel, thread, fd)
  if (typeof open === 'string') return fail(kernel, open)
  if (!isAddress(path)) return fail(kernel, 'EINVAL')
  if (isAbstract(path)) return bindAbstractly(kernel, open, path)
  const made = makeName(kernel, thread, path, 'sock', 0o777)
  if ('error' in made) return fail(kernel, made.error === 'EEXIST' ? 'EADDRINUSE' : made.error)
  const socket = writes(kernel, open.socket, NAME)
  if (socket.path !== null) {
    unlinkName(kernel, thread, made.name)
    return fail(kernel, 'EINVAL')
  }
  socket.path = path
  socket.name = path
  socket.file = made.file
  retain(kernel, made.file)
  socket.bound = install<Bound>(kernel, { id: boundTo(made.file), kind: 'bound socket', socket: open.socket })
  return done(kernel)
}

function bindAbstractly(kernel: Kernel, open: OpenSocket, path: string): Outcome {
  const socket = writes(kernel, open.socket, NAME)
  if (socket.path !== null) return fail(kernel, 'EINVAL')
  const name = abstractly(path, socket.type)
  if (exists(kernel, name)) {
    kernel.footprint.add(name, 0, READ, SEQ_CST)
    return fail(kernel, 'EADDRINUSE')
  }
  socket.path = path
  socket.name = shown(path)
  socket.bound = install<Bound>(kernel, { id: name, kind: 'bound socket', socket: open.socket })
  return done(kernel)
}

/**
 * Gives the socket a name in the file system, where others find it. The name stays when the socket is closed, until it
 * is unlinked: nobody listens there, and it can't be bound again. A name behind a NUL (`'\0name'`) is abstract: no file,
 * open to all, and gone with the socket.
 * @throws PosixError EBADF, ENOTSOCK, EADDRINUSE (there is such a name), EINVAL (it has one already; no path of 1 to 108 bytes), ENOENT, EACCES. bind(2), unix(7)
 */
export const bind = (sockfd: number, path: string): Call<void> =>
  call(bindDef, { fd: integer(sockfd), path: socketAddress(path) })

interface ListenArgs extends OnFd {
  readonly backlog: number
}

const listenDef = defineCall<ListenArgs, void>({
  name: 'listen',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, backlog }) {
        const open = socketAt(kernel, thread, fd)
        if (typeof open === 'string') return fail(kernel, open)
        const socket = writes(kernel, open.socket, STATE)
        if (isConnectionless(socket)) return fail(kernel, 'EOPNOTSUPP')
        if (socket.path === null || socket.state === 'connected') return fail(kernel, 'EINVAL')
        const { backlog: old } = writes(kernel, open.socket, QUEUE)
        socket.backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog
        socket.state = 'listening'
        if (socket.backlog > old) wakeEach(kernel, knocking(open.socket))
        return done(kernel)
      },
    },
  ],
})

/**
 * From now on others can connect. One more than `backlog` can do so before they are accepted.
 * @throws PosixError EBADF, ENOTSOCK, EOPNOTSUPP (SOCK_DGRAM), EINVAL (without a name, or connected). listen(2)
 */
export const listen = (sockfd: number, backlog: number): Call<void> =>
  call(listenDef, { fd: integer(sockfd), backlog: integer(backlog) })

interface ShutdownArgs extends OnFd {
  readonly how: number
}

const shutdownDef = defineCall<ShutdownArgs, void>({
  name: 'shutdown',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { fd, how }) {
        const open = socketAt(kernel, thread, fd)
        if (typeof open === 'string') return fail(kernel, open)
        if (how < SHUT_RD || how > SHUT_RDWR) return fail(kernel, 'EINVAL')
        const mode = how + 1
        const socket = writes(kernel, open.socket, STATE)
        socket.shut |= mode
        tellChange(kernel, open.socket)
        if (socket.peer === null || isConnectionless(socket)) return done(kernel)
        const peer = writes(kernel, socket.peer, STATE)
        peer.shut |= ((mode & RCV) !== 0 ? SND : 0) | ((mode & SND) !== 0 ? RCV : 0)
        tellChange(kernel, socket.peer)
        return done(kernel)
      },
    },
  ],
})

/**
 * Ends one way of a connection, or both, whoever else has the socket open: what has been sent can still be received,
 * then comes the end of file; who sends to where nobody receives any more gets EPIPE. Of a listening socket SHUT_RD
 * ends the listening.
 * @param how SHUT_RD, SHUT_WR or SHUT_RDWR
 * @throws PosixError EBADF, ENOTSOCK, EINVAL. shutdown(2)
 */
export const shutdown = (sockfd: number, how: number): Call<void> =>
  call(shutdownDef, { fd: integer(sockfd), how: integer(how) })
