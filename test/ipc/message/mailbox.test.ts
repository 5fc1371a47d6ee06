import { describe, expect, test } from 'vitest'
import {
  type Mailbox,
  mailbox_count,
  mailbox_create,
  mailbox_destroy,
  mailbox_open,
  mailbox_receive,
  mailbox_send,
} from '../../../ipc/message/index.ts'
import { BadInput, type Call, type Data, kill, type Program, sigaction, type WakeOrder } from '../../../kernel/index.ts'
import { attempt, outcomes, type Told } from '../../helpers/schedules.ts'

const orders: WakeOrder[] = ['any', 'fifo', 'lifo']

/** A mailbox of the kernel's, made before the programs begin; they find its handle in `shared`. */
const box = (capacity?: number) =>
  function* (): Program<Mailbox> {
    return yield* mailbox_create('box', capacity === undefined ? {} : { capacity })
  }
const boxOf = ({ shared }: Told): Mailbox => shared as Mailbox

const sender = (...messages: Data[]) =>
  function* (told: Told): Program {
    for (const message of messages) yield* mailbox_send(boxOf(told), message)
  }

const receiver = (count: number) =>
  function* (told: Told): Program {
    for (let i = 0; i < count; i++) told.ghost.push(`${yield* mailbox_receive(boxOf(told))}`)
  }

const inOrder = (lines: string[]): string[] => [...new Set(lines.map((line) => line.split(' ').sort().join(' ')))]

