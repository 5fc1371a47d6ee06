import { describe, expect, test } from 'vitest'
import { type Decider, pct, pos, random } from '../../scheduler/index.ts'
import { knownBugs, type Rates } from '../helpers/known-bugs.ts'
import { apart, rateOf } from '../helpers/rates.ts'

/** How often each sampler fails on the library's known bugs, beside what others have counted or sampled. */

/** More are made where RUNS says so. */
const RUNS = Number(process.env.RUNS ?? 1_000)
const SEED = 'rates'
/** Combined standard errors that two rates may lie apart. */
const MOST = 4

/** `pct` is told how long runs are, as there: what it learns by itself is less where its own runs are short. */
const rates: readonly (readonly [name: string, sampler: (known: Rates) => Decider, of: keyof Rates])[] = [
  ['random', () => random(SEED), 'random_walk'],
  ['pct, depth 1', ({ max_steps: k }) => pct(SEED, 1, k), 'pct_d1'],
  ['pct, depth 2', ({ max_steps: k }) => pct(SEED, 2, k), 'pct_d2'],
  ['pct, depth 3', ({ max_steps: k }) => pct(SEED, 3, k), 'pct_d3'],
  ['pos', () => pos(SEED), 'pos'],
]

describe.each(rates)('%s fails as often as known', (_name, sampler, of) => {
  test.each(knownBugs.map((bug) => [bug.id, bug] as const))('%s', (_id, { made, params, figures }) => {
    const known = figures.bug_probability_per_schedule_here
    const rate = rateOf(made, params, sampler(known), RUNS)
    const sampled = known[of] ?? Number.NaN
    expect(apart(rate, RUNS, sampled, known.samples_each), `${rate}, ${sampled} known`).toBeLessThanOrEqual(MOST)
    const exact = known.random_walk_exact
    if (of === 'random_walk' && exact !== undefined)
      expect(apart(rate, RUNS, exact, Infinity), `${rate}, ${exact} exactly`).toBeLessThanOrEqual(MOST)
  })
})
