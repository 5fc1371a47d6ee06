import fc from 'fast-check'
import {
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from '../../ipc/posix/index.ts'
import {
  assert,
  assume,
  type Context,
  choose,
  compareExchange,
  futex_wait,
  futex_wake,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  sleep,
  thread_create,
  type WakeOrder,
} from '../../kernel/index.ts'

/**
 * Small random programs of which many fail, in few schedules or in many: locks taken in any order and not given back,
 * semaphores, words that are read and written, ghosts that are counted, kept in a variable and asserted on.
 */

const WORDS = 2
const LOCKS = 2

export type FailingOp =
  | { readonly op: 'load' | 'store' | 'add' | 'swap'; readonly word: number; readonly value: number }
  | { readonly op: 'lock' | 'unlock' | 'wait' | 'post' | 'condWait' | 'signal'; readonly which: number }
  | { readonly op: 'futexWait' | 'futexWake'; readonly word: number; readonly value: number }
  | { readonly op: 'count' | 'note' | 'keep' | 'compare' | 'enter' | 'leave' | 'list' }
  | { readonly op: 'choose' | 'sleep' | 'hold' | 'assert' | 'assume'; readonly value: number }
  | { readonly op: 'thread'; readonly body: readonly FailingOp[] }

export interface FailingCase {
  readonly programs: readonly (readonly FailingOp[])[]
  readonly wakeOrder: WakeOrder
  readonly spurious: boolean
  readonly kill: boolean
  readonly seed: string
}

const word = fc.nat(WORDS - 1)
const value = fc.nat(2)

const { op } = fc.letrec<{ op: FailingOp }>((tie) => ({
  op: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constantFrom('load', 'store', 'add', 'swap'),
        word,
        value,
      }) as fc.Arbitrary<FailingOp>,
    },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constantFrom('lock', 'lock', 'lock', 'unlock', 'unlock', 'wait', 'wait', 'post', 'condWait', 'signal'),
        which: fc.nat(LOCKS - 1),
      }) as fc.Arbitrary<FailingOp>,
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constantFrom('futexWait', 'futexWake'), word, value }) as fc.Arbitrary<FailingOp>,
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constantFrom('count', 'note', 'keep', 'keep', 'compare', 'compare', 'enter', 'leave', 'list'),
      }) as fc.Arbitrary<FailingOp>,
    },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constantFrom('choose', 'sleep', 'hold', 'hold', 'assert', 'assume'),
        value,
      }) as fc.Arbitrary<FailingOp>,
    },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constant('thread'),
        body: fc.array(tie('op'), { maxLength: 3 }),
      }) as fc.Arbitrary<FailingOp>,
    },
  ),
}))

