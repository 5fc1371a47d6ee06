import fc from 'fast-check'
import {
  type Call,
  CallError,
  type Context,
  choose,
  clock,
  compute,
  io,
  kill,
  load,
  map_anonymous,
  nice,
  type Program,
  type Scenario,
  type Scheduling,
  scenario,
  sched_setaffinity,
  sched_setparam,
  sigaction,
  sleep,
  spawn,
  store,
  thread_create,
  wait_period,
  yield_,
} from 'ipclab/kernel'
import {
  fromNs,
  pipe,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  read,
  sem_init,
  sem_post,
  sem_timedwait,
  sem_wait,
  write,
} from 'ipclab/posix'
import type { OnMachine } from 'ipclab/scheduler'
import { unit, x86, zero } from 'ipclab/scheduler'

/**
 * Random programs for a dispatcher: they compute, sleep, do I/O, wait for each other by mutex, semaphore and pipe with
 * and without a time limit, send signals, make threads and children that arrive later, and change what their scheduling
 * goes by. They catch every error; some end in a deadlock.
 */

export interface TimedOp {
  readonly op: string
  readonly a: number
  readonly b: number
  readonly body: readonly TimedOp[]
}

export interface TimedProcess extends Scheduling {
  readonly priority: number
  readonly arrives: number
  readonly ops: readonly TimedOp[]
}

type Made = (op: TimedOp, given: Given) => Program<unknown> | Call<unknown>

interface Given extends Context {
  readonly shared: { readonly memory: number; readonly ends: readonly [number, number] }
}

const mutex = ({ shared }: Given, a: number): number => shared.memory + (a % 2) * 64
const semaphore = ({ shared }: Given, a: number): number => shared.memory + 128 + (a % 2) * 4

/** Nothing of this makes a thread lose the CPU but that it waits, or its policy. */
const waiting: { readonly [op: string]: Made } = {
  compute: ({ a, b }) => compute(a * (b % 8)),
  sleep: ({ a }) => sleep(a),
  io: ({ a }) => io(a),
  *lock({ a, body }, given) {
    yield* pthread_mutex_lock(mutex(given, a))
    yield* perform(body, given)
    yield* pthread_mutex_unlock(mutex(given, a))
  },
  wait: ({ a }, given) => sem_wait(semaphore(given, a)),
  *timedwait({ a, b }, given) {
    yield* sem_timedwait(semaphore(given, a), fromNs((yield* clock()) + b))
  },
  post: ({ a }, given) => sem_post(semaphore(given, a)),
  write: ({ a }, given) => write(given.shared.ends[1], 'x'.repeat(1 + (a % 8))),
  read: ({ a }, given) => read(given.shared.ends[0], 1 + (a % 8)),
  load: ({ a }, { shared }) => load(shared.memory + 1024 + 4 * a * 16, 'i32'),
  store: ({ a }, { shared }) => store(shared.memory + 1024 + 4 * a * 16, 'i32', a),
  spawn: ({ a, b, body }, given) =>
    spawn({ ...(a % 3 === 0 ? {} : { at: a * 10 }), priority: b % 4, tickets: 1 + b }, perform, body, given),
}

const disturbing: { readonly [op: string]: Made } = {
  yield: () => yield_(),
  thread: ({ body }, given) => thread_create(perform, body, given),
  *choose({ a }) {
    yield* compute(yield* choose(1 + a))
  },
  handle: ({ body }, given) => sigaction('SIGUSR1', () => perform(body, given), { restart: body.length % 2 === 0 }),
  kill: ({ a, b }, { pids }) =>
    kill(Object.values(pids)[a % Object.keys(pids).length] ?? 0, b % 9 === 0 ? 'SIGKILL' : 'SIGUSR1'),
  nice: ({ a, b }) => nice(b % 2 === 0 ? a % 5 : -(a % 5)),
  setparam: ({ a, b }, { pids }) => sched_setparam(Object.values(pids)[b % Object.keys(pids).length] ?? 0, a % 6),
  setaffinity: ({ a, b }) => sched_setaffinity(0, a % 2 === 0 ? [0] : [0, b % 4]),
  period: () => wait_period(),
}

const makers = { ...waiting, ...disturbing }

