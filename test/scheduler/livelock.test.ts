import { boot, int32, load, type Program, type Scenario, sleep, store, yield_ } from 'ipclab/kernel'
import { receive, send } from 'ipclab/message'
import { pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock } from 'ipclab/posix'
import { type Decider, decider, findLivelock, type Livelock, random, readSchedule, replay } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Given, made, runsOn } from '../helpers/standing.ts'

function look(
  given: Scenario,
  decider: Decider = random('1'),
  maxSteps = 2000,
  wakeOrder: 'any' | 'fifo' = 'any',
): Livelock | null {
  const simulation = boot(given, { door: decider, wakeOrder, once: true })
  simulation.start()
  decider.begin(simulation, 0)
  return findLivelock(simulation, decider, maxSteps)
}

/** Takes one lock, and gives it back when the other can't be had: polite, and without end when both are in step. */
const polite = (first: number, second: number) =>
  function* ({ shared: { m } }: Given): Program {
    for (;;) {
      yield* pthread_mutex_lock(m[first] ?? 0)
      try {
        yield* pthread_mutex_trylock(m[second] ?? 0)
        return
      } catch {
        yield* pthread_mutex_unlock(m[first] ?? 0)
      }
    }
  }

function* spins({ shared: { x } }: Given): Program {
  while ((yield* load(x, 'i32')) === 0) yield* yield_()
}

describe('a run that gets nowhere', () => {
  test('two that give way to each other, in step', () => {
    // Each has its lock, fails at the other's, and gives its own back, before either takes it again.
    const given = made({ P: polite(0, 1), Q: polite(1, 0) })
    const found = look(given, replay(readSchedule('P Q P Q P Q '.repeat(100))), 600)
    expect(found).toMatchObject({ states: 6, period: 6 })
    expect(found?.steps).toBeGreaterThan(250)
    expect(found?.threads).toEqual([
      { thread: 'P', calls: ['pthread_mutex_lock', 'pthread_mutex_trylock', 'pthread_mutex_unlock'], lines: [] },
      { thread: 'Q', calls: ['pthread_mutex_lock', 'pthread_mutex_trylock', 'pthread_mutex_unlock'], lines: [] },
    ])
    expect(found?.text).toMatch(
      /^for the last \d+ steps the same 6 states come again and again, every 6 steps, and nobody gets any further: P \(pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock\), Q \(/,
    )
  })

  test('one that spins on what nobody will change, by chance or in turn', () => {
    expect(look(made({ P: spins, Q: spins }))).toMatchObject({ states: 4, period: null })
    expect(look(made({ P: spins }))).toMatchObject({
      states: 2,
      period: 2,
      threads: [{ thread: 'P', calls: ['load', 'yield'] }],
    })
    expect(look(made({ P: spins, Q: spins }), decider('rr:quantum=3', '1'))?.period).not.toBeNull()
  })

  test('one state, with every step', () => {
    function* P(): Program {
      for (;;) yield* yield_()
    }
    const found = look(made({ P }))
    expect(found).toMatchObject({ states: 1, period: 1 })
    expect(found?.text).toMatch(/the same one state comes again and again, with every step, and nobody/)
  })

  test('many states, once they have come often enough', () => {
    function* P({ shared: { x } }: Given): Program {
      for (let i = 0; ; i = (i + 1) % 60) yield* load(x + 4 * i, 'i32')
    }
    expect(look(made({ P }), random('1'), 300)).toBeNull()
    expect(look(made({ P }), random('1'), 2000)).toMatchObject({ states: 60, period: 60 })
  })

  test('one that sleeps between its looks: time goes on, and nothing else', () => {
    function* P({ shared: { x } }: Given): Program {
      while ((yield* load(x, 'i32')) === 0) yield* sleep(1000)
    }
    expect(look(made({ P }))).toMatchObject({ period: 3, threads: [{ calls: ['load', 'sleep'] }] })
    expect(look(made({ P }), decider('rr:quantum=3', '1'))).toMatchObject({ states: 3 })
  })

  test('two that send each other the same for ever, in whatever order they are served', () => {
    const answers = (other: string) =>
      function* (): Program {
        for (;;) yield* send(other, 1)
      }
    function* Q(): Program {
      for (;;) yield* receive('P')
    }
    expect(look(made({ P: answers('Q'), Q }), random('1'), 2000, 'fifo')).not.toBeNull()
  })
})

describe('no livelock', () => {
  test('memory changes with every round', () => {
    function* counts({ shared: { x } }: Given): Program {
      for (;;) yield* int32(x).add(1, 1)
    }
    expect(look(made({ P: runsOn(100_000), Q: spins }))).toBeNull()
    expect(look(made({ P: counts, Q: spins }))).toBeNull()
  })

  test('somebody gets further now and then', () => {
    function* slow({ shared: { x } }: Given): Program {
      for (let i = 1; ; i++) {
        for (let j = 0; j < 10; j++) yield* yield_()
        yield* int32(x).store(1, i)
      }
    }
    expect(look(made({ P: slow }))).toBeNull()
  })

  test('they only met at the beginning', () => {
    function* P(context: Given): Program {
      for (let i = 0; i < 1000; i++) yield* load(context.shared.x, 'i32')
      yield* runsOn(100_000)(context)
    }
    expect(look(made({ P }))).toBeNull()
  })

  test('the run comes to an end', () => {
    function* Q({ shared: { x } }: Given): Program {
      yield* store(x, 'i32', 1)
    }
    expect(look(made({ P: spins, Q }))).toBeNull()
  })

  test('too many threads to compare states', () => {
    const crowd = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`s${i}`, spins]))
    expect(look(made(crowd))).toBeNull()
  })
})
