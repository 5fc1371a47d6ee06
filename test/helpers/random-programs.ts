import fc from 'fast-check'
import { mailbox_create, mailbox_receive, mailbox_send } from '../../ipc/message/index.ts'
import {
  await_,
  type Call,
  CallError,
  type Context,
  choose,
  clock,
  compareExchange,
  compute,
  type Data,
  exit,
  type Faults,
  fork,
  futex_wait,
  futex_wake,
  getppid,
  kill,
  load,
  log,
  map_anonymous,
  type Program,
  pause,
  rmw,
  type Scenario,
  type Signal,
  scenario,
  sigaction,
  sleep,
  store,
  type Type,
  thread_create,
  thread_join,
  type WakeOrder,
  wait,
  yield_,
} from '../../kernel/index.ts'
import { faults } from './random-faults.ts'

/**
 * Random programs that make every kind of call of the kernel's own: memory of all sizes, shared and private, futexes with
 * and without time-outs, children and threads, signals with handlers, sleep, choices, mailboxes. They catch every error.
 */

const WORDS = 4
const NAMES = ['p', 'q', 'r'] as const
const types: readonly Type[] = ['i8', 'u16', 'i32', 'u32', 'i64', 'u64']
const handled: readonly Signal[] = ['SIGUSR1', 'SIGUSR2', 'SIGCHLD', 'SIGSEGV', 'SIGALRM']

export type Op =
  | {
      readonly op: 'load' | 'store' | 'add' | 'swap'
      readonly word: number
      readonly type: Type
      readonly value: number
      readonly area: Area
    }
  | { readonly op: 'wait' | 'wake'; readonly word: number; readonly value: number; readonly timeout: number | null }
  | { readonly op: 'await'; readonly word: number }
  | { readonly op: 'choose' | 'sleep' | 'compute'; readonly value: number }
  | { readonly op: 'yield' | 'clock' | 'log' | 'reap' | 'pause' | 'join' | 'getppid' }
  | { readonly op: 'fork' | 'thread'; readonly body: readonly Op[] }
  | { readonly op: 'handle'; readonly signal: Signal; readonly body: readonly Op[] | null; readonly restart: boolean }
  | { readonly op: 'kill'; readonly other: number; readonly signal: Signal }
  | { readonly op: 'send' | 'receive'; readonly blocking: boolean; readonly value: number }
  | { readonly op: 'exit'; readonly value: number }

/** Shared memory, memory private to each process, memory that is not there. */
type Area = 'shared' | 'private' | 'nowhere'

export interface Case {
  readonly programs: readonly (readonly Op[])[]
  readonly capacity: number
  readonly wakeOrder: WakeOrder
  readonly seed: string
  readonly faults?: Faults
}

const word = fc.nat(WORDS - 1)
const value = fc.nat(3)
const area = fc.constantFrom<Area>('shared', 'shared', 'shared', 'private', 'private', 'nowhere')
const timeout = fc.option(fc.nat(50))

const { op } = fc.letrec<{ op: Op; body: Op[] }>((tie) => ({
  body: fc.array(tie('op'), { maxLength: 4, depthIdentifier: 'body' }),
  op: fc.oneof(
    { depthIdentifier: 'body', depthSize: 'small' },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constantFrom('load', 'store', 'add', 'swap'),
        word,
        type: fc.constantFrom(...types),
        value,
        area,
      }) as fc.Arbitrary<Op>,
    },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constantFrom('wait', 'wake'), word, value, timeout }) as fc.Arbitrary<Op>,
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('await'), word }) as fc.Arbitrary<Op> },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constantFrom('choose', 'sleep', 'compute'), value }) as fc.Arbitrary<Op>,
    },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constantFrom('yield', 'clock', 'log', 'reap', 'pause', 'join', 'getppid'),
      }) as fc.Arbitrary<Op>,
    },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constantFrom('fork', 'thread'), body: tie('body') }) as fc.Arbitrary<Op>,
    },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('handle'),
        signal: fc.constantFrom(...handled),
        body: fc.option(tie('body')),
        restart: fc.boolean(),
      }) as fc.Arbitrary<Op>,
    },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('kill'),
        other: fc.nat(NAMES.length - 1),
        signal: fc.constantFrom<Signal>(...handled, ...handled, 'SIGKILL', 'SIGTERM'),
      }) as fc.Arbitrary<Op>,
    },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constantFrom('send', 'receive'),
        blocking: fc.boolean(),
        value,
      }) as fc.Arbitrary<Op>,
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('exit'), value }) as fc.Arbitrary<Op> },
  ),
}))

