import fc from 'fast-check'
import * as posix from '../../ipc/posix/index.ts'
import {
  type Call,
  CallError,
  type Context,
  fork,
  kill,
  log,
  type Program,
  type Scenario,
  type Signal,
  scenario,
  sigaction,
  thread_create,
  type WakeOrder,
} from '../../kernel/index.ts'

/**
 * Random programs over what goes through descriptors: a pipe, one that does not wait, pairs of sockets of each type, a
 * FIFO, a listening socket and a datagram socket with names. They catch every error.
 */

export interface FileOp {
  readonly op: string
  readonly a: number
  readonly b: number
  readonly c: number
  /** What a child or a thread does. */
  readonly body: readonly FileOp[]
}

export interface FileCase {
  readonly programs: readonly (readonly FileOp[])[]
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

export const NAMES = ['p', 'q', 'r'] as const
const SIZES = [1, 2, 3, 4096, 5000, 40_000, 65_536, 70_000, 100_000]
const OPEN = [
  posix.O_RDONLY,
  posix.O_WRONLY,
  posix.O_RDWR,
  posix.O_RDONLY | posix.O_NONBLOCK,
  posix.O_WRONLY | posix.O_NONBLOCK,
]
const TYPES = [posix.SOCK_STREAM, posix.SOCK_DGRAM, posix.SOCK_SEQPACKET]
const RECV = [0, 0, posix.MSG_DONTWAIT, posix.MSG_PEEK, posix.MSG_WAITALL, posix.MSG_TRUNC]
const SIGNALS: readonly Signal[] = ['SIGUSR1', 'SIGUSR2', 'SIGUSR1', 'SIGKILL']

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T // no list is empty
/** Those that setup has opened, 3 to 15, and what comes after. */
const fd = (a: number): number => 3 + (a % 16)
const letters = (b: number, c: number): string => 'abcdefghijkl'.charAt(c % 12).repeat(pick(SIZES, b))

type Maker = (a: number, b: number, c: number, pid: (name: string) => number) => Call<unknown>

const makers: { readonly [op: string]: Maker } = {
  read: (a, b) => posix.read(fd(a), pick(SIZES, b)),
  read_again: (a, b) => posix.read(fd(a), pick(SIZES, b)),
  write: (a, b, c) => posix.write(fd(a), letters(b, c)),
  write_again: (a, b, c) => posix.write(fd(a), letters(b, c)),
  close: (a) => posix.close(fd(a)),
  close_again: (a) => posix.close(fd(a)),
  dup: (a) => posix.dup(fd(a)),
  dup2: (a, b) => posix.dup2(fd(a), fd(b)),
  nonblock: (a, b) => posix.fcntl(fd(a), posix.F_SETFL, b % 2 === 0 ? posix.O_NONBLOCK : 0),
  resize: (a, b) => posix.fcntl(fd(a), posix.F_SETPIPE_SZ, pick(SIZES, b)),
  ioctl: (a) => posix.ioctl(fd(a), posix.FIONREAD),
  pipe: (a) => posix.pipe(pick([0, posix.O_NONBLOCK, posix.O_DIRECT], a)),
  open: (a, b) => posix.open(pick(['f', 'f', 'g', 'u'], a), pick(OPEN, b)),
  mkfifo: (a) => posix.mkfifo(pick(['f', 'g'], a), 0o600),
  unlink: (a) => posix.unlink(pick(['f', 'g', 'u', 'v'], a)),
  poll: (a, b, c) =>
    posix.poll(
      [
        { fd: fd(a), events: posix.POLLIN },
        { fd: fd(b), events: posix.POLLOUT },
      ],
      (c % 3) - 1,
    ),
  socket: (a) => posix.socket(posix.AF_UNIX, pick(TYPES, a)),
  socketpair: (a) => posix.socketpair(posix.AF_UNIX, pick(TYPES, a)),
  bind: (a, b) => posix.bind(fd(a), pick(['u', '\0w', 'w'], b)),
  listen: (a, b) => posix.listen(fd(a), b % 2),
  accept: (a) => posix.accept(fd(a)),
  connect: (a, b) => posix.connect(fd(a), pick(['u', 'u', 'v', '\0w'], b)),
  shutdown: (a, b) => posix.shutdown(fd(a), b % 3),
  send: (a, b, c) => posix.send(fd(a), letters(b, c), pick([0, 0, posix.MSG_DONTWAIT, posix.MSG_NOSIGNAL], c)),
  sendto: (a, b, c) =>
    posix.sendto(fd(a), letters(b % 3, c), c % 2 === 0 ? 0 : posix.MSG_DONTWAIT, pick(['v', 'w'], b)),
  sendmsg: (a, b, c) => posix.sendmsg(fd(a), { data: 'fd', fds: [fd(b), fd(c)].slice(c % 2) }),
  recv: (a, b, c) => posix.recv(fd(a), pick(SIZES, b), pick(RECV, c)),
  recvmsg: (a, b, c) => posix.recvmsg(fd(a), pick(SIZES, b), pick(RECV, c), c % 3),
  kill: (a, b, _, pid) => kill(pid(pick(NAMES, a)), pick(SIGNALS, b)),
}

const number = fc.nat(15)

const plain = (names: readonly string[]): fc.Arbitrary<FileOp> =>
  fc.record({ op: fc.constantFrom(...names), a: number, b: number, c: number, body: fc.constant([]) })

const nested = (inner: fc.Arbitrary<FileOp>): fc.Arbitrary<FileOp> =>
  fc.record({
    op: fc.constantFrom('fork', 'thread'),
    a: number,
    b: number,
    c: number,
    body: fc.array(inner, { maxLength: 4 }),
  })

interface Wish {
  /** How many calls a program makes at most. */
  readonly ops?: number
  /** Without signals: default is with them. */
  readonly signals?: boolean
}

export function fileCases({ ops = 10, signals = true }: Wish = {}): fc.Arbitrary<FileCase> {
  const calls = plain(Object.keys(makers).filter((name) => signals || name !== 'kill'))
  const op = fc.oneof({ weight: 9, arbitrary: calls }, { weight: 1, arbitrary: nested(calls) })
  return fc.record({
    programs: fc.array(fc.array(op, { maxLength: ops }), { minLength: 2, maxLength: NAMES.length }),
    wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  })
}

export function filesScenario({ programs, wakeOrder }: Omit<FileCase, 'seed'>): Scenario {
  return scenario('random', {
    *setup() {
      yield* posix.pipe()
      yield* posix.pipe(posix.O_NONBLOCK)
      for (const type of TYPES) yield* posix.socketpair(posix.AF_UNIX, type)
      yield* posix.mkfifo('f', 0o600)
      const listener = yield* posix.socket(posix.AF_UNIX, posix.SOCK_STREAM)
      yield* posix.bind(listener, 'u')
      yield* posix.listen(listener, 0)
      yield* posix.bind(yield* posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM), 'v')
      yield* posix.socket(posix.AF_UNIX, posix.SOCK_STREAM)
    },
    programs: Object.fromEntries(
      programs.map((ops, at) => [pick(NAMES, at), (context: Context) => first(ops, context)]),
    ),
    expect: 'holds',
    deadlocks: 'total',
    wakeOrder,
    maxSteps: 300,
  })
}

function* first(ops: readonly FileOp[], context: Context): Program {
  yield* sigaction('SIGUSR1', function* () {})
  yield* sigaction('SIGUSR2', function* () {}, { restart: true })
  yield* sigaction('SIGPIPE', function* () {})
  yield* body(ops, context)
}

function* body(ops: readonly FileOp[], context: Context): Program {
  for (const one of ops) {
    try {
      const said = yield* perform(one, context)
      yield* log(`${one.op} gave ${JSON.stringify(said)?.slice(0, 40)}`)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      yield* log(`${one.op} failed: ${error.code}`)
    }
  }
}

function* perform({ op, a, b, c, body: inner }: FileOp, context: Context): Program<unknown> {
  if (op === 'fork') return yield* fork(body, inner, context)
  if (op === 'thread') return yield* thread_create(body, inner, context)
  const make = makers[op]
  if (make === undefined) throw new Error(`there is no ${op}`)
  return yield* make(a, b, c, (name) => context.pids[name] ?? -1)
}
