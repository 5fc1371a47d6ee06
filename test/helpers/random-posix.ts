import fc from 'fast-check'
import * as posix from '../../ipc/posix/index.ts'
import {
  type Call,
  CallError,
  type Context,
  exit,
  type Faults,
  fork,
  kill,
  load,
  log,
  map_anonymous,
  type Program,
  type Scenario,
  type Signal,
  scenario,
  sigaction,
  store,
  thread_create,
  umask,
  type WakeOrder,
} from '../../kernel/index.ts'
import { faults } from './random-faults.ts'

/**
 * Random programs that make every POSIX call with arguments that are mostly right: two objects and two semaphores by
 * name, memory mapped at three places and in common, semaphores, mutexes and conditions in all of it, faults, children,
 * threads, signals. They catch every error.
 */

/** One call: which, and numbers out of which its arguments are made. */
export interface PosixOp {
  readonly op: string
  readonly a: number
  readonly b: number
  readonly c: number
  /** What a child, a thread or a handler does. */
  readonly body: readonly PosixOp[]
}

export interface PosixCase {
  readonly programs: readonly (readonly PosixOp[])[]
  readonly wakeOrder: WakeOrder
  readonly seed: string
  readonly faults: Faults
}

/** What a running program knows. */
interface Knowing {
  readonly context: Context
  /** Addresses that sem_open has returned. */
  readonly opened: number[]
}

const NAMES = ['p', 'q', 'r'] as const
const OFFSETS = [0, 32, 64, 4064, 4096, 8000]
const LENGTHS = [0, 1, 100, 4096, 5000, 8192]
const FLAGS = [
  posix.O_RDWR | posix.O_CREAT,
  posix.O_RDWR | posix.O_CREAT,
  posix.O_RDWR | posix.O_CREAT | posix.O_EXCL,
  posix.O_RDWR | posix.O_TRUNC,
  posix.O_RDONLY,
]
const TIMES: readonly posix.Timespec[] = [
  { tv_sec: 0, tv_nsec: 0 },
  { tv_sec: 0, tv_nsec: 50 },
  { tv_sec: 1, tv_nsec: 0 },
  { tv_sec: 0, tv_nsec: 1e9 },
]
const SIGNALS: readonly Signal[] = ['SIGUSR1', 'SIGUSR2', 'SIGSEGV', 'SIGBUS', 'SIGCHLD']

const PRIVATE = 0x5000_0000

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T // no list is empty
const object = (a: number): string => pick(['/a', '/b', '/sem.s'], a)
const semaphore = (a: number): string => pick(['/s', '/t'], a)
const slot = (a: number): number => 0x4000_0000 + (a % 3) * 0x1_0000

const queue = (a: number): string => pick(['/q', '/r'], a)
const attr = (b: number, c: number): posix.MqCreate => ({ mq_maxmsg: 1 + (b % 2), mq_msgsize: pick([8, 0, 4], c) })
const event = (b: number): posix.SignalEvent | null =>
  pick(
    [{ sigev_notify: posix.SIGEV_SIGNAL, sigev_signo: pick(SIGNALS, b) }, { sigev_notify: posix.SIGEV_NONE }, null],
    b,
  )
/** Keys of System V, and how they are asked for. */
const key = (a: number): number => pick([1, 1, 2, posix.IPC_PRIVATE], a)
const ipc = (b: number): number =>
  pick([posix.IPC_CREAT | 0o600, posix.IPC_CREAT | 0o600, posix.IPC_CREAT | posix.IPC_EXCL | 0o600, 0o600], b)
const noWait = (c: number): number => pick([posix.IPC_NOWAIT, 0, posix.MSG_NOERROR, posix.MSG_EXCEPT], c)
const sops = (a: number, b: number, c: number): posix.Sembuf[] =>
  [
    { sem_num: a % 2, sem_op: (b % 4) - 2, sem_flg: pick([0, posix.SEM_UNDO, posix.IPC_NOWAIT], c) },
    { sem_num: b % 2, sem_op: (c % 4) - 2, sem_flg: pick([posix.SEM_UNDO, 0], a) },
  ].slice(c % 2)

/** Somewhere in memory: in common, at one of the places, or where a semaphore is open. */
function place({ context, opened }: Knowing, a: number, b: number): number {
  const common = context.shared as number // what `inCommon` returns
  const bases = [common, common, PRIVATE, slot(b), ...opened.slice(-1)]
  return pick(bases, a) + pick(OFFSETS, b)
}

