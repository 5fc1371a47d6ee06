import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Link,
  link_create,
  type Mailbox,
  type MailboxObject,
  mailbox_create,
  mailbox_send,
  receive,
  receive_any,
  send,
} from '../../../ipc/message/index.ts'
import { boot, type Context, type KernelState, type Program, scenario, type Transact } from '../../../kernel/index.ts'
import { random, run } from '../../../scheduler/index.ts'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { randomSchedules } from '../../helpers/schedules.ts'
import { type Case, type Ghost, type Item, peaceful, scenarioOf, violent } from './programs.ts'

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