describe.each(orders)('waiters served %s', (wakeOrder) => {
  test.each([0, 1, 2, Infinity])('through a mailbox of capacity %d every message goes, in order', (capacity) => {
    const programs = { p: sender(1, 2, 3), q: receiver(3) }
    expect(outcomes(programs, { setup: box(capacity), wakeOrder })).toEqual(['1 2 3'])
  })

  test.each([0, 1, Infinity])('of several receivers one gets each message (capacity %d)', (capacity) => {
    const programs = { p: sender('a', 'b'), q: receiver(1), r: receiver(1) }
    expect(inOrder(outcomes(programs, { setup: box(capacity), wakeOrder }))).toEqual(['a b'])
  })

  test('several senders: the messages of each stay in order', () => {
    const programs = { p: sender('a', 'b'), q: sender('x'), r: receiver(3) }
    expect(outcomes(programs, { setup: box(1), wakeOrder })).toEqual(['a b x', 'a x b', 'x a b'])
  })

  test('a mailbox never holds more than its capacity, and at times holds so many', () => {
    let most = 0
    outcomes(
      { p: sender(1, 2, 3), q: sender(4), r: receiver(4) },
      {
        setup: box(2),
        wakeOrder,
        observers: [
          ({ state }) => {
            for (const object of Object.values(state.objects))
              if (object.kind === 'mailbox')
                most = Math.max(most, (object as unknown as { messages: [] }).messages.length)
          },
        ],
      },
    )
    expect(most).toBe(2)
  })

  test('rendezvous: when the send is over the message has been taken', () => {
    const programs = {
      *p(told: Told): Program {
        yield* mailbox_send(boxOf(told), 1)
        told.ghost.push(`left:${yield* mailbox_count(boxOf(told))}`)
      },
      q: receiver(1),
    }
    expect(inOrder(outcomes(programs, { setup: box(0), wakeOrder }))).toEqual(['1 left:0'])
  })

  test('a mailbox of a process goes with it, and who waits there is told', () => {
    const programs = {
      *owner({ ghost }: Told): Program {
        const own = yield* mailbox_create('own', { owner: 'process', capacity: 1 })
        ghost.push(`got:${yield* mailbox_receive(own)}`)
      },
      *p({ ghost }: Told): Program {
        let own: Mailbox | null = null
        try {
          own = yield* mailbox_open('own')
        } catch {
          ghost.push('none')
        }
        for (let i = 0; own !== null && i < 3; i++) yield* attempt(ghost, mailbox_send(own, i))
      },
    }
    const all = outcomes(programs, { wakeOrder }).map((line) => line.replace('got:0 ', '').replace(' got:0', ''))
    expect([...new Set(all)].sort()).toEqual(['none / deadlock', 'ok MAILBOX_GONE MAILBOX_GONE', 'ok ok MAILBOX_GONE'])
  })

  test('a mailbox of the kernel stays when its maker ends', () => {
    const programs = {
      *p(): Program {
        yield* mailbox_send(yield* mailbox_create('jobs'), 'late')
      },
      *q({ ghost }: Told): Program {
        try {
          ghost.push(yield* mailbox_receive<string>(yield* mailbox_open('jobs')))
        } catch {
          ghost.push('too early')
        }
      },
    }
    expect(outcomes(programs, { wakeOrder })).toEqual(['late', 'too early'])
  })

  test.each([0, 1])('destroying a mailbox (capacity %d) ends the waits of senders and receivers', (capacity) => {
    const programs = {
      *p(told: Told): Program {
        for (let i = 0; i < 2; i++) yield* attempt(told.ghost, mailbox_send(boxOf(told), i))
      },
      *q(told: Told): Program {
        yield* mailbox_destroy(boxOf(told))
      },
    }
    const all = outcomes(programs, { setup: box(capacity), wakeOrder })
    expect(all).toContain('MAILBOX_GONE MAILBOX_GONE')
    expect(all.includes('ok MAILBOX_GONE')).toBe(capacity === 1)
    const readers = {
      *p(told: Told): Program {
        yield* attempt(told.ghost, mailbox_receive(boxOf(told)))
      },
      q: programs.q,
    }
    expect(outcomes(readers, { setup: box(capacity), wakeOrder })).toEqual(['MAILBOX_GONE'])
  })

  test('without blocking: empty and full are WOULD_BLOCK', () => {
    const programs = {
      *p(told: Told): Program {
        const own = boxOf(told)
        yield* attempt(told.ghost, mailbox_receive(own, { blocking: false }))
        yield* attempt(told.ghost, mailbox_send(own, 1, { blocking: false }))
        yield* attempt(told.ghost, mailbox_send(own, 2, { blocking: false }))
        yield* attempt(told.ghost, mailbox_receive(own, { blocking: false }))
      },
    }
    expect(outcomes(programs, { setup: box(1), wakeOrder })).toEqual(['WOULD_BLOCK ok WOULD_BLOCK 1'])
    // A mailbox that holds nothing is full and empty at once.
    expect(outcomes(programs, { setup: box(0), wakeOrder })).toEqual([
      'WOULD_BLOCK WOULD_BLOCK WOULD_BLOCK WOULD_BLOCK',
    ])
  })
})

test('waiting receivers are served first come, first served under fifo, the other way round under lifo', () => {
  function* waiter(told: Told): Program {
    yield* mailbox_receive(boxOf(told))
    told.ghost.push(told.name)
  }
  const served = (wakeOrder: WakeOrder): Set<string> => {
    const seen = new Set<string>()
    let steps: string[] = []
    outcomes(
      { p: sender(1), q: waiter, r: waiter },
      {
        setup: box(1),
        wakeOrder,
        observers: [({ machine }) => void steps.push(machine.actor?.id ?? '')],
        after({ ghost }) {
          if (steps.indexOf('p') === 2) seen.add((ghost as string[])[0] === steps[0] ? 'first' : 'last')
          steps = []
        },
      },
    )
    return seen
  }
  expect(served('fifo')).toEqual(new Set(['first']))
  expect(served('lifo')).toEqual(new Set(['last']))
})

test('only its owner receives from a mailbox of a process, and destroys it; others send', () => {
  const programs = {
    *owner(): Program {
      const own = yield* mailbox_create('own', { owner: 'process' })
      yield* mailbox_receive(own)
    },
    *p({ ghost }: Told): Program {
      for (;;) {
        try {
          const own = yield* mailbox_open('own')
          yield* attempt(ghost, mailbox_receive(own))
          yield* attempt(ghost, mailbox_receive(own, { blocking: false }))
          yield* attempt(ghost, mailbox_destroy(own))
          yield* attempt(ghost, mailbox_send(own, 1))
          return
        } catch {
          return
        }
      }
    },
  }
  const all = outcomes(programs)
  expect(all).toEqual([' / deadlock', 'NOT_OWNER NOT_OWNER NOT_OWNER ok'])
})

