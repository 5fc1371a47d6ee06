import fc from 'fast-check'
import { explore } from 'ipclab/explore'
import { choose, int32, type Program, type Scenario } from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Sum } from '../../explore/coverage/coverage.ts'
import { wishesOf } from '../../explore/search/wishes.ts'
import { Search } from '../../explore/search.ts'
import { counter, type Given, made } from '../helpers/explored.ts'
import { cases, type Op, scenarioOf } from '../helpers/random-programs.ts'

/** What runs cover: different traces, pairs of calls in both orders, and what nothing has put to the test. */

const RUNS = Number(process.env.RUNS ?? 15)
const PROVED = { expect: 'proved' } as const

/** Whether an end is a step of its own hangs on who else has ended, and orders none. */
const MEDDLING: ReadonlySet<Op['op']> = new Set(['kill', 'handle', 'exit', 'reap', 'fork', 'thread', 'join'])

test('all schedules together have as many different traces as partial-order reduction makes runs', async () => {
  const property = fc.asyncProperty(cases, async (one) => {
    fc.pre(!one.programs.some((ops) => ops.some(({ op }) => MEDDLING.has(op))))
    const scenario = scenarioOf(one)
    const all = await explore(scenario, { strategy: 'dfs', executions: 1_000, coverage: true })
    fc.pre(all.schedules !== null)
    const reduced = await explore(scenario, { strategy: 'dpor', executions: 1_000, coverage: true })
    expect(all.coverage).toMatchObject({ runs: all.executions, traces: reduced.traces })
    expect(reduced.coverage?.traces).toBe(reduced.traces)
  })
  await fc.assert(property, { numRuns: RUNS })
}, 600_000)

test.each([1, 2, 3])('counters that count to %i: each trace once', async (times) => {
  const scenario = made(counter(times), PROVED)
  const all = await explore(scenario, { strategy: 'dfs', coverage: true })
  const reduced = await explore(scenario, { strategy: 'dpor' })
  expect(all.coverage?.traces).toBe(reduced.traces)
  expect(all.executions).toBeGreaterThan(reduced.executions)
  const some = await explore(scenario, { strategy: 'random', executions: 5, coverage: true })
  expect(some.coverage?.traces).toBeLessThanOrEqual(5)
})

test('what is not asked for is not there', async () => {
  const scenario = made(counter(), PROVED)
  expect(await explore(scenario, { strategy: 'dfs' })).toMatchObject({ coverage: null, vacuity: null })
  const watched = { strategy: 'dfs', onProgress: () => {} }
  expect(wishesOf(scenario, watched).surveyed).toBe('some')
  expect(await explore(scenario, watched)).toMatchObject({ coverage: null, vacuity: null })
})

/** The load of each and the store of the other, and the two stores. */
test('pairs of calls count when they meet, and as seen in both orders when each has come first', async () => {
  const scenario = made(counter(), PROVED)
  const once = await explore(scenario, { strategy: 'fifo', coverage: true })
  expect(once.coverage).toEqual({ runs: 1, traces: 1, pairs: 3, bothOrders: 0 })
  const all = await explore(scenario, { strategy: 'dfs', coverage: true })
  expect(all.coverage).toMatchObject({ pairs: 3, bothOrders: 3 })
  expect(all.text).toContain('pairs of calls seen in both orders: 3 of 3')
})

test('reads do not meet, nor does what is in other words', async () => {
  const reads = made({ P: loads(0), Q: loads(0), R: loads(4) }, PROVED)
  expect((await explore(reads, { strategy: 'dfs', coverage: true })).coverage).toMatchObject({ traces: 1, pairs: 0 })
  const words = made({ P: stores(0), Q: stores(4) }, PROVED)
  expect((await explore(words, { strategy: 'dfs', coverage: true })).coverage).toMatchObject({ traces: 1, pairs: 0 })
})

test('what was picked counts, and when', async () => {
  function* picks(): Program {
    yield* choose(2)
    yield* choose(2)
  }
  expect((await explore(made({ P: picks }, PROVED), { strategy: 'dfs', coverage: true })).coverage?.traces).toBe(4)
})