type Maker = (a: number, b: number, c: number, knowing: Knowing) => Call<unknown>

const makers: { readonly [op: string]: Maker } = {
  shm_open: (a, b) => posix.shm_open(object(a), pick(FLAGS, b), 0o600),
  shm_unlink: (a) => posix.shm_unlink(object(a)),
  ftruncate: (a, b) => posix.ftruncate(3 + (a % 3), pick(LENGTHS, b)),
  fstat: (a) => posix.fstat(3 + (a % 3)),
  close: (a) => posix.close(3 + (a % 3)),
  dup: (a) => posix.dup(3 + (a % 3)),
  dup2: (a, b) => posix.dup2(3 + (a % 3), 3 + (b % 4)),
  lseek: (a, b, c) => posix.lseek(3 + (a % 3), pick(LENGTHS, b), c % 4),
  read: (a, b) => posix.read(3 + (a % 3), pick(LENGTHS, b) % 300),
  write: (a, b) => posix.write(3 + (a % 3), 'abc\0é'.repeat(b % 4)),
  pipe: () => posix.pipe(),
  socketpair: () => posix.socketpair(posix.AF_UNIX, posix.SOCK_STREAM),
  mmap: (a, b, c) => {
    const flags = pick(
      [posix.MAP_SHARED, posix.MAP_SHARED, posix.MAP_PRIVATE, posix.MAP_PRIVATE | posix.MAP_ANONYMOUS],
      c,
    )
    const prot = pick([3, 3, 3, 1, 2], b)
    return posix.mmap(slot(a), pick(LENGTHS, b), prot, flags | posix.MAP_FIXED, 3 + (b % 2), (c % 2) * 4096)
  },
  munmap: (a, b) => posix.munmap(slot(a) + (b % 2) * 4096, pick(LENGTHS, b)),
  mprotect: (a, b, c) => posix.mprotect(slot(a) + (b % 2) * 4096, pick(LENGTHS, b), c % 4),
  load: (a, b, _, knowing) => load(place(knowing, a, b), 'u32'),
  store: (a, b, c, knowing) => store(place(knowing, a, b), 'u8', c),
  sem_open: (a, b, c) =>
    posix.sem_open(semaphore(a), pick([posix.O_CREAT, 0, posix.O_CREAT | posix.O_EXCL], b), 0o600, c % 3),
  sem_close: (a, b, _, knowing) => posix.sem_close(pick([...knowing.opened, place(knowing, a, b)], a)),
  sem_unlink: (a) => posix.sem_unlink(semaphore(a)),
  sem_init: (a, b, c, knowing) => posix.sem_init(place(knowing, a, b), 1, c % 3),
  sem_wait: (a, b, _, knowing) => posix.sem_wait(place(knowing, a, b)),
  sem_trywait: (a, b, _, knowing) => posix.sem_trywait(place(knowing, a, b)),
  sem_timedwait: (a, b, c, knowing) => posix.sem_timedwait(place(knowing, a, b), pick(TIMES, c)),
  sem_post: (a, b, _, knowing) => posix.sem_post(place(knowing, a, b)),
  sem_getvalue: (a, b, _, knowing) => posix.sem_getvalue(place(knowing, a, b)),
  mutex_init: (a, b, c, knowing) =>
    posix.pthread_mutex_init(place(knowing, a, b), { type: c % 4, robust: (a + c) % 2 }),
  mutex_consistent: (a, b, _, knowing) => posix.pthread_mutex_consistent(place(knowing, a, b)),
  mutex_lock: (a, b, _, knowing) => posix.pthread_mutex_lock(place(knowing, a, b)),
  mutex_trylock: (a, b, _, knowing) => posix.pthread_mutex_trylock(place(knowing, a, b)),
  mutex_timedlock: (a, b, c, knowing) => posix.pthread_mutex_timedlock(place(knowing, a, b), pick(TIMES, c)),
  mutex_unlock: (a, b, _, knowing) => posix.pthread_mutex_unlock(place(knowing, a, b)),
  mutex_destroy: (a, b, _, knowing) => posix.pthread_mutex_destroy(place(knowing, a, b)),
  cond_init: (a, b, _, knowing) => posix.pthread_cond_init(place(knowing, a, b)),
  cond_wait: (a, b, c, knowing) => posix.pthread_cond_wait(place(knowing, a, b), place(knowing, a, c)),
  cond_timedwait: (a, b, c, knowing) =>
    posix.pthread_cond_timedwait(place(knowing, a, b), place(knowing, a, c), pick(TIMES, c)),
  cond_signal: (a, b, _, knowing) => posix.pthread_cond_signal(place(knowing, a, b)),
  cond_broadcast: (a, b, _, knowing) => posix.pthread_cond_broadcast(place(knowing, a, b)),
  cond_destroy: (a, b, _, knowing) => posix.pthread_cond_destroy(place(knowing, a, b)),
  rdlock: (a, b, _, knowing) => posix.pthread_rwlock_rdlock(place(knowing, a, b)),
  tryrdlock: (a, b, _, knowing) => posix.pthread_rwlock_tryrdlock(place(knowing, a, b)),
  timedrdlock: (a, b, c, knowing) => posix.pthread_rwlock_timedrdlock(place(knowing, a, b), pick(TIMES, c)),
  wrlock: (a, b, _, knowing) => posix.pthread_rwlock_wrlock(place(knowing, a, b)),
  trywrlock: (a, b, _, knowing) => posix.pthread_rwlock_trywrlock(place(knowing, a, b)),
  timedwrlock: (a, b, c, knowing) => posix.pthread_rwlock_timedwrlock(place(knowing, a, b), pick(TIMES, c)),
  rwlock_unlock: (a, b, _, knowing) => posix.pthread_rwlock_unlock(place(knowing, a, b)),
  rwlock_init: (a, b, c, knowing) => posix.pthread_rwlock_init(place(knowing, a, b), { kind: c % 4 }),
  barrier_init: (a, b, c, knowing) => posix.pthread_barrier_init(place(knowing, a, b), c % 4),
  barrier_wait: (a, b, _, knowing) => posix.pthread_barrier_wait(place(knowing, a, b)),
  barrier_destroy: (a, b, _, knowing) => posix.pthread_barrier_destroy(place(knowing, a, b)),
  mq_open: (a, b, c) =>
    posix.mq_open(queue(a), pick(FLAGS, b) | (c % 3 === 0 ? posix.O_NONBLOCK : 0), 0o600, attr(b, c)),
  mq_unlink: (a) => posix.mq_unlink(queue(a)),
  mq_send: (a, b, c) => posix.mq_send(3 + (a % 3), 'abcde'.slice(c % 6), b),
  mq_timedsend: (a, b, c) => posix.mq_timedsend(3 + (a % 3), 'xyz', b, pick(TIMES, c)),
  mq_receive: (a, b) => posix.mq_receive(3 + (a % 3), pick([8, 8, 2], b)),
  mq_timedreceive: (a, _, c) => posix.mq_timedreceive(3 + (a % 3), 8, pick(TIMES, c)),
  mq_getattr: (a) => posix.mq_getattr(3 + (a % 3)),
  mq_setattr: (a, b) => posix.mq_setattr(3 + (a % 3), { mq_flags: b % 2 === 0 ? posix.O_NONBLOCK : 0 }),
  mq_notify: (a, b) => posix.mq_notify(3 + (a % 3), event(b)),
  msgget: (a, b) => posix.msgget(key(a), ipc(b)),
  msgsnd: (a, b, c) =>
    posix.msgsnd(a % 3, { mtype: b % 4, mtext: 'x'.repeat(pick([1, 8192, 5000], c)) }, noWait(a + c)),
  msgrcv: (a, b, c) => posix.msgrcv(a % 3, pick([1, 9000, 9000], c), (b % 5) - 2, noWait(a + b)),
  msg_rmid: (a) => posix.msgctl(a % 3, posix.IPC_RMID),
  msg_stat: (a) => posix.msgctl(a % 3, posix.IPC_STAT),
  semget: (a, b) => posix.semget(key(a), 2, ipc(b)),
  semop: (a, b, c) => posix.semop(a % 3, sops(a, b, c)),
  semtimedop: (a, b, c) => posix.semtimedop(a % 3, sops(a, b, c), pick(TIMES, c)),
  setval: (a, b, c) => posix.semctl(a % 3, b % 2, posix.SETVAL, c),
  getncnt: (a, b) => posix.semctl(a % 3, b % 2, posix.GETNCNT),
  sem_rmid: (a) => posix.semctl(a % 3, 0, posix.IPC_RMID),
  shmget: (a, b) => posix.shmget(key(a), 5000, ipc(b)),
  shmat: (a, b) => posix.shmat(a % 3, slot(b), b % 2 === 0 ? 0 : posix.SHM_REMAP),
  shmdt: (a) => posix.shmdt(slot(a)),
  shm_rmid: (a) => posix.shmctl(a % 3, posix.IPC_RMID),
  shm_stat: (a) => posix.shmctl(a % 3, posix.IPC_STAT),
  clock_gettime: () => posix.clock_gettime(posix.CLOCK_REALTIME),
  umask: (a) => umask(a % 0o777),
  kill: (a, b, _, { context }) =>
    kill(context.pids[pick(NAMES, a)] ?? 0, pick<Signal>([...SIGNALS, 'SIGUSR1', 'SIGUSR2', 'SIGKILL'], b)),
  exit: (a) => exit(a),
}

