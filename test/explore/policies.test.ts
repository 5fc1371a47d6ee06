import { expect, test } from 'vitest'
import { explore } from '../../explore/index.ts'
import { await_, boot, clock, compute, int32, map_anonymous, scenario, yield_ } from '../../kernel/index.ts'

test('a run under a policy is made again by the policy, which keeps time', async () => {
  const timed = scenario('reads the clock', {
    programs: {
      *p() {
        yield* compute(50)
        if ((yield* clock()) >= 50) yield* compute(1)
        else yield* yield_()
      },
      *q() {
        yield* compute(10)
        yield* clock()
      },
    },
    expect: 'holds',
  })
  for (const strategy of ['fifo', 'rr:quantum=2']) {
    const found = await explore(timed, { strategy })
    expect(found.verdict).toBe('sampled')
    expect(found.executions).toBe(1)
  }
})

test('a failure found under a policy has a schedule', async () => {
  const late = scenario('late', {
    programs: {
      *p() {
        yield* compute(7)
        yield* clock()
      },
    },
    invariants: { 'it is early': ({ state }) => state.clock < 5 },
    expect: 'violates: it is early',
  })
  const found = await explore(late, { strategy: 'fifo' })
  expect(found.failure?.schedule.choices).toEqual(['p'])
  expect(found.met).toBe('as expected')
})

test('a call object that two programs share is a call of each, with arguments of its own', () => {
  const shared = yield_()
  const both = scenario('one object, two calls', {
    programs: {
      *p() {
        yield* shared
        yield* shared
      },
      *q() {
        yield* shared
      },
    },
    expect: 'proved',
  })
  const simulation = boot(both, { door: { pick: () => 0 } })
  simulation.start()
  const { p, q } = simulation.state.threads
  expect(p?.call?.args).toEqual({})
  expect(p?.call?.args).not.toBe(q?.call?.args)
})

test('a found failure brings its trace, and says on which lines everybody waits', async () => {
  const stuck = scenario('stuck', {
    setup: function* () {
      return { base: yield* map_anonymous(4) }
    },
    programs: {
      *p({ shared }) {
        yield* await_(shared.base, 'i32', (value) => value === 1)
      },
    },
    expect: 'deadlock',
  })
  const { failure } = await explore(stuck)
  expect(failure?.trace.verdict.ending).toBe('deadlock')
  expect(failure?.waiting[0]?.line).toMatch(/policies\.test\.ts:\d+$/)
  expect(failure?.trace.choices).toEqual(failure?.schedule.choices)
})

test('a spin lock that is right is not said to be wrong because depth first search is unfair', async () => {
  const spinLock = scenario('a spin lock without await_', {
    setup: function* () {
      return { lock: int32(yield* map_anonymous(4)) }
    },
    programs: {
      p: {
        copies: 2,
        *program({ shared: { lock } }) {
          while ((yield* lock.exchange(0, 1)) === 1) yield* yield_()
          yield* lock.store(0, 0)
        },
      },
    },
    expect: 'holds',
    maxSteps: 300,
  })
  const found = await explore(spinLock)
  expect(found.verdict).toBe('sampled')
  expect(found.text).toContain('a thread that spins goes on there for ever')
  const unfair = await explore(spinLock, { strategy: 'dfs' })
  expect(unfair.failure?.kind).toBe('step limit')
})

test('a budget of as many runs as there are schedules is enough for a proof', async () => {
  const two = scenario('two steps each', {
    programs: {
      p: {
        copies: 2,
        *program() {
          yield* yield_()
          yield* yield_()
        },
      },
    },
    expect: 'proved',
  })
  expect((await explore(two, { strategy: 'dfs', executions: 6 })).verdict).toBe('proved')
  expect((await explore(two, { strategy: 'dfs', executions: 5 })).verdict).toBe('sampled')
})
