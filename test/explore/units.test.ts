import fc from 'fast-check'
import { type AnyValues, assume, choose, int32, type Program, type Scenario } from 'ipclab/kernel'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { expect, test } from 'vitest'
import { phasesOf } from '../../explore/phases.ts'
import { Maker } from '../../explore/search/maker.ts'
import type { Result } from '../../explore/search/unit.ts'
import { type UnitSizes, type Wishes, wishesOf } from '../../explore/search/wishes.ts'
import { type Given, Search } from '../../explore/search.ts'
import { type Given as Context, counter, increments, made } from '../helpers/explored.ts'

/** A search comes to the same, whoever makes its units, in whatever order they are ready; without threads, so that fast-check says who is quick. */

const UNITS = { block: 10, part: 10 }
const RUNS = Number(process.env.RUNS ?? 60)

const crossed = (first: number, second: number) =>
  function* ({ shared }: Context): Program {
    yield* pthread_mutex_lock(shared.base + first)
    yield* pthread_mutex_lock(shared.base + second)
    yield* pthread_mutex_unlock(shared.base + second)
    yield* pthread_mutex_unlock(shared.base + first)
  }

function* chooses({ shared }: Context): Program {
  const x = int32(shared.base)
  const value = yield* choose(3)
  yield* assume(value !== 1)
  yield* x.store(0, value + (yield* x.load()))
}

function* stores({ shared }: Context): Program {
  yield* int32(shared.base).store(1, 1)
}

function* gives(): Program {
  yield* assume(false)
}

/** Only one schedule of very many is wrong, and `assume` gives some up. */
const scenarios: Readonly<Record<string, Scenario>> = {
  'holds, some never reached': made(
    { ...counter(3), R: increments(1) },
    {
      sometimes: {
        'the counter comes to 7': ({ load, shared }) => load(shared.base, 'i32') === 7,
        'the counter comes to 9': ({ load, shared }) => load(shared.base, 'i32') === 9,
      },
      expect: 'holds',
    },
  ),
  'a rare lost update': made(counter(3), {
    atEnd: { 'more than 2': ({ load, shared }) => load(shared.base, 'i32') > 2 },
    expect: 'violates: more than 2',
  }),
  deadlock: made({ P: crossed(1024, 2048), Q: crossed(2048, 1024), R: increments(2) }, { expect: 'deadlock' }),
  'given up by assume': made({ P: chooses, Q: chooses, R: increments(1) }, { expect: 'holds' }),
  killed: made(counter(2), { faults: { kill: true }, expect: 'holds' }),
  'a choice behind the only preemption': made(
    {
      *P({ shared }) {
        yield* int32(shared.base).store(0, 1)
        yield* choose(5)
      },
      Q: stores,
    },
    { expect: 'holds' },
  ),
  'all given up': made({ P: gives }, { expect: 'holds' }),
}

const strategies = [
  'random',
  'pct',
  'pos',
  'surw',
  'dfs',
  'dfs:preemptions=2',
  'dfs:preemptions=9',
  'portfolio',
  'fifo',
  'dpor',
]

/** What the user is told of. */
const counted = (search: Search): object => {
  const { executions, steps, pruned, complete, bound, raw, endless, schedules, traces, promises, neverReached } = search
  const { coverage, vacuity } = search
  const counts = { executions, steps, pruned, complete, bound, schedules, traces, coverage, vacuity }
  return { ...counts, raw, endless, promises, neverReached }
}

/** What was seen in runs, too: which are watched, and what is new in one, depends on the units, but not on who makes them. */
const told = (search: Search): object => {
  const { watched, sightings, signals } = search
  return { ...counted(search), watched, sightings, signals }
}

function ended(search: Search): Search {
  while (search.another());
  return search
}

const alone = (scenario: Scenario, wishes: Wishes): object => told(ended(new Search(scenario, wishes)))