const nested = ['fork', 'thread', 'handle']
const number = fc.nat(11)

const { op } = fc.letrec<{ op: PosixOp; body: PosixOp[] }>((tie) => ({
  body: fc.array(tie('op'), { maxLength: 4, depthIdentifier: 'body' }),
  op: fc.oneof(
    { depthIdentifier: 'body', depthSize: 'small' },
    {
      weight: 8,
      arbitrary: fc.record({
        op: fc.constantFrom(...Object.keys(makers).filter((name) => name !== 'exit')),
        a: number,
        b: number,
        c: number,
        body: fc.constant([]),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constantFrom('exit', ...nested),
        a: number,
        b: number,
        c: number,
        body: tie('body'),
      }),
    },
  ),
}))

/** In most of them things may go wrong. */
export const posixCases: fc.Arbitrary<PosixCase> = fc.record({
  faults: faults(NAMES, SIGNALS),
  programs: fc.array(fc.array(op, { maxLength: 12 }), { minLength: NAMES.length, maxLength: NAMES.length }),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
  seed: fc.string({ minLength: 1, maxLength: 4 }),
})

/** The scenario of a case. */
export function posixScenario({ programs, wakeOrder, faults }: PosixCase): Scenario {
  return scenario('random', {
    setup: () => inCommon(),
    programs: Object.fromEntries(
      NAMES.map((name, at) => [name, (context: Context) => first(programs[at] ?? [], context)]),
    ),
    expect: 'holds',
    wakeOrder,
    maxSteps: 300,
    faults,
  })
}

