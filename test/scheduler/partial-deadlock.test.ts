import {
  fork,
  kill,
  load,
  type Program,
  type Scenario,
  sigaction,
  sleep,
  store,
  thread_create,
  thread_join,
  type WakeOrder,
  wait,
} from 'ipclab/kernel'
import { mailbox_create, mailbox_open, mailbox_send, receive, send } from 'ipclab/message'
import {
  pthread_mutex_lock as lock,
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_timedlock,
  pthread_mutex_unlock as unlock,
} from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
import { everySchedule } from '../helpers/schedules.ts'
import { by, type Given, made, runsOn } from '../helpers/standing.ts'

const orders: readonly WakeOrder[] = ['any', 'fifo', 'lifo']

/** Takes mutexes one after the other, and gives them back. */
const takes = (...which: readonly number[]) =>
  function* ({ shared: { m } }: Given): Program {
    for (const at of which) yield* lock(m[at] ?? 0)
    for (const at of which.toReversed()) yield* unlock(m[at] ?? 0)
  }

/** No schedule of it fails. */
function expectSound(given: Scenario, wakeOrder: WakeOrder = 'any') {
  const { endings, complete } = everySchedule(given, { wakeOrder, limit: 200_000 })
  expect(endings).toEqual({ done: expect.any(Number) })
  expect(complete).toBe(true)
}

describe.each(orders)('mutexes, waking by %s', (wakeOrder) => {
  // Where an order is kept, to begin to wait is a step; else whoever would have to wait takes none.
  const asleep = wakeOrder === 'any' ? 0 : 1

  test('two who wait for each other are reported when the circle closes, and not when the system runs dry', () => {
    const { failure, steps } = by(made({ P: takes(0, 1), Q: takes(1, 0), R: runsOn() }), 'P Q P Q', { wakeOrder })
    expect(steps).toBe(2 + 2 * asleep)
    expect(failure).toMatchObject({ kind: 'deadlock', name: 'deadlock', threads: ['P', 'Q'], stuck: ['P', 'Q'] })
    expect(failure?.message).toBe(
      'P and Q wait for each other: P in pthread_mutex_lock(mutex at table+40) held by Q, ' +
        'Q in pthread_mutex_lock(mutex at table+0) held by P; R can go on',
    )
    expect(failure?.waiting.map(({ thread, object }) => [thread, object])).toEqual([
      ['P', 'mutex at table+40'],
      ['Q', 'mutex at table+0'],
    ])
  })

  test('three in a circle, with one behind it and one who goes on', () => {
    const programs = { P: takes(0, 1), Q: takes(1, 2), R: takes(2, 0), S: takes(0), T: runsOn() }
    const schedule = wakeOrder === 'any' ? 'P Q R' : 'P S Q R P Q R'
    const { failure, steps } = by(made(programs), schedule, { wakeOrder })
    expect(steps).toBe(wakeOrder === 'any' ? 3 : 7)
    expect(failure?.stuck).toEqual(['P', 'Q', 'R', 'S'])
    expect(failure?.message).toMatch(/^P, Q and R wait in a circle, S behind them can never go on: .*; T can go on$/)
  })

  test('in one order for all there is no circle', () => {
    expectSound(made({ P: takes(0, 1), Q: takes(0, 1), R: runsOn(1) }), wakeOrder)
    expectSound(made({ P: takes(0, 1), Q: takes(1, 2), R: takes(0, 2) }), wakeOrder)
  })

  test('a normal mutex that is locked again by its owner is a circle of one', () => {
    const { failure, steps } = by(made({ P: takes(0, 0), Q: runsOn() }), 'P P', { wakeOrder })
    expect(steps).toBe(1 + asleep)
    expect(failure?.message).toBe(
      'P waits for itself: P in pthread_mutex_lock(mutex at table+0) held by itself; Q can go on',
    )
  })

  test.each([
    ['recursive', PTHREAD_MUTEX_RECURSIVE, 'done'],
    ['errorcheck', PTHREAD_MUTEX_ERRORCHECK, 'error: EDEADLK'],
  ])('a %s one is not', (_, type, ending) => {
    function* P(context: Given): Program {
      yield* pthread_mutex_init(context.shared.m[0] ?? 0, { type })
      yield* takes(0, 0)(context)
    }
    expect(everySchedule(made({ P, Q: runsOn(2) }), { wakeOrder }).endings).toEqual({ [ending]: expect.any(Number) })
  })

  function* diesWithIt({ shared: { m } }: Given): Program {
    yield* lock(m[0] ?? 0)
    yield* sleep(1)
  }

  test('a mutex that its owner has died with', () => {
    const { failure } = by(
      made({ P: diesWithIt, Q: takes(0), R: runsOn() }),
      `P ${wakeOrder === 'any' ? 'R' : 'Q'} P !P`,
      {
        wakeOrder,
      },
    )
    expect(failure).toMatchObject({ kind: 'deadlock', threads: ['Q'], stuck: ['Q'] })
    expect(failure?.message).toBe(
      'Q can never go on: Q in pthread_mutex_lock(mutex at table+0) held by P, which has ended; R can go on',
    )
  })

  test('or that somebody comes to want later', () => {
    function* Q(context: Given): Program {
      yield* store(context.shared.x, 'i32', 1)
      yield* takes(0)(context)
    }
    const given = made({ P: diesWithIt, Q, R: runsOn() })
    const { failure, steps } = by(given, 'P P !P R Q Q', { wakeOrder })
    expect(steps).toBe(5 + asleep)
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['Q'] })
  })

  test('given back before the end, all go on', () => {
    function* P({ shared: { m } }: Given): Program {
      yield* lock(m[0] ?? 0)
      yield* unlock(m[0] ?? 0)
    }
    expectSound(made({ P, Q: takes(0), R: takes(0) }), wakeOrder)
  })

  test('locks with a time-out are not for ever', () => {
    function* timed({ shared: { m } }: Given, first: number, second: number): Program {
      yield* lock(m[first] ?? 0)
      try {
        yield* pthread_mutex_timedlock(m[second] ?? 0, { tv_sec: 1, tv_nsec: 0 })
        yield* unlock(m[second] ?? 0)
      } catch {
        // it is too late, and that is all right
      }
      yield* unlock(m[first] ?? 0)
    }
    expectSound(made({ P: (context) => timed(context, 0, 1), Q: takes(1, 0), R: runsOn(1) }), wakeOrder)
  })

  test('after a condition the wait for its mutex has no time-out, and counts', () => {
    function* P({ shared: { m, c } }: Given): Program {
      yield* lock(m[0] ?? 0)
      yield* lock(m[1] ?? 0)
      yield* pthread_cond_wait(c, m[0] ?? 0)
    }
    function* Q({ shared: { m, c } }: Given): Program {
      yield* lock(m[0] ?? 0)
      yield* pthread_cond_signal(c)
      yield* lock(m[1] ?? 0)
    }
    const { failure, steps } = by(made({ P, Q, R: runsOn() }), 'P*3 Q*2 P Q', { wakeOrder })
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['P', 'Q'] })
    expect(steps).toBe(5 + 2 * asleep)
  })

  test('a handler does not end the wait for a mutex, and saves nobody', () => {
    function* P(context: Given): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* takes(0, 1)(context)
    }
    const { failure } = by(made({ P, Q: takes(1, 0), R: runsOn() }), 'P*2 Q*2 P Q', { wakeOrder })
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['P', 'Q'] })
  })

  test('whose circle is to be broken from outside asks for total deadlocks only', () => {
    function* R({ pids }: Given): Program {
      for (const pid of [pids.P ?? 0, pids.Q ?? 0]) {
        try {
          yield* kill(pid)
        } catch {
          // it has come to its end without
        }
      }
    }
    const programs = { P: takes(0, 1), Q: takes(1, 0), R }
    expect(everySchedule(made(programs), { wakeOrder }).endings.deadlock).toBeGreaterThan(0)
    const total = everySchedule(made(programs, { deadlocks: 'total' }), { wakeOrder })
    expect(total.endings).toEqual({ done: expect.any(Number) })
  })

  test('when nobody is left who could go on, the words are those of a total deadlock', () => {
    const { failure } = by(made({ P: takes(0, 1), Q: takes(1, 0) }), 'P Q P Q', { wakeOrder })
    expect(failure?.message).toBe(
      'nobody can go on: P in pthread_mutex_lock(mutex at table+40), Q in pthread_mutex_lock(mutex at table+0)',
    )
    expect(failure?.stuck).toEqual(['P', 'Q'])
  })
})

