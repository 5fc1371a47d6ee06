import { describe, expect, test } from 'vitest'
import {
  ANY,
  link_create,
  type Mailbox,
  mailbox_create,
  mailbox_receive,
  mailbox_send,
  receive,
  receive_any,
  send,
} from '../../../ipc/message/index.ts'
import { exit, type Program, thread_create, thread_join, type WakeOrder } from '../../../kernel/index.ts'
import { attempt, outcomes, type Told } from '../../helpers/schedules.ts'

const orders: WakeOrder[] = ['any', 'fifo', 'lifo']

/** A link from `p` to `q` of some capacity, made before they begin. */
const linked = (capacity: number) =>
  function* (): Program {
    yield* link_create('p', 'q', { capacity })
  }

const sending = (to: string, ...messages: number[]) =>
  function* (): Program {
    for (const message of messages) yield* send(to, message)
  }

const receiving = (from: string, count: number) =>
  function* ({ ghost }: Told): Program {
    for (let i = 0; i < count; i++) ghost.push(`${yield* receive<number>(from)}`)
  }

describe.each(orders)('waiters served %s', (wakeOrder) => {
  test.each([0, 1, 2, Infinity])('over a link of capacity %d every message arrives, in order', (capacity) => {
    const programs = { p: sending('q', 1, 2, 3), q: receiving('p', 3) }
    expect(outcomes(programs, { setup: linked(capacity), wakeOrder })).toEqual(['1 2 3'])
  })

  test('a link that is simply used has capacity 0', () => {
    const programs = {
      *p({ ghost }: Told): Program {
        yield* send('q', 1)
        ghost.push('sent')
      },
      *q(): Program {
        yield* receive('r')
      },
      *r(): Program {},
    }
    expect(outcomes(programs, { wakeOrder })).toEqual([' / error: PROCESS_ENDED'])
  })

  test('symmetric: a receiver that names one sender leaves the other waiting', () => {
    const programs = { p: sending('q', 1), r: sending('q', 2), q: receiving('r', 1) }
    expect(outcomes(programs, { wakeOrder })).toEqual(['2 / error: PROCESS_ENDED'])
  })

  test.each([0, 5])('asymmetric: whoever sends is received from, and named (capacity %d)', (capacity) => {
    const programs = {
      p: sending('q', 1),
      r: sending('q', 2),
      *q({ ghost }: Told): Program {
        for (let i = 0; i < 2; i++) {
          const { from, message } = yield* receive<number>(ANY)
          ghost.push(`${from}:${message}`)
        }
      },
    }
    expect(outcomes(programs, { setup: linked(capacity), wakeOrder })).toEqual(['p:1 r:2', 'r:2 p:1'])
  })

  test('one receive from a named sender and one from any, by two threads, share what comes', () => {
    function* named(ghost: string[]): Program {
      ghost.push(`named:${yield* receive<number>('p')}`)
    }
    const programs = {
      p: sending('q', 1, 2),
      *q({ ghost }: Told): Program {
        const other = yield* thread_create(named, ghost)
        ghost.push(`any:${(yield* receive_any<number>()).message}`)
        yield* thread_join(other)
      },
    }
    const seen = outcomes(programs, { wakeOrder }).map((line) => line.split(' ').sort().join(' '))
    expect([...new Set(seen)].sort()).toEqual(['any:1 named:2', 'any:2 named:1'])
  })

  test.each([0, 1])('who waits to send over a link of capacity %d is told that the receiver has ended', (capacity) => {
    const programs = {
      *p({ ghost }: Told): Program {
        for (let i = 0; i < 2; i++) yield* attempt(ghost, send('q', i))
      },
      *q(): Program {},
    }
    const all = outcomes(programs, { setup: linked(capacity), wakeOrder })
    expect(all).toContain('PROCESS_ENDED PROCESS_ENDED')
    expect(all.every((line) => !line.includes('/'))).toBe(true)
    expect(all.includes('ok PROCESS_ENDED')).toBe(capacity === 1)
  })

  test('what a process sent before it ended can still be received; then there is no more', () => {
    const programs = {
      p: sending('q', 1, 2),
      *q({ ghost }: Told): Program {
        for (let i = 0; i < 3; i++) yield* attempt(ghost, receive('p'))
      },
    }
    expect(outcomes(programs, { setup: linked(Infinity), wakeOrder })).toEqual(['1 2 PROCESS_ENDED'])
  })

  test('a partner that does not wait meets one that does, or fails at once', () => {
    const programs = {
      *p({ ghost }: Told): Program {
        yield* attempt(ghost, send('q', 7, { blocking: false }))
      },
      *q({ ghost }: Told): Program {
        yield* attempt(ghost, receive('p'))
      },
    }
    expect(outcomes(programs, { setup: linked(0), wakeOrder })).toEqual([
      'WOULD_BLOCK PROCESS_ENDED',
      'ok 7', // never with p's ok and no 7: it has been received when send returns
    ])
  })

  test('a partner that does not wait meets one that receives from any, or fails at once', () => {
    const programs = {
      *p({ ghost }: Told): Program {
        yield* attempt(ghost, send('q', 7, { blocking: false }))
      },
      *q({ ghost }: Told): Program {
        ghost.push(`${(yield* receive_any()).message}`)
      },
    }
    expect(outcomes(programs, { wakeOrder })).toEqual(['WOULD_BLOCK / deadlock', 'ok 7'])
  })

  test('a receiver that does not wait takes from a sender that does, or fails at once', () => {
    const programs = {
      p: sending('q', 7),
      *q({ ghost }: Told): Program {
        yield* attempt(ghost, receive('p', { blocking: false }))
        yield* attempt(ghost, receive('p'))
      },
    }
    expect(outcomes(programs, { wakeOrder })).toEqual(['7 PROCESS_ENDED', 'WOULD_BLOCK 7'])
  })
})

test.each<[WakeOrder, string[]]>([
  ['fifo', ['r p']],
  ['any', ['p r', 'r p']],
])('of several messages receive_any takes, under %s, %j', (wakeOrder, expected) => {
  const programs = {
    *r({ shared }: Told): Program {
      yield* send('q', 1)
      yield* mailbox_send(shared as Mailbox, 'r has sent')
    },
    *p({ shared }: Told): Program {
      yield* mailbox_receive(shared as Mailbox)
      yield* send('q', 2)
      yield* mailbox_send(shared as Mailbox, 'p has sent')
    },
    *q({ ghost, shared }: Told): Program {
      while ((yield* mailbox_receive(shared as Mailbox)) !== 'p has sent') yield* exit(1)
      for (let i = 0; i < 2; i++) ghost.push((yield* receive_any()).from)
    },
  }
  const setup = function* (): Program<Mailbox> {
    for (const from of ['p', 'r']) yield* link_create(from, 'q', { capacity: 5 })
    return yield* mailbox_create('told')
  }
  const served = outcomes(programs, { setup, wakeOrder }).filter((line) => line !== '' && !line.includes('/'))
  expect(served).toEqual(expected)
})