/** What is private is so from the start, so that a run's first store to it is the copy. */
function* inCommon(): Program<number> {
  const how = posix.MAP_PRIVATE | posix.MAP_ANONYMOUS | posix.MAP_FIXED
  yield* posix.mmap(PRIVATE, 3 * 4096, 3, how, -1, 0)
  yield* store(PRIVATE, 'u8', 1)
  // So that not all calls on System V objects fail: those with the ids 0.
  yield* posix.msgget(1, posix.IPC_CREAT | 0o600)
  yield* posix.semget(1, 2, posix.IPC_CREAT | 0o600)
  yield* posix.shmget(1, 5000, posix.IPC_CREAT | 0o600)
  return yield* map_anonymous(3 * 4096, { name: 'common' })
}

/** Most faults are caught, or the first would end the program; r's end it. */
function* first(ops: readonly PosixOp[], context: Context): Program {
  if (context.name !== 'r') {
    yield* sigaction('SIGSEGV', function* () {})
    yield* sigaction('SIGBUS', function* () {})
  }
  yield* body(ops, context)
}

function* body(ops: readonly PosixOp[], context: Context): Program {
  const knowing: Knowing = { context, opened: [] }
  for (const one of ops) {
    try {
      const said = yield* perform(one, knowing)
      if (one.op === 'sem_open') knowing.opened.push(said as number) // its address
      yield* log(`${one.op} gave ${JSON.stringify(said)}`)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      yield* log(`${one.op} failed: ${error.code}`)
    }
  }
}

function* perform({ op: name, a, b, c, body: inner }: PosixOp, knowing: Knowing): Program<unknown> {
  const { context } = knowing
  if (name === 'fork') return yield* fork(body, inner, context)
  if (name === 'thread') return yield* thread_create(body, inner, context)
  if (name === 'handle') {
    return yield* sigaction(pick(SIGNALS, a), () => body(inner, context), { restart: b % 2 === 0 })
  }
  const make = makers[name]
  if (make === undefined) throw new Error(`there is no ${name}`)
  return yield* make(a, b, c, knowing)
}