describe('who is left in a step that is not its own', () => {
  test('somebody whose call another has finished, and who then closes a circle', () => {
    function* W({ shared: { m } }: Given): Program {
      yield* lock(m[0] ?? 0)
      yield* send('R', 1)
      yield* lock(m[1] ?? 0)
    }
    function* R(context: Given): Program {
      yield* receive('W')
      yield* runsOn()(context)
    }
    const { failure, steps } = by(made({ W, X: takes(1, 0), R }), 'W X W R')
    expect(steps).toBe(4)
    expect(failure?.stuck).toEqual(['W', 'X'])
  })

  test('a child that is born before a mutex whose owner has died', () => {
    const child = (mutex: number) =>
      (function* child(): Program {
        yield* lock(mutex)
      })()
    function* P(context: Given): Program {
      yield* fork(child, context.shared.m[0] ?? 0)
      yield* runsOn()(context)
    }
    function* Q({ shared: { m } }: Given): Program {
      yield* lock(m[0] ?? 0)
    }
    const { failure, steps } = by(made({ P, Q }), 'Q P')
    expect(steps).toBe(2)
    expect(failure?.stuck).toEqual(['P/1'])
  })

  test('a process that is killed with a mutex in hand', () => {
    const given = made({ P: takes(0, 1), Q: takes(0), R: runsOn() }, { faults: { kill: ['P'] } })
    const { failure, steps } = by(given, 'P -P')
    expect(steps).toBe(2)
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['Q'] })
    expect(failure?.message).toMatch(/held by P, which has ended; R can go on$/)
  })

  test('with very many threads, at the step limit', () => {
    function* P({ shared: { m } }: Given): Program {
      yield* lock(m[0] ?? 0)
    }
    const sleepers = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`s${i}`, takes(3)]))
    const { ending, failure, steps } = by(made({ P, Q: takes(0), R: runsOn(), ...sleepers }), 'P R')
    expect(steps).toBe(200)
    expect(ending).toBe('deadlock')
    expect(failure?.stuck).toEqual(['Q'])
  })
})