test('what one part of a search has seen holds for all of it', () => {
  const seen = { call: 'sem_wait', line: 'a.ts:1', canWait: true, touches: true, waited: true, contended: true }
  const unseen = { ...seen, waited: false, contended: false }
  const [first, second] = ['P post', 'Q wait']
  for (const calls of [
    [seen, unseen],
    [unseen, seen],
  ]) {
    const sum = new Sum()
    for (const call of calls) sum.add({ runs: 1, traces: [7], orders: [[first, second]], calls: [call] })
    expect(sum.vacuity).toEqual({ runs: 2, neverContended: [], neverWaited: [] })
    expect(sum.coverage()).toEqual({ runs: 2, traces: 1, pairs: 1, bothOrders: 0 })
    sum.add({ runs: 1, traces: [7, 8], orders: [[second, first]], calls: [{ ...unseen, line: 'a.ts:10' }] })
    expect(sum.coverage()).toEqual({ runs: 3, traces: 2, pairs: 1, bothOrders: 1 })
    expect(sum.vacuity.neverWaited).toEqual([{ call: 'sem_wait', line: 'a.ts:10' }])
  }
})

test('calls of different runs do not meet', async () => {
  const either = made(
    {
      *P({ shared }) {
        const [x, y] = [int32(shared.base), int32(shared.base + 4)]
        const who = 1 + (yield* choose(2))
        if (who === 1) yield* x.store(0, 1)
        yield* y.store(0, who)
      },
      *Q({ shared }) {
        const [x, y] = [int32(shared.base), int32(shared.base + 4)]
        if ((yield* y.await_(0, (who) => who > 0)) === 2) yield* x.store(0, 1)
      },
    },
    PROVED,
  )
  const { coverage } = await explore(either, { strategy: 'dfs', coverage: true })
  expect(coverage).toMatchObject({ traces: 2, pairs: 1, bothOrders: 0 })
})

const loads = (at: number) =>
  function* ({ shared }: Given): Program {
    yield* int32(shared.base + at).load()
  }
const stores = (at: number) =>
  function* ({ shared }: Given): Program {
    yield* int32(shared.base + at).store(0, 1)
  }
const locks = (at: number) =>
  function* ({ shared }: Given): Program {
    yield* pthread_mutex_lock(shared.base + at)
    yield* pthread_mutex_unlock(shared.base + at)
  }

/** The calls of either list, without their lines. */
async function idle(scenario: Scenario, strategy: string): Promise<object> {
  const { vacuity } = await explore(scenario, { strategy, vacuity: true })
  const names = (list: readonly { readonly call: string }[] = []): string[] => list.map(({ call }) => call)
  return { contended: names(vacuity?.neverContended), waited: names(vacuity?.neverWaited) }
}

test.each(['any', 'fifo'] as const)(
  'a lock for which nobody fights is told of, waking in order %s',
  async (wakeOrder) => {
    expect(await idle(made({ P: locks(1024), Q: stores(0) }, { ...PROVED, wakeOrder }), 'dfs')).toEqual({
      contended: ['store', 'pthread_mutex_lock', 'pthread_mutex_unlock'],
      waited: ['pthread_mutex_lock'],
    })
    const shared = made({ P: locks(1024), Q: locks(1024) }, { ...PROVED, wakeOrder })
    expect(await idle(shared, 'dfs')).toEqual({ contended: [], waited: [] })
    // First the one, then the other: they touch the same. Where any may go on, who stands before a lock that is held waits.
    const waited = wakeOrder === 'any' ? [] : ['pthread_mutex_lock']
    expect(await idle(shared, 'fifo')).toEqual({ contended: [], waited })
  },
)

test('lines are told, in their order', async () => {
  const { vacuity } = await explore(made({ P: stores(0), Q: loads(4) }, PROVED), { strategy: 'dfs', vacuity: true })
  expect(vacuity?.neverContended).toEqual([
    { call: 'load', line: expect.stringMatching(/coverage\.test\.ts:\d+$/) },
    { call: 'store', line: expect.stringMatching(/coverage\.test\.ts:\d+$/) },
  ])
})

test('how far partial-order reduction has come is told while it is at work', () => {
  const scenario = made(counter(3), PROVED)
  const search = new Search(scenario, wishesOf(scenario, { strategy: 'dpor', coverage: true }))
  for (let run = 0; run < 20; run++) search.another()
  expect(search.left).toMatchObject({ made: 20 })
  expect(search.left?.share).toBeGreaterThan(0)
  expect(search.left?.share).toBeLessThan(1)
  expect(search.coverage).toMatchObject({ runs: 20, traces: 20 })
  while (search.another());
  expect(search.left).toBeNull()
  expect(search.coverage).toMatchObject({ runs: search.executions, traces: search.traces })
})
