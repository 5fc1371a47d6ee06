import { Driver, exit, kill, type Program, pause, sigaction, thread_create, type WakeOrder } from 'ipclab/kernel'
import { describe, expect, test } from 'vitest'
import { bothWays, outcomesBothWays } from '../helpers/both.ts'
import { does, made, orders, tell } from '../helpers/core.ts'
import { drafted } from '../helpers/drafted.ts'
import * as test_ from '../helpers/objects.ts'

test('what the first stage of a call changed stays when the second fails', () => {
  const noted: string[][] = []
  const one = made({ P: does(test_.twoStages()) })
  const said = outcomesBothWays(one, { after: ({ state }) => noted.push([...test_.shelfOf(state).noted]) })
  expect(said).toEqual(['ESECOND'])
  expect(noted).toEqual([['first']])
})

test('another thread can run between the two stages of a call, and sees what the first has done', () => {
  const one = made({
    P: does(test_.twoStages()),
    *Q() {
      yield* test_.put()
    },
  })
  let between = 0
  bothWays(one, {
    after: ({ state }) => {
      between += test_.shelfOf(state).noted.length
    },
  })
  expect(between).toBe(3) // P P Q, P Q P, Q P P: once before, once between, once behind
})

test('what was taken before an error stays taken, and the error says how much', () => {
  const units: number[] = []
  const one = made({ P: does(test_.takeAllAndFail()) }, { units: 3 })
  expect(outcomesBothWays(one, { after: ({ state }) => units.push(test_.shelfOf(state).units) })).toEqual([
    'ETAKEN{"taken":3}',
  ])
  expect(units).toEqual([0])
})

