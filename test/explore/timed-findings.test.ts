import fc from 'fast-check'
import { findings } from 'ipclab/explore'
import {
  type AnyValues,
  type Call,
  compute,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  sleep,
} from 'ipclab/kernel'
import { mailbox_create, mailbox_receive, mailbox_send } from 'ipclab/message'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { type Costs, dispatcher, unit, x86, zero } from 'ipclab/scheduler'
import { record } from 'ipclab/trace'
import { describe, expect, test } from 'vitest'
import convoy from '../../scenarios/time/convoy.ts'
import herd from '../../scenarios/time/herd.ts'
import pathfinder from '../../scenarios/time/pathfinder.ts'
import starvation from '../../scenarios/time/starvation.ts'

interface On {
  readonly costs?: Costs
  readonly cpus?: number
  readonly params?: AnyValues
}

/** What a run under a policy shows. */
function found(one: Scenario, policy: string, { costs = x86, cpus = 1, params = {} }: On = {}) {
  const decider = dispatcher(policy, '1', { costs, cpus })
  return findings(one, record(one, { decider, params }))
}

const names = (...given: Parameters<typeof found>): string[] => found(...given).map(({ name }) => name)

describe('priority inversion', () => {
  test('on the Mars Pathfinder lasts as long as the radio sends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (radio) => {
        expect(found(pathfinder, 'priority', { costs: zero, params: { radio } })).toMatchObject([
          {
            name: 'priority inversion',
            object: 'mutex at bus+0',
            threads: ['manager', 'radio', 'weather'],
            ns: radio * 1e6,
          },
        ])
      }),
      { numRuns: 5 },
    )
  })

  test('is told with who, where, how long, and who ran meanwhile', () => {
    const [one] = found(pathfinder, 'priority', { costs: zero })
    expect(one?.text).toMatch(
      /^manager \(priority 3\) is blocked on mutex at bus\+0 for 21 ms \(pathfinder\.ts:\d+\); for 20 ms of that weather \(priority 1\), who took it at step \d+ \(pathfinder\.ts:\d+\), is ready, and radio \(priority 2\), who does not need it, has the CPU$/,
    )
  })

  test.each([
    ['the holder inherits', 'priority:inherit', {}],
    ['the mutex has a ceiling', 'priority:ceiling', {}],
    ['there is a CPU for each', 'priority', { cpus: 2 }],
    ['nobody goes by priorities', 'rr:1ms', {}],
  ])('is gone where %s', (_, policy, on) => {
    expect(names(pathfinder, policy, on)).toEqual([])
  })
})

const ms = (n: number): number => n * 1_000_000
const times = function* (n: number, act: () => Call<unknown>): Program {
  for (let i = 0; i < n; i++) yield* act()
}

/** A semaphore that `low` uses at once and `high` from 2 ms on; from 3 ms on `mid` computes for 10 ms. */
const onSemaphore = (
  value: number,
  by: Record<'maker' | 'low' | 'high', (sem: number) => Program<unknown> | Call<unknown>>,
) =>
  scenario('three and a semaphore', {
    *setup() {
      const sem = yield* map_anonymous(32, { name: 'sem' })
      yield* sem_init(sem, 1, value)
      return { sem }
    },
    programs: {
      maker: {
        priority: 9,
        *program({ shared: { sem } }) {
          yield* by.maker(sem)
        },
      },
      low: {
        priority: 1,
        *program({ shared: { sem } }) {
          yield* by.low(sem)
        },
      },
      mid: {
        priority: 2,
        *program() {
          yield* sleep(ms(3))
          yield* compute(ms(10))
        },
      },
      high: {
        priority: 3,
        *program({ shared: { sem } }) {
          yield* sleep(ms(2))
          yield* by.high(sem)
        },
      },
    },
    expect: 'holds',
  })

describe('who has what another waits for', () => {
  const on = { costs: zero }

  test('is nobody where items are counted, or messages received', () => {
    const items = onSemaphore(0, {
      *maker(sem) {
        yield* times(3, () => sem_post(sem))
        yield* sleep(ms(50))
        yield* sem_post(sem)
      },
      *low(sem) {
        yield* times(3, () => sem_wait(sem))
        yield* compute(ms(5))
      },
      high: (sem) => sem_wait(sem),
    })
    expect(names(items, 'priority', on)).toEqual([])
    const readers = scenario('two read one mailbox', {
      *setup() {
        return { box: yield* mailbox_create('box', { capacity: 4 }) }
      },
      programs: {
        source: {
          priority: 9,
          *program({ shared: { box } }) {
            yield* mailbox_send(box, 1)
            yield* sleep(ms(30))
            yield* mailbox_send(box, 2)
          },
        },
        low: {
          priority: 1,
          *program({ shared: { box } }) {
            yield* mailbox_receive(box)
            yield* compute(ms(5))
          },
        },
        mid: {
          priority: 2,
          *program() {
            yield* sleep(ms(3))
            yield* compute(ms(10))
          },
        },
        high: {
          priority: 3,
          *program({ shared: { box } }) {
            yield* sleep(ms(2))
            yield* mailbox_receive(box)
          },
        },
      },
      expect: 'holds',
    })
    expect(names(readers, 'priority', on)).toEqual([])
  })

  test.each([1, 2, 3])('is told once, however many units it has: %i', (units) => {
    const slots = onSemaphore(units, {
      maker: () => times(0, () => compute(1)),
      *low(sem) {
        yield* times(units, () => sem_wait(sem))
        yield* compute(ms(5))
        yield* times(units, () => sem_post(sem))
      },
      *high(sem) {
        yield* sem_wait(sem)
        yield* sem_post(sem)
      },
    })
    const [one, ...more] = found(slots, 'priority', on)
    expect(more).toEqual([])
    expect(one).toMatchObject({ name: 'priority inversion', threads: ['high', 'mid', 'low'], ns: ms(10) })
    expect(one?.text).toMatch(/^high \(priority 3\) is blocked on semaphore at sem\+0 for 13 ms /)
  })

  test('is no longer told when another has given it back for it', () => {
    const lent = onSemaphore(1, {
      *maker(sem) {
        yield* sleep(ms(8))
        yield* sem_post(sem)
        yield* sleep(ms(1))
        yield* sem_post(sem)
      },
      *low(sem) {
        yield* sem_wait(sem)
        yield* compute(ms(5))
      },
      *high(sem) {
        yield* sem_wait(sem)
        yield* sem_wait(sem)
      },
    })
    // From 3 ms, when mid comes, to 8 ms; from then on what high waits for is its own to give.
    expect(found(lent, 'priority', on)).toMatchObject([{ threads: ['high', 'mid', 'low'], ns: ms(5) }])
  })
})

