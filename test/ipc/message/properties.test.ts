import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Link,
  link_create,
  type Mailbox,
  type MailboxObject,
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
  boot,
  CallError,
  type Context,
  type KernelState,
  kill,
  type Program,
  type Scenario,
  scenario,
  type Transact,
  type WakeOrder,
} from '../../../kernel/index.ts'
import { random, run } from '../../../scheduler/index.ts'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { randomSchedules } from '../../helpers/schedules.ts'

/** Random programs of three processes that send and receive whatever comes, over links and mailboxes of all capacities. */

const NAMES = ['p', 'q', 'r'] as const
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

interface Case {
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
const peaceful = cases(fc.oneof(...exchange))
const violent = cases(fc.oneof(...exchange, ...exchange, ...rest))

/** A message: whose, which, and through what it was sent. */
interface Item {
  readonly from: string
  readonly number: number
  readonly way: string
}

interface Ghost {
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

function scenarioOf({ programs, links, boxes, wakeOrder }: Case): Scenario {
  return scenario('random programs', {
    *setup(): Program<readonly Mailbox[]> {
      for (const [i, name] of NAMES.entries())
        yield* link_create(name, NAMES[(i + 1) % NAMES.length] ?? '', { capacity: links[i] ?? 0 })
      const made: Mailbox[] = []
      for (const [i, size] of boxes.entries()) made.push(yield* mailbox_create(`box${i}`, { capacity: size }))
      return made
    },
    ghost: (): Ghost => ({ sent: [], got: [], hands: [], told: [] }),
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

type Channels = (Link | MailboxObject)[]
const channelsOf = (state: KernelState): Channels =>
  Object.values(state.objects).filter((object) => object.kind === 'link' || object.kind === 'mailbox') as Channels

const text = (items: readonly Item[]): string[] =>
  items.map(({ from, number, way }) => `${from}${number} ${way}`).sort()

describe('whatever the programs, the schedule and the wake order', () => {
  test('nothing is lost, nothing doubled: what was sent has been received or is still on its way', () => {
    fc.assert(
      fc.property(peaceful, (given) => {
        randomSchedules(scenarioOf(given), given.seed, 3, {
          after({ ghost, state }) {
            const { sent, got, told } = ghost as Ghost
            const underway = channelsOf(state).flatMap(({ messages }) => messages as readonly unknown[] as Item[])
            expect(text([...got, ...underway])).toEqual(text(sent))
            expect(told.filter((line) => line.includes('was called'))).toEqual([])
          },
        })
      }),
    )
  })

  test('what one process sends one way arrives in the order in which it was sent', () => {
    fc.assert(
      fc.property(peaceful, (given) => {
        randomSchedules(scenarioOf(given), given.seed, 3, {
          after({ ghost }) {
            const last = new Map<string, number>()
            for (const { from, way, number } of (ghost as Ghost).got) {
              expect(number).toBeGreaterThan(last.get(`${from} ${way}`) ?? 0)
              last.set(`${from} ${way}`, number)
            }
          },
        })
      }),
    )
  })

  test('no queue holds more than its capacity, and nobody waits where nothing is to be waited for', () => {
    fc.assert(
      fc.property(violent, (given) => {
        randomSchedules(scenarioOf(given), given.seed, 2, {
          observers: [
            ({ state }) => {
              for (const { capacity, messages, senders, receivers, everyone } of channelsOf(state)) {
                if (everyone !== null && state.queues[everyone] !== undefined) expect(messages.length).toBe(0)
                expect(messages.length).toBeLessThanOrEqual(capacity ?? Infinity)
                if (state.queues[senders] !== undefined) expect(messages.length).toBe(capacity)
                if (state.queues[receivers] !== undefined) expect(messages.length).toBe(0)
                if (state.queues[receivers] !== undefined) expect(state.queues[senders]).toBe(undefined)
              }
            },
          ],
        })
      }),
    )
  })

  test('rendezvous really meets: where nothing is stored, what is sent is received by the same step', () => {
    fc.assert(
      fc.property(peaceful, (given) => {
        const zero = { ...given, links: [0, 0, 0], boxes: [0, 0] }
        randomSchedules(scenarioOf(zero), given.seed, 2, {
          observers: [({ ghost }) => expect(text((ghost as Ghost).got)).toEqual(text((ghost as Ghost).sent))],
        })
      }),
    )
  })

  test('nobody is left waiting for a process that has ended, or at a mailbox that is gone', () => {
    fc.assert(
      fc.property(violent, (given) => {
        randomSchedules(scenarioOf(given), given.seed, 3, {
          after({ machine, state }) {
            const alive = (name: unknown) => state.processes[String(name)]?.status === 'alive'
            for (const thread of Object.values(state.threads)) {
              if (thread.call === null || machine.pruned) continue
              const { name, args } = thread.call
              if (name === 'send') expect(alive(args.to)).toBe(true)
              if (name === 'receive') expect(alive(args.from)).toBe(true)
              if ('mailbox' in args) expect(Object.keys(state.objects)).toContain(args.mailbox)
            }
          },
        })
      }),
    )
  })

  test('in place and drafted, the machine does the same, step for step', () => {
    fc.assert(
      fc.property(violent, (given) => {
        expect(story(given, drafted)).toEqual(story(given, null))
      }),
      { numRuns: 60 },
    )
  })

  test('the state is a tree of plain data after every step', () => {
    fc.assert(
      fc.property(violent, (given) => {
        randomSchedules(scenarioOf(given), given.seed, 1, {
          observers: [({ state }) => expect(notATree(state)).toBe(null)],
        })
      }),
    )
  })

  test('each run on a machine starts from the same state', () => {
    fc.assert(
      fc.property(violent, (given) => {
        const decider = random(given.seed)
        const simulation = boot(scenarioOf(given), { door: decider })
        simulation.start()
        const first = structuredClone(simulation.state)
        for (let i = 0; i < 3; i++) {
          decider.begin(simulation, i)
          run(simulation, decider, { maxSteps: 1000 })
          simulation.start()
          expect(simulation.state).toEqual(first)
        }
      }),
    )
  })
})

/** What happened in a run: each step with its arguments and whom it woke, and the state after it. */
function story(given: Case, transact: Transact | null): unknown[] {
  const lines: unknown[] = []
  const records: [unknown, string][] = []
  const options = transact === null ? {} : { transact }
  randomSchedules(scenarioOf(given), given.seed, 1, {
    ...options,
    observers: [
      ({ machine, state, ghost }) => {
        const { actor, call, callArgs, outcome, kernel } = machine
        const step = [actor?.id, call?.def.name, callArgs, outcome, kernel.woken, kernel.footprint.touches()]
        lines.push(structuredClone([step, state, ghost]))
        records.push([callArgs, JSON.stringify(callArgs)])
        if (transact !== null) records.push([state, JSON.stringify(state)])
      },
    ],
  })
  // What has been is not changed by what comes.
  for (const [record, then] of records) expect(JSON.stringify(record)).toBe(then)
  return lines
}

test('independent things touch nothing in common', () => {
  const made = scenario('apart', {
    *setup(): Program<readonly Mailbox[]> {
      yield* link_create('p', 'r', { capacity: 5 })
      yield* link_create('q', 'r', { capacity: 5 })
      yield* link_create('r', 's', { capacity: 5 })
      return [yield* mailbox_create('a'), yield* mailbox_create('b')]
    },
    programs: {
      *p({ shared }: Context<unknown, readonly Mailbox[]>): Program {
        yield* send('r', 1)
        yield* mailbox_send(shared[0] ?? '', 1)
        yield* send('s', 1, { blocking: false })
      },
      *q({ shared }: Context<unknown, readonly Mailbox[]>): Program {
        yield* send('r', 1)
        yield* mailbox_send(shared[1] ?? '', 1)
        yield* send('s', 1, { blocking: false })
      },
      *r(): Program {
        yield* receive('p')
      },
      *s(): Program {
        for (;;) yield* receive_any()
      },
    },
    expect: 'holds',
  })
  const touched = new Map<string, { written: Set<string>; read: Set<string> }>()
  randomSchedules(made, 'x', 50, {
    observers: [
      ({ machine }) => {
        const actor = machine.actor?.id ?? ''
        const entry = touched.get(actor) ?? { written: new Set(), read: new Set() }
        touched.set(actor, entry)
        for (const { object, part, reads, writes } of machine.kernel.footprint.touches()) {
          if (writes) entry.written.add(`${object} ${part}`)
          if (reads) entry.read.add(`${object} ${part}`)
        }
      },
    ],
  })
  const p = touched.get('p')
  const q = touched.get('q')
  const common = [...(p?.written ?? [])].filter((key) => q?.written.has(key) || q?.read.has(key))
  // What they have in common is the one queue in which s waits for any of them.
  expect(common.filter((key) => !key.startsWith('endpoint:s/any'))).toEqual([])
  expect(p?.written.size).toBeGreaterThan(2)
})
