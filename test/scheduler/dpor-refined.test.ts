import fc from 'fast-check'
import { explore } from 'ipclab'
import { int32, map_anonymous, type Program, type Scenario, scenario } from 'ipclab/kernel'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { dfs, dpor } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { type AddingCase, type AddingOp, addingCases, addingScenario } from '../helpers/adding-programs.ts'
import { seenBy } from '../helpers/ends.ts'
import { type Comparison, compareOrders, meetRefined } from '../helpers/independence.ts'

/** Partial-order reduction that lets steps commute though they touch the same. */

const RUNS = Number(process.env.RUNS ?? 40)

test('steps that are said to commute come to the same in either order, and are said so in both', () => {
  let compared = 0
  const property = fc.property(addingCases(5, 2), fc.array(fc.nat(5), { maxLength: 10 }), (one, numbers) => {
    const result: Comparison = { compared: 0, differing: [] }
    compareOrders(addingScenario(one), numbers, result, meetRefined)
    expect(result.differing).toEqual([])
    compared += result.compared
  })
  fc.assert(property, { numRuns: 10 * RUNS })
  expect(compared).toBeGreaterThan(2 * RUNS)
})

function check(one: AddingCase): void {
  const scenario = addingScenario(one)
  const every = seenBy(scenario, dfs(), 1_000)
  fc.pre(every !== null)
  const object = dpor()
  expect(seenBy(scenario, object, 20_000)?.redundant).toBe(0)
  for (const source of [false, true]) {
    const refined = dpor({ refined: true, source })
    const seen = seenBy(scenario, refined, 20_000)
    expect([...(seen?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
    expect(refined.traces).toBeLessThanOrEqual(object.traces ?? 0)
    if (!source) expect(seen?.redundant).toBe(0)
  }
}

test('whatever can come of a program is seen, in no more runs', () => {
  fc.assert(fc.property(addingCases(4), check), { numRuns: RUNS })
}, 600_000)

const FULL = 0x7fff_ffff
const op = (op: AddingOp['op'], until = ''): readonly AddingOp[] => [{ op, word: 0, value: 1, until }]

test.each([
  [
    'a guard that two additions together leave open, and one does not',
    [op('add'), op('add'), op('await', 'none or two')],
    0,
  ],
  ['one post too many', [op('post'), op('post')], FULL - 1],
  ['an addition that lets a post through', [op('post'), op('add')], FULL],
  ['the same, the other way round', [op('add'), op('post')], FULL],
])('%s', (_, programs, value) => {
  check({ programs, values: [value], wakeOrder: 'any' })
})

type Body = (base: number) => Program

function threads(bodies: readonly Body[]): Scenario {
  return scenario('counts', {
    *setup() {
      const base = yield* map_anonymous(4096)
      yield* sem_init(base, 0, 0)
      return base
    },
    programs: Object.fromEntries(bodies.map((body, i) => [`t${i}`, ({ shared }: { shared: number }) => body(shared)])),
    expect: 'holds',
  })
}

const times = (count: number, body: Body): Body[] => Array.from({ length: count }, () => body)
const post: Body = function* post(base) {
  yield* sem_post(base)
}
const take: Body = function* take(base) {
  yield* sem_wait(base)
}
const add: Body = function* add(base) {
  yield* int32(base + 8).storeAdd(0, 1)
}
const read: Body = function* read(base) {
  yield* int32(base + 8).load()
}
const both: Body = function* both(base) {
  yield* sem_post(base)
  yield* sem_wait(base)
}

test.each([
  ['four posts', times(4, post), 24, 1],
  ['five additions', times(5, add), 120, 1],
  ['four additions and a look: who has added before it', [...times(4, add), read], 120, 16],
  ['three posts and a wait: who has posted before it, at least one', [...times(3, post), take], 18, 7],
  ['three that post and wait, as an enumeration that knows no kernel counts them', times(3, both), 90, 36],
])('%s', (_, bodies, byObject, refined) => {
  const runs = [false, true].map((refined) => {
    const decider = dpor({ refined })
    seenBy(threads(bodies), decider, 1_000)
    return decider.traces
  })
  expect(runs).toEqual([byObject, refined])
})

test('who adds without looking comes after nobody: a race is one in whatever order they do', async () => {
  function* first(base: number): Program {
    yield* int32(base + 4).store(0, 1)
    yield* int32(base + 8).storeAdd(0, 1)
  }
  function* second(base: number): Program {
    yield* int32(base + 8).storeAdd(0, 1)
    yield* int32(base + 4).store(0, 2)
  }
  const { failure } = await explore({ ...threads([first, second]), races: 'fail' }, { strategy: 'fifo', shrink: false })
  expect(failure?.kind).toBe('data race')
})

test('explore hands it on to dpor, and to the default', async () => {
  const made = threads(times(3, post))
  const of = (strategy: string, dependency: 'object' | 'refined') => explore(made, { strategy, dependency })
  expect(await of('dpor', 'object')).toMatchObject({ strategy: 'dpor', verdict: 'proved', traces: 6 })
  expect(await of('dpor', 'refined')).toMatchObject({ strategy: 'dpor:refined', verdict: 'proved', traces: 1 })
  expect(await of('dpor:source', 'refined')).toMatchObject({
    strategy: 'dpor:source:refined',
    verdict: 'proved',
    traces: 1,
  })
  expect(await of('portfolio', 'refined')).toMatchObject({ strategy: 'portfolio:refined', verdict: 'proved' })
  await expect(of('dfs', 'refined')).rejects.toThrow('dependency is for dpor')
  await expect(of('dpor', 'other' as never)).rejects.toThrow('dependency is object or refined, not other')
})
