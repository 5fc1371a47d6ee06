import fc from 'fast-check'
import { boot, compareExchange, int32, type Program, type Scenario, thread_create } from 'ipclab/kernel'
import { type Decider, decider, logged, pos, run, surw, urw } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Given, independent, made } from '../helpers/deciding.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'
import { everySchedule, tally } from '../helpers/schedules.ts'

/** With what probability samplers come to what: held against what follows from their definitions. */

/** How often each order of steps came, from the second run on: the first only learns. */
function orders(scenario: Scenario, by: Decider, runs: number, keep = (_step: string) => true): Map<string, number> {
  const seen = new Map<string, number>()
  let order: string[] = []
  tally(scenario, by, runs + 1, {
    observers: [
      ({ machine }) => {
        const step = `${machine.actor?.id} ${machine.callArgs?.address ?? machine.call?.def.name}`
        if (keep(step)) order.push(step)
      },
    ],
    after() {
      const text = order.join('; ')
      order = []
      seen.set(text, (seen.get(text) ?? 0) + 1)
    },
  })
  return seen
}

/** Chi-square, as so many standard deviations above what is to be expected of equal chances. */
function unevenness(seen: ReadonlyMap<string, number>, cells: number): number {
  const counts = [...seen.values()]
  const expected = counts.reduce((sum, one) => sum + one, 0) / cells
  const chi = counts.reduce((sum, one) => sum + (one - expected) ** 2 / expected, (cells - counts.length) * expected)
  return (chi - (cells - 1)) / Math.sqrt(2 * (cells - 1))
}

const share = (seen: ReadonlyMap<string, number>, which: (order: string) => boolean): number => {
  let all = 0
  let those = 0
  for (const [order, count] of seen) {
    all += count
    if (which(order)) those += count
  }
  return those / all
}

const stores = (...places: number[]) =>
  function* ({ shared }: Given): Program {
    for (const place of places) yield* int32(shared.base).store(place, 1)
  }

/** Four standard errors of a share of so many. */
const within = (p: number, runs: number): [number, number] => {
  const error = 4 * Math.sqrt((p * (1 - p)) / runs)
  return [p - error, p + error]
}

function expectShare(found: number, p: number, runs: number): void {
  const [least, most] = within(p, runs)
  expect(found).toBeGreaterThan(least)
  expect(found).toBeLessThan(most)
}

const RUNS = 4_000

describe('pos', () => {
  test('steps that have nothing to do with each other come in the order of their priorities', () => {
    // One step against eight: it is last when its priority is the least of nine, not when it loses eight times.
    const seen = orders(independent(1, 8), pos('a'), RUNS)
    expectShare(
      share(seen, (order) => order.includes('T0') && order.indexOf('T0') > order.lastIndexOf('T1')),
      1 / 9,
      RUNS,
    )
  })

  test('who has lost a race draws anew', () => {
    // One store against three to the same word: it is last when it loses three times.
    const seen = orders(made({ P: stores(0), Q: stores(0, 0, 0) }), pos('a'), RUNS)
    expectShare(
      share(seen, (order) => order.indexOf('P') > order.lastIndexOf('Q')),
      1 / 8,
      RUNS,
    )
  })

  test('two loads do not race', () => {
    const loads = function* ({ shared }: Given): Program {
      for (let i = 0; i < 3; i++) yield* int32(shared.base).load(0)
    }
    const seen = orders(
      made({
        *P({ shared }) {
          yield* int32(shared.base).load(0)
        },
        Q: loads,
      }),
      pos('a'),
      RUNS,
    )
    expectShare(
      share(seen, (order) => order.indexOf('P') > order.lastIndexOf('Q')),
      1 / 4,
      RUNS,
    )
  })
})