/** Some, each with a unit in hand; who makes his next run, or gets his next unit, is drawn. */
function shared(scenario: Scenario, wishes: Wishes, hands: number, below: (n: number) => number): object {
  const { strategy, seed, executions, prefix } = wishes
  const search = new Search(scenario, wishes)
  const makers = Array.from({ length: hands }, () => {
    const maker = new Maker(scenario, wishes, phasesOf(strategy, seed, executions, prefix))
    return { maker, given: null as Given | null }
  })
  while (!search.over) {
    const hand = makers[below(hands)]
    if (hand === undefined) continue
    if (hand.given === null) {
      hand.given = search.give()
      if (hand.given !== null) hand.maker.begin(hand.given.order)
      continue
    }
    // He is quick: many runs at once.
    let more = true
    for (let runs = below(30); runs >= 0 && more; runs--) more = hand.maker.another()
    if (more) continue
    const { given } = hand
    hand.given = null
    search.take(given, mailed({ tally: hand.maker.unit?.tally(), thrown: null } as Result))
  }
  return told(search)
}

/** As it comes out of another thread. */
const mailed = (result: Result): Result => structuredClone(result)

const cases = fc.record({
  name: fc.constantFrom(...Object.keys(scenarios)),
  strategy: fc.constantFrom(...strategies),
  seed: fc.integer({ min: 1, max: 50 }),
  executions: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 700 })),
  block: fc.integer({ min: 1, max: 60 }),
  part: fc.integer({ min: 1, max: 40 }),
  hands: fc.integer({ min: 1, max: 4 }),
  luck: fc.infiniteStream(fc.nat({ max: 999 })),
})

const wishesFor = (
  scenario: Scenario,
  options: { strategy: string; seed: number; executions: number },
  unit: UnitSizes,
) => wishesOf(scenario, { ...options, params: {} as AnyValues, maxSteps: 200, vacuity: options.seed % 3 === 0 }, unit)

test('the answer does not depend on how many share the search, nor on who is quick', () => {
  fc.assert(
    fc.property(cases, ({ name, strategy, seed, executions, block, part, hands, luck }) => {
      const scenario = scenarios[name] as Scenario // one of them
      fc.pre(scenario.faults === undefined || !strategy.startsWith('dpor')) // which does not explore them yet
      const wishes = wishesFor(scenario, { strategy, seed, executions }, { block, part })
      expect(shared(scenario, wishes, hands, (n) => luck.next().value % n)).toEqual(alone(scenario, wishes))
    }),
    { numRuns: RUNS },
  )
})

test('nor does that of a depth-first search depend on how it is cut up', () => {
  fc.assert(
    fc.property(cases, ({ name, seed, executions, part }) => {
      const scenario = scenarios[name] as Scenario // one of them
      for (const strategy of ['dfs', 'dfs:preemptions=3']) {
        const asked = { strategy, seed, executions }
        const cut = (part: number): object =>
          counted(ended(new Search(scenario, wishesFor(scenario, asked, { block: 1, part }))))
        expect(cut(part)).toEqual(cut(Number.POSITIVE_INFINITY))
      }
    }),
    { numRuns: RUNS },
  )
})

test('blocks of a sampler are not made of the same runs', () => {
  const [phase] = phasesOf('random', 'seed', 100, [])
  const drawn = [0, 10, 20].map((from) => {
    const decider = phase?.make({ phase: 0, from, count: 10, part: null }).decider
    return Array.from({ length: 8 }, () => decider?.pick('choose', 'P', 1000, String)).join()
  })
  expect(new Set(drawn).size).toBe(3)
})

test('what blocks have learned, and come to, is put together', () => {
  const scenario = scenarios['holds, some never reached'] as Scenario
  const found = told(
    ended(new Search(scenario, wishesFor(scenario, { strategy: 'pct', seed: 1, executions: 100 }, UNITS))),
  )
  // The first run of each block is there to learn from.
  expect(found).toMatchObject({ promises: [expect.stringContaining('in the 90 runs')] })
  expect(found).toMatchObject({ neverReached: ['the counter comes to 9'] })
})