function* perform(ops: readonly TimedOp[], given: Given): Program {
  for (const one of ops) {
    try {
      yield* makers[one.op]?.(one, given) ?? compute(1)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
    }
  }
}

const NESTED = ['lock', 'spawn', 'thread', 'handle']
const number = fc.nat(60)

const opsOf = (names: readonly string[]): fc.Arbitrary<TimedOp[]> =>
  fc.letrec<{ op: TimedOp; body: TimedOp[] }>((tie) => ({
    body: fc.array(tie('op'), { maxLength: 4, depthIdentifier: 'body' }),
    op: fc.oneof(
      { depthIdentifier: 'body', depthSize: 'small' },
      {
        weight: 3,
        arbitrary: fc.record({
          op: fc.constantFrom('compute', 'compute', 'sleep'),
          a: number,
          b: number,
          body: fc.constant([]),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          op: fc.constantFrom(...names.filter((name) => !NESTED.includes(name))),
          a: number,
          b: number,
          body: fc.constant([]),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          op: fc.constantFrom(...names.filter((name) => NESTED.includes(name))),
          a: number,
          b: number,
          body: tie('body'),
        }),
      },
    ),
  })).body

const time = fc.integer({ min: 1, max: 300 })

const processOf = (ops: fc.Arbitrary<TimedOp[]>, affinity: boolean): fc.Arbitrary<TimedProcess> =>
  fc.record(
    {
      priority: fc.nat(5),
      arrives: fc.oneof(fc.constant(0), fc.nat(200)),
      ops: fc.array(ops, { minLength: 1, maxLength: 3 }).map((parts) => parts.flat()),
      nice: fc.integer({ min: -20, max: 19 }),
      tickets: fc.integer({ min: 1, max: 300 }),
      length: time,
      period: time,
      deadline: time,
      // CPU 0 is always there.
      ...(affinity ? { cpus: fc.constantFrom([0], [0, 1], [0, 2, 3]) } : {}),
    },
    { requiredKeys: ['priority', 'arrives', 'ops'] },
  )

/** Of several processes. `quiet`: threads lose the CPU when they wait, or when their policy takes it from them. */
export const timedPrograms = ({ quiet = false, affinity = true } = {}): fc.Arbitrary<TimedProcess[]> =>
  fc.array(processOf(opsOf(Object.keys(quiet ? waiting : makers)), affinity), { minLength: 1, maxLength: 6 })

export function timedScenario(processes: readonly TimedProcess[]): Scenario {
  return scenario('timed', {
    *setup() {
      const memory = yield* map_anonymous(8192, { name: 'common' })
      yield* sem_init(memory + 128, 1, 1)
      yield* sem_init(memory + 132, 1, 0)
      return { memory, ends: yield* pipe() }
    },
    programs: Object.fromEntries(
      processes.map(({ ops, ...said }, at) => [
        `p${at}`,
        { ...said, program: (context: Context) => perform(ops, context as Given) }, // setup returns what it has
      ]),
    ),
    races: 'ignore',
    expect: 'holds',
  })
}

/** Every policy, with times that fit these programs. */
export const POLICIES = [
  'fifo',
  'sjf',
  'srtf',
  'rr:quantum=20',
  'priority',
  'priority:inherit',
  'priority:ceiling',
  'mlfq:queues=3:quantum=10:allotment=2:boost=150',
  'mlfq:queues=2:quantum=15:stay:bump',
  'lottery:quantum=20',
  'stride:quantum=20',
  'cfs:latency=60:granularity=10:wakeup=10',
  'eevdf:slice=30',
  'edf',
  'rate-monotonic',
] as const

/** A user's own costs: every kind of them, each another number. */
export const OWN = {
  name: 'own',
  call: 3,
  access: 1,
  atomic: 2,
  cacheLine: 5,
  pageFault: 7,
  resume: 4,
  threadSwitch: 6,
  processSwitch: 11,
  migration: 13,
  copy: 0.5,
  calls: { compute: 1, sem_post: 9 },
}

export const machines: fc.Arbitrary<OnMachine> = fc.record({
  cpus: fc.integer({ min: 1, max: 4 }),
  queues: fc.constantFrom('global', 'per-cpu'),
  costs: fc.constantFrom(zero, unit, x86, OWN),
})
