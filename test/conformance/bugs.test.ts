import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bugs } from './bugs.ts'
import { play } from './runner.ts'

/** What is held against the figures of known bugs; test/scenarios/bugs.test.ts and bug-rates.test.ts go through all of them. */

interface Known {
  readonly id: string
  readonly bug_probability_per_schedule_here: { readonly [name: string]: number }
}

const file = join(import.meta.dirname, '../oracles/explorer/bugs.json')
const known = (JSON.parse(readFileSync(file, 'utf8')) as Known[]).find(({ id }) => id === 'stringbuffer') as Known
const rates = known.bug_probability_per_schedule_here

const played = (otherwise: object, otherRates: object = {}) =>
  play(bugs, bugs.read({ ...known, ...otherwise, bug_probability_per_schedule_here: { ...rates, ...otherRates } }))

test('a bug that is found as recorded', () => {
  expect(played({})).toBe(null)
})

test('one of which something else was recorded', () => {
  expect(played({}, { interleavings: 4 })).toMatchObject({
    op: 'dfs',
    got: { interleavings: 3, random_walk: '0.25000000' },
  })
  expect(played({}, { random_walk_exact: 0.24 })).toMatchObject({ op: 'dfs' })
  expect(played({ min_preemptions: 2 })).toMatchObject({ op: 'dfs:preemptions', got: { min_preemptions: 1 } })
  for (const op of ['random_walk', 'pct_d1', 'pct_d2', 'pct_d3', 'pos'])
    expect(played({}, { [op]: (rates[op] ?? 0) + 0.1 })).toMatchObject({ op, expected: 'as often' })
})

test('one that nobody has written', () => {
  expect(played({ id: 'nix' })?.got).toContain("there is no bug 'nix'")
  expect(played({ id: 'stack_0' })?.got).toContain('rounds')
})