describe('threads and children', () => {
  function* joins(other: string): Program {
    yield* thread_join(other)
  }
  function* nothing(): Program {}

  const main = (first: () => Program, second: () => Program) =>
    function* P(context: Given): Program {
      yield* thread_create(first)
      yield* thread_create(second)
      yield* runsOn(5)(context)
    }

  test('two that join each other', () => {
    const P = main(
      () => joins('P.2+'),
      () => joins('P.1+'),
    )
    const { failure } = by(made({ P }), 'P P P.1+')
    expect(failure?.message).toBe(
      'P.1+ and P.2+ wait for each other: P.1+ in thread_join(end of thread P.2+), ' +
        'P.2+ in thread_join(end of thread P.1+); P can go on',
    )
  })

  test('one that joins the other', () => {
    expectSound(made({ P: main(nothing, () => joins('P.1+')) }))
  })

  const parent = (mended: boolean) =>
    function* P({ shared: { m } }: Given): Program {
      function* child(): Program {
        yield* takes(0)({ shared: { m } } as unknown as Given)
      }
      yield* lock(m[0] ?? 0)
      yield* fork(child)
      if (mended) yield* unlock(m[0] ?? 0)
      yield* wait()
    }

  test('a parent waits for a child that needs what the parent holds', () => {
    const { failure } = by(made({ P: parent(false), R: runsOn() }), 'P P P')
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['P', 'P/1'] })
    expect(failure?.message).toMatch(/^P and P\/1 wait for each other: P in wait\(end of a child\), P\/1 in /)
  })

  test('and gives it back before', () => {
    expectSound(made({ P: parent(true), R: runsOn(1) }))
  })

  test('a signal handler may end such a wait', () => {
    function* P(context: Given): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* parent(false)(context)
    }
    expect(by(made({ P, R: runsOn() }), 'P P P R').ending).toBe('step limit')
  })
})

describe('messages', () => {
  function* exchange(other: string, first: 'send' | 'receive'): Program {
    if (first === 'send') yield* send(other, 1)
    yield* receive(other)
    if (first === 'receive') yield* send(other, 2)
  }
  const both = (P: 'send' | 'receive', Q: 'send' | 'receive', steps = 1000) =>
    made({ P: () => exchange('Q', P), Q: () => exchange('P', Q), R: runsOn(steps) })

  test.each(['send', 'receive'] as const)('two that both %s first', (first) => {
    const { failure } = by(both(first, first), 'P Q')
    const [one, two] = first === 'send' ? ['P → Q', 'Q → P'] : ['Q → P', 'P → Q']
    expect(failure?.message).toBe(
      `P and Q wait for each other: P in ${first}(link ${one}), Q in ${first}(link ${two}); R can go on`,
    )
  })

  test('one that sends and one that receives', () => {
    expectSound(both('send', 'receive', 1))
  })

  test('a peer that ends is no wait for ever', () => {
    function* P(): Program {
      try {
        yield* receive('Q')
      } catch {
        // it has ended
      }
    }
    expectSound(made({ P, Q: runsOn(1), R: runsOn(1) }))
  })

  test('a handler ends it', () => {
    function* P(): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* exchange('Q', 'receive')
    }
    expect(by(made({ P, Q: () => exchange('P', 'receive'), R: runsOn() }), 'P P Q').ending).toBe('step limit')
  })

  test('a mailbox with no room, whose owner waits for its sender', () => {
    function* owner(): Program {
      yield* mailbox_create('jobs', { owner: 'process', capacity: 1 })
      yield* receive('worker')
    }
    function* worker({ shared }: Given): Program {
      while ((yield* load(shared.x, 'i32')) === 0) {}
      const jobs = yield* mailbox_open('jobs')
      yield* mailbox_send(jobs, 1)
      yield* mailbox_send(jobs, 2)
    }
    function* R({ shared }: Given): Program {
      yield* store(shared.x, 'i32', 1)
      for (let i = 0; i < 1000; i++) yield* store(shared.x, 'i32', 1)
    }
    const { failure } = by(made({ owner, worker, R }), 'owner owner R worker worker worker worker')
    expect(failure).toMatchObject({ kind: 'deadlock', stuck: ['owner', 'worker'] })
    expect(failure?.message).toMatch(/worker in mailbox_send\(mailbox jobs\); R can go on$/)
  })
})