describe('a convoy', () => {
  test('forms where slices end in the midst of what the lock guards, and is told with how long it lasts', () => {
    const [one] = found(convoy, 'rr:1ms')
    expect(one).toMatchObject({ name: 'convoy', object: 'mailbox lock' })
    expect(one?.ns).toBeGreaterThan(3e6)
    expect(one?.text).toMatch(
      /; that lasts 4\.\d+ ms, in which 2\.1 wait for it in the mean, and it is taken for 100% of it$/,
    )
  })

  test.each(['fifo', 'rr:10ms'])('does not where nobody is taken off a CPU there: %s', (policy) => {
    expect(names(convoy, policy)).toEqual([])
  })
})

describe('a thundering herd', () => {
  test.each(['fifo', 'eevdf', 'rr:1ms'])('is told with what it costs under %s', (policy) => {
    const [one, ...more] = found(herd, policy)
    expect(more).toEqual([])
    expect(one).toMatchObject({ name: 'thundering herd', object: 'condition variable at arrival+0' })
    expect(one?.text).toMatch(/for that they had a CPU 5 times, for [\d.]+ us in all \(and so 2 times more\)$/)
    // Each of the 15 that come in vain is switched to, and switching alone takes 2.17 us.
    expect(one?.ns).toBeGreaterThan(15 * x86.processSwitch)
    expect(one?.ns).toBeLessThan(15 * 2 * x86.processSwitch)
  })

  test('is gone where one is woken', () => {
    expect(names(herd, 'eevdf', { params: { wakes: 'one' } })).toEqual([])
  })
})

/** Processes that compute, of such lengths, arriving at such times. */
const jobs = (...all: { readonly length: number; readonly arrives?: number }[]): Scenario =>
  scenario('jobs', {
    programs: Object.fromEntries(
      all.map(({ length, arrives = 0 }, at) => [
        `j${at}`,
        {
          arrives,
          length,
          *program(): Program {
            yield* compute(length)
          },
        },
      ]),
    ),
    expect: 'holds',
  })

describe('starvation', () => {
  test.each(['priority', 'mlfq:stay'])('of a report that is never written, under %s', (policy) => {
    const [one, ...more] = found(starvation, policy)
    expect(more).toEqual([])
    expect(one).toMatchObject({ name: 'starvation', object: 'CPU', threads: ['report', 'urgent1', 'urgent2'] })
    expect(one?.ns).toBeGreaterThan(150e6)
    expect(one?.text).toMatch(
      /^report is ready for 1\d\d\.\d ms and has no CPU, .*: urgent1 \d\d times \(\d+\.?\d* ms\) and urgent2/,
    )
  })

  test.each(['mlfq:stay:boost=30ms', 'mlfq', 'eevdf', 'cfs', 'rr:2ms', 'stride', 'fifo'])(
    'is gone under %s',
    (policy) => {
      expect(names(starvation, policy)).toEqual([])
    },
  )

  test('befalls a long job when short ones keep coming; who comes first is first served', () => {
    const short = Array.from({ length: 40 }, (_, at) => ({ length: 10, arrives: at * 10 }))
    const one = jobs({ length: 100 }, ...short)
    const [only, ...more] = found(one, 'sjf', { costs: zero })
    expect(only).toMatchObject({ name: 'starvation', ns: 400 })
    expect([only?.threads[0], only?.text]).toEqual(['j0', expect.stringContaining('j2 once (10 ns)')])
    expect(more).toEqual([])
    expect(names(one, 'fifo', { costs: zero })).toEqual([])
  })

  test('is not to stand in a long line', () => {
    const many = jobs(...Array.from({ length: 30 }, () => ({ length: 10 })))
    for (const policy of ['fifo', 'rr:1', 'rr:3', 'eevdf', 'sjf'])
      expect(names(many, policy, { costs: unit })).toEqual([])
  })

  test('is to be passed over more than ten times as often as there are others at a time', () => {
    const passed = (times: number, atOnce: number): string[] => {
      const length = times + atOnce // the first come with it, and pass nobody over
      const others = Array.from({ length }, (_, at) => ({ length: 10, arrives: Math.floor(at / atOnce) * 10 * atOnce }))
      return names(jobs({ length: 100 }, ...others), 'sjf', { costs: zero })
    }
    expect([passed(10, 1), passed(11, 1)]).toEqual([[], ['starvation']])
    expect([passed(30, 3), passed(31, 3)]).toEqual([[], ['starvation']])
  })
})