test('setup can own no mailbox, and says so', () => {
  const setup = function* (): Program {
    yield* mailbox_create('box', { owner: 'process' })
  }
  expect(() => outcomes({ p: sender(1) }, { setup })).toThrow(BadInput)
  expect(() => outcomes({ p: sender(1) }, { setup })).toThrow('mailbox_create: NOT_OWNER (setup, of box)')
})

test('names: taken, unknown, free again; an old handle does not lead to a new mailbox', () => {
  const programs = {
    *p({ ghost }: Told): Program {
      const first = yield* mailbox_create('box')
      yield* attempt(ghost, mailbox_create('box'))
      yield* attempt(ghost, mailbox_open('other'))
      yield* mailbox_destroy(first)
      yield* attempt(ghost, mailbox_open('box'))
      const second = yield* mailbox_create('box')
      yield* mailbox_send(second, 5)
      yield* attempt(ghost, mailbox_send(first, 1))
      yield* attempt(ghost, mailbox_receive(first))
      yield* attempt(ghost, mailbox_count(first))
      yield* attempt(ghost, mailbox_destroy(first))
      yield* attempt(ghost, mailbox_receive(yield* mailbox_open('box')))
      yield* attempt(ghost, mailbox_send('box', 1))
      yield* attempt(ghost, mailbox_send('pids', 1))
    },
  }
  expect(outcomes(programs)).toEqual([
    'MAILBOX_EXISTS NO_SUCH_MAILBOX NO_SUCH_MAILBOX MAILBOX_GONE MAILBOX_GONE MAILBOX_GONE MAILBOX_GONE 5 NO_SUCH_MAILBOX NO_SUCH_MAILBOX',
  ])
})

test('a signal ends a wait at a mailbox, and a sender that gives up still has its message', () => {
  const programs = {
    *p(told: Told): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* mailbox_send(boxOf(told), 0)
      yield* attempt(told.ghost, mailbox_send(boxOf(told), 1))
    },
    *q(told: Told): Program {
      yield* mailbox_receive(boxOf(told))
      yield* kill(told.pids.p ?? 0, 'SIGUSR1')
      yield* attempt(told.ghost, mailbox_receive(boxOf(told), { blocking: false }))
    },
  }
  for (const wakeOrder of orders) {
    const all = outcomes(programs, { setup: box(0), wakeOrder })
    expect(all).toContain('INTERRUPTED WOULD_BLOCK')
    expect(all.filter((line) => line.includes('INTERRUPTED') && line.includes('1'))).toEqual([])
  }
})

const garbage: unknown[] = [undefined, null, 0, -1, 1.5, Number.NaN, '', {}, [], () => 1, Symbol('s'), 5n]

test('garbage in the place of mailboxes, names and options is BadInput, in a sentence', () => {
  const calls: ((value: never) => Call<unknown>)[] = [
    (value) => mailbox_create(value),
    (value) => mailbox_create('b', { owner: value ?? (0 as never) }),
    (value) => mailbox_create('b', { capacity: value === 0 || value === undefined ? (-1 as never) : value }),
    (value) => mailbox_create('b', value === undefined || typeof value === 'object' ? (null as never) : value),
    (value) => mailbox_open(value),
    (value) => mailbox_send(value, 1),
    (value) => mailbox_send('b', 1, { blocking: value ?? (0 as never) }),
    (value) => mailbox_receive(value),
    (value) => mailbox_receive('b', { blocking: value ?? (0 as never) }),
    (value) => mailbox_count(value),
    (value) => mailbox_destroy(value),
  ]
  for (const make of calls) for (const value of garbage) expect(() => make(value as never)).toThrow(BadInput)
})
