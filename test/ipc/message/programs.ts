import fc from 'fast-check'
import {
  link_create,
  type Mailbox,
  mailbox_count,
  mailbox_create,
  mailbox_destroy,
  mailbox_receive,
  mailbox_send,
  receive,
  receive_any,
  send,
} from '../../../ipc/message/index.ts'
import {
  CallError,
  type Context,
  kill,
  type Program,
  type Scenario,
  scenario,
  type WakeOrder,
} from '../../../kernel/index.ts'

/** Random programs of three processes that send and receive whatever comes, over links and mailboxes of all capacities. */

export const NAMES = ['p', 'q', 'r'] as const
const BOXES = 2

type Op =
  | { readonly kind: 'send' | 'receive'; readonly other: number; readonly blocking: boolean }
  | { readonly kind: 'any'; readonly blocking: boolean }
  | { readonly kind: 'put' | 'get'; readonly box: number; readonly blocking: boolean }
  | { readonly kind: 'count' | 'destroy'; readonly box: number }
  | { readonly kind: 'kill'; readonly other: number }

const blocking = fc.boolean()
const other = fc.nat(NAMES.length - 1)
const box = fc.nat(BOXES - 1)
const exchange: fc.Arbitrary<Op>[] = [
  fc.record({ kind: fc.constantFrom('send' as const, 'receive' as const), other, blocking }),
  fc.record({ kind: fc.constant('any' as const), blocking }),
  fc.record({ kind: fc.constantFrom('put' as const, 'get' as const), box, blocking }),
]
const rest: fc.Arbitrary<Op>[] = [
  fc.record({ kind: fc.constantFrom('count' as const, 'destroy' as const), box }),
  fc.record({ kind: fc.constant('kill' as const), other }),
]

export interface Case {
  readonly programs: readonly (readonly Op[])[]
  /** Of the links p → q, q → r and r → p; others have none and so capacity 0. */
  readonly links: readonly number[]
  readonly boxes: readonly number[]
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

const capacity = fc.constantFrom(0, 1, 2, Infinity)
const cases = (ops: fc.Arbitrary<Op>): fc.Arbitrary<Case> =>
  fc.record({
    programs: fc.array(fc.array(ops, { maxLength: 8 }), { minLength: NAMES.length, maxLength: NAMES.length }),
    links: fc.array(capacity, { minLength: 3, maxLength: 3 }),
    boxes: fc.array(capacity, { minLength: BOXES, maxLength: BOXES }),
    wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  })
export const peaceful = cases(fc.oneof(...exchange))
export const violent = cases(fc.oneof(...exchange, ...exchange, ...rest))

/** A message: whose, which, and through what it was sent. */
export interface Item {
  readonly from: string
  readonly number: number
  readonly way: string
}

export interface Ghost {
  readonly sent: Item[]
  readonly got: Item[]
  /** What receivers hold, and have made of it. */
  readonly hands: Item[]
  readonly told: string[]
}

/** As its receiver has it: its own, to do with it what it likes. */
type Mine = { -readonly [K in keyof Item]: Item[K] }

function keep(ghost: Ghost, item: Mine): void {
  ghost.got.push({ ...item })
  item.number = -1
  ghost.hands.push(item)
}

function* interpret(ops: readonly Op[], { name, ghost, shared, pids }: Context<unknown, unknown, Ghost>): Program {
  const boxes = shared as readonly Mailbox[]
  let number = 0
  for (const op of ops) {
    try {
      switch (op.kind) {
        case 'send': {
          const to = NAMES[op.other] ?? ''
          const item = { from: name, number: ++number, way: `${name}>${to}` }
          yield* send(to, item, op)
          ghost.sent.push(item)
          break
        }
        case 'put': {
          const item = { from: name, number: ++number, way: `box${op.box}` }
          yield* mailbox_send(boxes[op.box] ?? '', item, op)
          ghost.sent.push(item)
          break
        }
        case 'receive':
          keep(ghost, yield* receive<Mine>(NAMES[op.other] ?? '', op))
          break
        case 'any': {
          const { from, message } = yield* receive_any<Mine>(op)
          if (from !== message.from) ghost.told.push(`${message.from} was called ${from}`)
          keep(ghost, message)
          break
        }
        case 'get':
          keep(ghost, yield* mailbox_receive<Mine>(boxes[op.box] ?? '', op))
          break
        case 'count':
          yield* mailbox_count(boxes[op.box] ?? '')
          break
        case 'destroy':
          yield* mailbox_destroy(boxes[op.box] ?? '')
          break
        case 'kill':
          yield* kill(pids[NAMES[op.other] ?? ''] ?? 0, 'SIGKILL')
          break
        default:
          op satisfies never
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      ghost.told.push(`${name} ${error.message}`)
    }
  }
}

export function scenarioOf({ programs, links, boxes, wakeOrder }: Case): Scenario {
  return scenario('random programs', {
    *setup(): Program<readonly Mailbox[]> {
      for (const [i, name] of NAMES.entries())
        yield* link_create(name, NAMES[(i + 1) % NAMES.length] ?? '', { capacity: links[i] ?? 0 })
      const made: Mailbox[] = []
      for (const [i, size] of boxes.entries()) made.push(yield* mailbox_create(`box${i}`, { capacity: size }))
      return made
    },
    ghost: (): Ghost => ({ sent: [], got: [], hands: [], told: [] }),
    deadlocks: 'total', // what holds at the end of a run is asked at its end
    programs: Object.fromEntries(
      NAMES.map((name, i) => [
        name,
        (context: Context<unknown, unknown, Ghost>) => interpret(programs[i] ?? [], context),
      ]),
    ),
    expect: 'holds',
    wakeOrder,
  })
}
