import fc from 'fast-check'
import { mailbox_create, mailbox_receive, mailbox_send } from '../../ipc/message/index.ts'
import { sem_getvalue, sem_init, sem_post, sem_trywait, sem_wait } from '../../ipc/posix/index.ts'
import {
  await_,
  CallError,
  exit,
  load,
  map_anonymous,
  type Program,
  rmw,
  type Scenario,
  scenario,
  store,
  storeAdd,
  type WakeOrder,
} from '../../kernel/index.ts'

/** Random programs on few words that are mostly added to, by posts and otherwise, and looked at now and then. */

const NAMES = ['p', 'q', 'r'] as const
const WORDS = 3

/** What an `await` waits for: some of them are let through by one addition and kept by the next. */
const conditions: Record<string, (value: number) => boolean> = {
  some: (value) => value !== 0,
  two: (value) => value >= 2,
  'none or two': (value) => value === 0 || value === 2,
  even: (value) => value % 2 === 0,
}

export interface AddingOp {
  readonly op:
    | 'post'
    | 'wait'
    | 'trywait'
    | 'getvalue'
    | 'add'
    | 'fetch_add'
    | 'load'
    | 'store'
    | 'await'
    | 'send'
    | 'receive'
  readonly word: number
  readonly value: number
  readonly until: string
}

export interface AddingCase {
  readonly programs: readonly (readonly AddingOp[])[]
  readonly values: readonly number[]
  readonly wakeOrder: WakeOrder
}

const op: fc.Arbitrary<AddingOp> = fc.record({
  op: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<AddingOp['op']>('post', 'post', 'wait', 'add') },
    { weight: 6, arbitrary: fc.constantFrom<AddingOp['op']>('trywait', 'getvalue', 'await', 'load') },
    { weight: 4, arbitrary: fc.constantFrom<AddingOp['op']>('fetch_add', 'store', 'send', 'receive') },
  ),
  // Most of it is about one word.
  word: fc.constantFrom(0, 0, 0, 1, 2),
  value: fc.constantFrom(1, 1, 1, 2, -1),
  until: fc.constantFrom(...Object.keys(conditions)),
})

const SEM_VALUE_MAX = 0x7fff_ffff

export const addingCases = (maxLength: number, valueMax = SEM_VALUE_MAX): fc.Arbitrary<AddingCase> =>
  fc.record({
    programs: fc.array(fc.array(op, { maxLength }), { minLength: NAMES.length, maxLength: NAMES.length }),
    values: fc.array(fc.constantFrom(0, 0, 0, 1, 2, valueMax - 1, valueMax), {
      minLength: WORDS,
      maxLength: WORDS,
    }),
    wakeOrder: fc.constantFrom<WakeOrder>('any', 'any', 'fifo', 'lifo'),
  })

interface Shared {
  readonly base: number
  readonly box: string
}

export const addingScenario = ({ programs, values, wakeOrder }: AddingCase): Scenario =>
  scenario('adding', {
    *setup(): Program<Shared> {
      const base = yield* map_anonymous(4096)
      for (const [word, value] of values.entries()) yield* sem_init(base + 4 * word, 1, value)
      return { base, box: yield* mailbox_create('box', { capacity: 2 }) }
    },
    programs: Object.fromEntries(
      NAMES.map((name, at) => [name, ({ shared }: { shared: Shared }) => body(programs[at] ?? [], shared)]),
    ),
    expect: 'holds',
    wakeOrder,
    maxSteps: 200,
  })

/** A program exits with a number that stands for all that its calls have said: that is in the state, and so in its end. */
function* body(ops: readonly AddingOp[], shared: Shared): Program {
  let told = 1
  for (const one of ops) {
    let said = ''
    try {
      said = String(yield* perform(one, shared))
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      said = error.code
    }
    for (const character of said) told = (told * 31 + character.charCodeAt(0)) % 251
  }
  yield* exit(told)
}

function* perform({ op, word, value, until }: AddingOp, { base, box }: Shared): Program<unknown> {
  const at = base + 4 * word
  switch (op) {
    case 'post':
      return yield* sem_post(at)
    case 'wait':
      return yield* sem_wait(at)
    case 'trywait':
      return yield* sem_trywait(at)
    case 'getvalue':
      return yield* sem_getvalue(at)
    case 'add':
      return yield* storeAdd(at, 'i32', value)
    case 'fetch_add':
      return yield* rmw('add', at, 'i32', value)
    case 'load':
      return yield* load(at, 'i32', 'acquire')
    case 'store':
      return yield* store(at, 'i32', value, 'release')
    case 'await':
      return yield* await_(at, 'i32', conditions[until] ?? (() => true))
    case 'send':
      return yield* mailbox_send(box, value)
    case 'receive':
      return yield* mailbox_receive<number>(box)
    default:
      return op satisfies never
  }
}