export const cases: fc.Arbitrary<Case> = fc.record({
  programs: fc.array(fc.array(op, { maxLength: 8 }), { minLength: NAMES.length, maxLength: NAMES.length }),
  capacity: fc.constantFrom(0, 1, 2, Infinity),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
  seed: fc.string({ minLength: 1, maxLength: 4 }),
})

/** The same, and in most of them things may go wrong. */
export const faultyCases: fc.Arbitrary<Case> = fc
  .tuple(cases, faults(NAMES, handled))
  .map(([one, faults]) => ({ ...one, faults }))

interface Shared {
  readonly shared: number
  readonly own: number
  readonly box: string
}

/** The scenario of a case. A run of more than 300 steps is cut off: a program may send itself signals for ever. */
export function scenarioOf({ programs, capacity, wakeOrder, faults }: Case): Scenario {
  return scenario('random', {
    *setup(): Program<Shared> {
      const shared = yield* map_anonymous(4096, { name: 'shared' })
      const own = yield* map_anonymous(4096, { shared: false, name: 'own' })
      return { shared, own, box: yield* mailbox_create('box', { capacity }) }
    },
    programs: Object.fromEntries(
      NAMES.map((name, at) => [name, (context: Context) => body(programs[at] ?? [], context)]),
    ),
    expect: 'holds',
    wakeOrder,
    maxSteps: 300,
    ...(faults === undefined ? {} : { faults }),
  })
}

function* body(ops: readonly Op[], context: Context): Program {
  const threads: string[] = []
  for (const one of ops) {
    try {
      const said = yield* perform(one, context, threads)
      if (said !== undefined) yield* log(`${one.op} gave ${said}`)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      yield* log(`${one.op} failed: ${error.code} ${JSON.stringify(error.detail)}`)
    }
  }
}

function* perform(one: Op, context: Context, threads: string[]): Program<unknown> {
  const { shared, own, box } = context.shared as Shared
  switch (one.op) {
    case 'load':
    case 'store':
    case 'add':
    case 'swap':
      return yield* access(one, one.area === 'nowhere' ? 16 : one.area === 'private' ? own : shared)
    case 'wait':
      return yield* futex_wait(shared + one.word * 8, one.value, one.timeout)
    case 'wake':
      return yield* futex_wake(shared + one.word * 8, one.value)
    case 'await':
      return yield* await_(shared + one.word * 8, 'i32', (now) => now !== 0)
    case 'choose':
      return yield* choose(one.value + 1)
    case 'sleep':
      return yield* sleep(one.value)
    case 'compute':
      return yield* compute(one.value)
    case 'fork':
      return yield* fork(body, one.body, context)
    case 'thread':
      return threads.push(yield* thread_create(body, one.body, context))
    case 'join':
      return yield* thread_join(threads.pop() ?? context.name)
    case 'handle':
      return yield* sigaction(one.signal, one.body === null ? 'ignore' : handlerOf(one.body, context), one)
    case 'kill':
      return yield* kill(context.pids[NAMES[one.other] ?? ''] ?? 0, one.signal)
    case 'send':
      return yield* mailbox_send(box, { from: context.name, list: [one.value, 'a'] }, one)
    case 'receive': {
      const got = yield* mailbox_receive<{ from: string; list: Data[] }>(box, one)
      got.list.push('mine to change')
      return got.from
    }
    case 'log':
      return yield* log('a line')
    default:
      return yield* plain(one.op === 'exit' ? exit(one.value) : simple[one.op]())
  }
}

const simple: Record<'yield' | 'clock' | 'reap' | 'pause' | 'getppid', () => Call<unknown>> = {
  yield: yield_,
  clock,
  reap: () => wait(),
  pause,
  getppid,
}

function* plain(call: Call<unknown>): Program<unknown> {
  return yield* call
}

function handlerOf(ops: readonly Op[], context: Context) {
  return function* handler(signal: string): Program {
    yield* log(`handles ${signal}`)
    yield* body(ops, context)
  }
}

function* access(one: Extract<Op, { word: number; type: Type }>, base: number): Program<unknown> {
  const { type, value: number } = one
  const address = base + one.word * 8
  const wide = type === 'i64' || type === 'u64'
  const operand = (wide ? BigInt(number) : number) as never // of the type that the type's name says
  switch (one.op) {
    case 'load':
      return yield* load(address, type, 'acquire')
    case 'store':
      return yield* store(address, type, operand)
    case 'swap':
      return yield* compareExchange(address, type, (wide ? 0n : 0) as never, operand)
    default:
      return yield* rmw('add', address, type, operand)
  }
}