describe('urw', () => {
  test.each([[[2, 3]], [[1, 5]], [[2, 2, 2]], [[1, 1, 1, 1]]])(
    'every interleaving of %j steps is as likely',
    (lengths) => {
      const one = independent(...lengths)
      expect(unevenness(orders(one, urw('a'), RUNS), everySchedule(one).runs)).toBeLessThan(4)
    },
  )

  test('a thread that is made on the way is counted with the one that makes it', () => {
    const one = made({
      *P({ shared }) {
        const x = int32(shared.base)
        yield* x.store(0, 1)
        yield* thread_create(function* () {
          yield* x.store(1, 1)
          yield* x.store(2, 1)
        })
        yield* x.store(3, 1)
      },
      Q: stores(8, 9),
    })
    const { runs } = everySchedule(one)
    expect(runs).toBeGreaterThan(50)
    expect(unevenness(orders(one, urw('a'), 3 * RUNS), runs)).toBeLessThan(4)
  })
})

describe('surw', () => {
  /** Of each store to the shared word, whose; between them each has a good deal to do that is its own. */
  const one = made({ P: stores(0, 10, 11, 0, 12, 0), Q: stores(20, 21, 22, 23, 24, 0) })

  test('every order of the steps on the object is as likely', () => {
    const base = boot(one, { door: pos('a') }).shared as { base: number }
    const seen = orders(one, surw('a'), RUNS, (step) => step.endsWith(` ${base.base}`))
    expect(unevenness(seen, 4)).toBeLessThan(4)
    // To which a random walk does not come.
    expect(
      unevenness(
        orders(one, decider('random', 'a'), RUNS, (step) => step.endsWith(` ${base.base}`)),
        4,
      ),
    ).toBeGreaterThan(20)
  })

  test('every schedule is possible', () => {
    const small = made({ P: stores(0, 10, 0), Q: stores(20, 0) })
    expect(orders(small, surw('a'), RUNS).size).toBe(everySchedule(small).runs)
  })
})

test.each(['pct', 'pos', 'surw', 'urw'])('%s: whoever spins is not left to it for ever', (name) => {
  const spins = made({
    *P({ shared }) {
      const x = int32(shared.base)
      while ((yield* x.load(1)) === 0);
      yield* x.store(0, 1)
    },
    Q: stores(0, 0, 1),
  })
  expect(tally(spins, decider(name, 'a'), 300, { maxSteps: 2_000 }).endings).toEqual({ done: 300 })
})

test.each(['pos', 'surw', 'urw'])('%s depends on the seed alone, whatever there is to choose', (name) => {
  fc.assert(
    fc.property(cases, fc.string(), (one, seed) => {
      const of = (by: Decider): string => {
        const kept = logged(by)
        const simulation = boot(scenarioOf(one), { door: kept })
        const runs: string[] = []
        for (let index = 0; index < 5; index++) {
          simulation.start()
          kept.begin(simulation, index)
          runs.push(`${run(simulation, kept, { maxSteps: 60 }).ending} ${kept.taken()}`)
        }
        return runs.join('\n')
      }
      expect(of(decider(name, seed))).toBe(of(decider(name, seed)))
    }),
    { numRuns: 40 },
  )
})

test('pos knows whether a compare-and-swap is going to fail: then it is a read, which does not race with others', () => {
  const swaps = made({
    *P({ shared }) {
      yield* compareExchange(shared.base, 'i32', 0, 1)
      yield* compareExchange(shared.base, 'i32', 0, 1)
    },
    *Q({ shared }) {
      yield* int32(shared.base).load()
      yield* int32(shared.base).load()
    },
  })
  const runs = 6_000
  const seen = orders(swaps, pos('swaps'), runs)
  const who = (order: string): string =>
    order
      .split('; ')
      .map((step) => step.charAt(0))
      .join('')
  const first = (order: string): boolean => who(order).startsWith('P')
  // Of three steps that keep their places the second swap is the first in a half, the last in a third.
  const [least, most] = within(1 / 3, runs / 2)
  const last = share(seen, (order) => who(order) === 'PQQP') / share(seen, first)
  expect(last).toBeGreaterThan(least)
  expect(last).toBeLessThan(most)
})
