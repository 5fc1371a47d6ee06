import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explore } from '../../explore/index.ts'
import { knownBugs } from '../helpers/known-bugs.ts'
import { exactly } from '../helpers/rates.ts'

/** The library's known bugs are those that others have measured: test/oracles/explorer/README.md says what the figures mean. */

const named = knownBugs.map((bug) => [bug.id, bug] as const)

test('every scenario of the folder has figures', () => {
  const files = readdirSync(join(import.meta.dirname, '../../scenarios/bugs'))
  expect(new Set(knownBugs.map(({ made }) => made)).size).toBe(files.length)
})

test.each(named)('the portfolio finds %s', async (_id, { made, params }) => {
  const { verdict, met, text } = await explore(made, { params, shrink: false })
  expect([verdict, met], text).toEqual(['failed', 'as expected'])
})

/** More are made where RUNS says so. */
const MOST = Number(process.env.RUNS ?? 20_000)
const counted = named.filter(
  ([, { figures }]) => (figures.bug_probability_per_schedule_here.interleavings ?? Infinity) <= MOST,
)

describe('all schedules are as many as others counted, and a random walk fails exactly as often', () => {
  test.each(counted)('%s', (_id, { made, params, figures }) => {
    const { interleavings, random_walk_exact } = figures.bug_probability_per_schedule_here
    const { schedules, failing, probability } = exactly(made, params)
    expect(schedules).toBe(interleavings)
    expect(probability.toPrecision(8)).toBe(random_walk_exact?.toPrecision(8))
    expect(failing === schedules).toBe(figures.every_schedule_fails === true)
  })
})

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))

/** Without a preemption the threads still come in every order. */
const bounded = named.flatMap(
  ([
    id,
    {
      made,
      params,
      figures: { threads, min_preemptions: least },
    },
  ]) => (least === null || factorial(threads) > MOST ? [] : [[id, made, params, least] as const]),
)

const traced = named.filter(([, { figures }]) => factorial(figures.threads) <= MOST)

test.each(traced)('dpor finds %s', async (_id, { made, params }) => {
  const { verdict, met, text } = await explore(made, { params, strategy: 'dpor', shrink: false })
  expect([verdict, met], text).toEqual(['failed', 'as expected'])
})

describe('a bound on preemptions finds a bug if it is not below the fewest that it needs', () => {
  const options = { shrink: false, executions: 10_000_000 }

  test.each(bounded)('%s', async (_id, made, params, least) => {
    const enough = await explore(made, { params, ...options, strategy: `dfs:preemptions=${least}` })
    expect([enough.verdict, enough.met], enough.text).toEqual(['failed', 'as expected'])
    if (least === 0) return
    const short = await explore(made, { params, ...options, strategy: `dfs:preemptions=${least - 1}` })
    expect([short.verdict, short.bound], short.text).toEqual(['bounded', least - 1])
  })
})