describe.each(orders)('wake order %s', (wakeOrder) => {
  test.each([
    [1, '1'],
    [0, 'EINTR'],
  ])('a signal ends a blocked call that has %s unit with %s', (units, expected) => {
    const one = made(
      {
        *P({ ghost }) {
          yield* sigaction('SIGUSR1', function* () {
            ghost.push('handler')
          })
          yield* tell(ghost, test_.take(2))
        },
        *Q({ pids }) {
          yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
        },
      },
      { units },
    )
    expect(outcomesBothWays(one, { wakeOrder })).toEqual([
      '', // the signal came before the handler was set, and killed
      // with nothing taken yet a closed guard is a wait: the call is interrupted before its first attempt
      ...(units === 0 && wakeOrder === 'any'
        ? []
        : ['handler / nobody can go on: P in test_take(a unit on the shelf)']),
      `handler ${expected}`,
    ])
  })

  test('who has part of what it wants puts it back when it is killed', () => {
    const one = made(
      {
        *P() {
          yield* test_.take(2)
        },
        *Q({ pids }) {
          yield* tell([], kill(pids.P ?? 0, 'SIGKILL'))
        },
      },
      { units: 1 },
    )
    bothWays(one, { wakeOrder, after: ({ state }) => expect(test_.shelfOf(state).units).toBe(1) })
  })

  test('a sleeper that counts as present is uncounted when it is killed, whenever that is', () => {
    const one = made({
      *P() {
        yield* test_.enter()
      },
      *Q({ pids }) {
        yield* tell([], kill(pids.P ?? 0, 'SIGKILL'))
      },
      *R() {
        yield* test_.openGate()
      },
    })
    bothWays(one, { wakeOrder, after: ({ state }) => expect(test_.shelfOf(state).present).toBe(0) })
  })

  test('it is uncounted also when it is killed under a signal handler that it will go on after', () => {
    const one = made({
      *P() {
        yield* sigaction('SIGUSR1', () => pausing(), { restart: true })
        yield* test_.enter()
      },
      *Q({ pids }) {
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
        yield* tell([], kill(pids.P ?? 0, 'SIGKILL'))
      },
    })
    bothWays(one, { wakeOrder, after: ({ state }) => expect(test_.shelfOf(state).present).toBe(0) })
  })

  test('it is uncounted when another thread ends the process, and when its own handler does', () => {
    const one = made({
      *P() {
        yield* sigaction('SIGUSR1', function* () {
          yield* exit(3)
        })
        yield* thread_create(function* () {
          yield* test_.enter()
        })
        yield* test_.enter()
      },
      *Q({ pids }) {
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    bothWays(one, {
      wakeOrder,
      after: ({ state }) => {
        if (state.processes.P?.status !== 'alive') expect(test_.shelfOf(state).present).toBe(0)
      },
    })
  })

  test('a call keeps the object that it has pinned, whoever closes the last handle, until it returns', () => {
    const one = made(
      {
        *P({ ghost, shared }) {
          yield* thread_create(function* () {
            yield* test_.fillBox(shared.fd, true)
          })
          yield* tell(ghost, test_.holdBox(shared.fd))
        },
      },
      { box: true },
    )
    const said = outcomesBothWays(one, {
      wakeOrder,
      after: ({ state, machine }) => {
        expect(test_.boxes(machine.kernel)).toEqual([])
        expect(test_.shelfOf(state).noted).toEqual(['box is gone'])
      },
    })
    expect(said).toEqual(['"full"', 'EBADF'])
  })

  test('what a call has pinned goes when its thread is killed', () => {
    const one = made(
      {
        *P({ shared }) {
          yield* sigaction('SIGUSR1', () => pausing(), { restart: true })
          yield* thread_create(function* () {
            yield* test_.closeBox(shared.fd)
          })
          yield* tell([], test_.holdBox(shared.fd))
        },
        *Q({ pids }) {
          yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
          yield* tell([], kill(pids.P ?? 0, 'SIGKILL'))
        },
      },
      { box: true },
    )
    // Q's own descriptor is gone with Q.
    bothWays(one, { wakeOrder, limit: 20_000, after: ({ machine }) => expect(test_.boxes(machine.kernel)).toEqual([]) })
  })

  test('a hand-off ends the wait in the step of who hands over, with a value or an error', () => {
    const one = made({
      *P({ ghost }) {
        yield* tell(ghost, test_.awaitHand(), 'P ')
        yield* tell(ghost, test_.awaitHand(), 'P ')
      },
      *Q({ ghost }) {
        yield* tell(ghost, test_.hand({ a: [1, 2] }), 'Q ')
        yield* tell(ghost, test_.hand({ b: 3 }, 'EOVER'), 'Q ')
      },
    })
    const said = outcomesBothWays(one, { wakeOrder })
    // The program that hands over goes on before the others that its call has set loose.
    const waits = 'nobody can go on: P in test_await_hand(something to be handed over)'
    expect(said).toEqual([
      `Q false Q false / ${waits}`,
      `Q false Q true P EOVER{"b":3} / ${waits}`,
      `Q true P {"a":[1,2]} Q false / ${waits}`,
      'Q true P {"a":[1,2]} Q true P EOVER{"b":3}',
    ])
  })

  test('a call that was handed its result is over: a signal that comes then does not interrupt it', () => {
    const one = made({
      *P({ ghost }) {
        yield* sigaction('SIGUSR1', function* () {
          ghost.push('handler begins')
          yield* test_.openGate()
          ghost.push('ends')
        })
        yield* tell(ghost, test_.awaitHand())
      },
      *Q({ pids }) {
        yield* test_.hand('it')
        yield* tell([], kill(pids.P ?? 0, 'SIGUSR1'))
      },
    })
    const said = outcomesBothWays(one, { wakeOrder })
    const waits = 'nobody can go on: P in test_await_hand(something to be handed over)'
    expect(said).toEqual([
      '', // killed before the handler was set
      '"it"',
      `handler begins ends / ${waits}`,
      'handler begins ends EINTR',
    ])
  })
})

function* pausing(): Program {
  yield* pause()
}

/** Three who wait for a unit each, and one who puts three there, one after the other, when all wait. */
const served = made({
  *A({ ghost }) {
    yield* test_.take()
    ghost.push('A')
  },
  *B({ ghost }) {
    yield* test_.take()
    ghost.push('B')
  },
})

test('where no order of waking is promised, a waiter leaves no mark in the state', () => {
  let deadlocks = 0
  bothWays(served, {
    wakeOrder: 'any',
    after({ state, machine }, ending) {
      deadlocks += 1
      expect(ending).toContain('nobody can go on: A in test_take(a unit on the shelf), B in test_take')
      expect(machine.steps).toBe(0)
      expect(state.queues).toEqual({})
      expect(state.threads.A?.status).toBe('ready')
    },
  })
  expect(deadlocks).toBe(1)
})

test.each(['fifo', 'lifo'] as const)(
  '%s: to arrive at a queue is an event, and the queue keeps the order',
  (wakeOrder) => {
    const queues = new Set<string>()
    bothWays(served, {
      wakeOrder,
      after({ state, machine }) {
        expect(machine.steps).toBe(2)
        queues.add(JSON.stringify(Object.values(state.queues)))
      },
    })
    expect([...queues].sort()).toEqual([
      '[{"first":"A","last":"B","length":2}]',
      '[{"first":"B","last":"A","length":2}]',
    ])
  },
)

describe.each([
  ['in place', null],
  ['on drafts', drafted],
])('driven by hand, %s', (_how, transact) => {
  /** Three have come to wait, in this order. */
  function three(wakeOrder: WakeOrder): Driver {
    const driver = new Driver({ wakeOrder, transact })
    for (const id of ['maker', 'A', 'B', 'C']) driver.process({ id })
    driver.perform('maker', test_.makeShelf())
    for (const id of ['A', 'B', 'C']) expect(driver.perform(id, test_.take()).outcome).toBeNull()
    return driver
  }

  test.each([
    ['fifo', 'A B C'],
    ['lifo', 'C B A'],
  ] as const)('%s: of those who wait %s is the order in which they are served', (wakeOrder, expected) => {
    const driver = three(wakeOrder)
    const order = [1, 2, 3].flatMap(() => driver.perform('maker', test_.put()).completed.map(({ thread }) => thread))
    expect(order.join(' ')).toBe(expected)
  })

  test.each([
    ['fifo', 'A B C'],
    ['lifo', 'C B A'],
  ] as const)('%s: one call sets them loose in the order %s', (wakeOrder, expected) => {
    const { completed } = three(wakeOrder).perform('maker', test_.put(3))
    expect(completed.map(({ thread }) => thread).join(' ')).toBe(expected)
  })
})

test('where no order is promised, whoever the decider picks goes on', () => {
  const one = made({
    ...Object.fromEntries(['A', 'B', 'C'].map((name) => [name, does(test_.take(), `${name} `)])),
    *put() {
      yield* test_.put(1)
      yield* test_.put(2)
    },
  })
  expect(outcomesBothWays(one, { wakeOrder: 'any', limit: 20_000 })).toEqual([
    'A 1 B 1 C 1',
    'A 1 C 1 B 1',
    'B 1 A 1 C 1',
    'B 1 C 1 A 1',
    'C 1 A 1 B 1',
    'C 1 B 1 A 1',
  ])
})
