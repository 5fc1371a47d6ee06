import { describe, expect, test } from 'vitest'
import { decider } from '../../scheduler/index.ts'
import { knownBugs, type Rates } from '../helpers/known-bugs.ts'
import { apart, rateOf } from '../helpers/rates.ts'

/** How often each sampler fails on the library's known bugs, beside what others have counted or sampled. */

/** More are made where RUNS says so. */
const RUNS = Number(process.env.RUNS ?? 2_000)
/** Combined standard errors that two rates may lie apart. */
const MOST = 4

const rates: readonly (readonly [strategy: string, of: (rates: Rates) => number | undefined])[] = [
  ['random', ({ random_walk }) => random_walk],
  ['pct:depth=1', ({ pct_d1 }) => pct_d1],
  ['pos', ({ pos }) => pos],
]

describe.each(rates)('%s fails as often as known', (strategy, of) => {
  test.each(knownBugs.map((bug) => [bug.id, bug] as const))('%s', (_id, { made, params, figures }) => {
    const known = figures.bug_probability_per_schedule_here
    const rate = rateOf(made, params, decider(strategy, 'rates'), RUNS)
    const sampled = of(known) ?? Number.NaN
    expect(apart(rate, RUNS, sampled, known.samples_each), `${rate}, ${sampled} known`).toBeLessThanOrEqual(MOST)
    const exact = known.random_walk_exact
    if (strategy === 'random' && exact !== undefined)
      expect(apart(rate, RUNS, exact, Infinity), `${rate}, ${exact} exactly`).toBeLessThanOrEqual(MOST)
  })
})