export const failingCases: fc.Arbitrary<FailingCase> = fc.record({
  programs: fc.array(fc.array(op, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'any', 'fifo', 'lifo'),
  spurious: fc.boolean(),
  kill: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  seed: fc.string({ minLength: 1, maxLength: 4 }),
})

interface Shared {
  readonly base: number
  readonly conds: readonly number[]
  readonly locks: readonly number[]
  readonly sems: readonly number[]
}

interface Ghost {
  count: number
  readonly notes: string[]
  readonly inside: Set<string>
  readonly byName: Map<string, { times: number }>
}

/** What a program keeps between its calls. */
interface Kept {
  number: number
  word: number
}

const NAMES = ['p', 'q', 'r'] as const

export function failingScenario({ programs, wakeOrder, spurious, kill }: FailingCase): Scenario {
  return scenario('may fail', {
    ghost: (): Ghost => ({ count: 0, notes: [], inside: new Set(), byName: new Map() }),
    *setup(): Program<Shared> {
      const base = yield* map_anonymous(4096, { name: 'shared' })
      const at = (n: number): number[] => [base + n, base + n + 64]
      const shared = { base, conds: at(512), locks: at(1024), sems: at(2048) }
      for (const lock of shared.locks) yield* pthread_mutex_init(lock)
      for (const cond of shared.conds) yield* pthread_cond_init(cond)
      for (const sem of shared.sems) yield* sem_init(sem, 1, 1)
      return shared
    },
    programs: Object.fromEntries(
      programs.map((ops, at) => [
        NAMES[at] ?? '',
        (context: Context<unknown, unknown, unknown>) => body(ops, context as Given),
      ]),
    ),
    invariants: {
      'not all at once': ({ ghost }) => ghost.inside.size < 2,
      'words stay small': ({ shared, load }) => load(shared.base, 'i32') + load(shared.base + 4, 'i32') < 4,
    },
    atEnd: {
      'somebody counted last': ({ ghost }) => ghost.count !== 2,
      'notes are in order': ({ ghost: { notes } }) =>
        notes.every((note, at) => at === 0 || (notes[at - 1] ?? '') <= note),
      'by name as often': ({ ghost: { byName } }) => [...byName.keys()].join() !== 'q,p',
    },
    expect: 'holds',
    wakeOrder,
    maxSteps: 60,
    ...((spurious || kill) && { faults: { spuriousWakeup: spurious, kill } }),
  })
}

type Given = Context<unknown, Shared, Ghost>

function* body(ops: readonly FailingOp[], context: Given): Program {
  const kept: Kept = { number: 0, word: 0 }
  for (const one of ops) yield* perform(one, context, kept)
}

function* perform(one: FailingOp, context: Given, kept: Kept): Program<unknown> {
  const { shared, ghost, name } = context
  const x = int32(shared.base)
  switch (one.op) {
    case 'load':
      kept.word = yield* x.load(one.word)
      return
    case 'store':
      return yield* x.store(one.word, kept.word + one.value)
    case 'add':
      return yield* x.add(one.word, one.value)
    case 'swap':
      return yield* compareExchange(shared.base + 4 * one.word, 'i32', kept.word, one.value)
    case 'lock':
      return yield* pthread_mutex_lock(shared.locks[one.which] ?? 0)
    case 'unlock':
      return yield* pthread_mutex_unlock(shared.locks[one.which] ?? 0)
    case 'condWait':
      return yield* pthread_cond_wait(shared.conds[one.which] ?? 0, shared.locks[one.which] ?? 0)
    case 'signal':
      return yield* pthread_cond_signal(shared.conds[one.which] ?? 0)
    case 'wait':
      return yield* sem_wait(shared.sems[one.which] ?? 0)
    case 'post':
      return yield* sem_post(shared.sems[one.which] ?? 0)
    case 'futexWait':
      return yield* futex_wait(shared.base + 4 * one.word, one.value)
    case 'futexWake':
      return yield* futex_wake(shared.base + 4 * one.word, one.value)
    case 'choose':
      kept.word += yield* choose(one.value + 1)
      return
    case 'sleep':
      return yield* sleep(one.value)
    case 'assert':
      return yield* assert(kept.word !== one.value + 1, `has read ${one.value + 1}`)
    case 'assume':
      return yield* assume(kept.word !== one.value + 1)
    case 'hold':
      return yield* assert(kept.number <= one.value, 'has kept little')
    case 'thread':
      return yield* thread_create(body, one.body, context)
    default:
      return yield* ghostly(one.op, ghost, name, kept)
  }
}

function* ghostly(op: string, ghost: Ghost, name: string, kept: Kept): Program<unknown> {
  if (op === 'count') ghost.count += 1
  if (op === 'note') ghost.notes.push(name)
  if (op === 'keep') kept.number = ghost.count
  if (op === 'compare') return yield* assert(kept.number === ghost.count, 'nobody has counted since')
  if (op === 'enter') ghost.inside.add(name)
  if (op === 'leave') ghost.inside.delete(name)
  if (op === 'list') {
    const mine = ghost.byName.get(name) ?? { times: 0 }
    mine.times += 1
    ghost.byName.set(name, mine)
    yield* assert(
      [...ghost.byName.values()].every(({ times }) => times < 2),
      'listed once',
    )
  }
  return undefined
}
