import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explorer } from './explorer.ts'
import { PROGRAMS } from './explorer-programs.ts'
import { inWords, play, readCases } from './runner.ts'

/** Programs whose schedules others have counted: test/oracles/explorer/README.md. */

const oracles = join(import.meta.dirname, '../oracles/explorer')
const recorded = readCases(explorer, join(oracles, 'counts.json'))
const more = readCases(explorer, join(oracles, 'more.json'))

/** More schedules are made where RUNS says so, or by `npm run conform -- explorer`. */
const INTERLEAVINGS_MAX = Number(process.env.RUNS ?? 20_000)

type Pair = (typeof recorded)[number]

function differences({ steps, ...pair }: Pair, op: string): string[] {
  const difference = play(explorer, { ...pair, steps: steps.filter((step) => step.op === op) })
  return difference === null ? [] : [inWords(difference)]
}

const asked = (pairs: readonly Pair[], op: string, runsMax = Number.POSITIVE_INFINITY) =>
  pairs.filter(({ steps }) =>
    steps.some((step) => step.op === op && Object.values(step.expected as object)[0] <= runsMax),
  )

test('every program of the table is written, and no other', () => {
  expect(new Set(PROGRAMS.keys())).toEqual(new Set(recorded.map(({ program }) => program)))
})

describe('dpor makes one run of each trace, and no other', () => {
  test.each(asked(recorded, 'dpor'))(
    '$id',
    (pair) => {
      expect(differences(pair, 'dpor')).toEqual([])
    },
    120_000,
  )
})

describe('dfs makes every schedule once', () => {
  test.each(asked(recorded, 'dfs', INTERLEAVINGS_MAX))(
    '$id',
    (pair) => {
      expect(differences(pair, 'dfs')).toEqual([])
    },
    120_000,
  )
})

describe('with other parameters, the least among them, there are as many as a count that knows no kernel has', () => {
  test.each(more)('$id', (pair) => {
    expect(differences(pair, 'dpor')).toEqual([])
    if (asked([pair], 'dfs', INTERLEAVINGS_MAX / 10).length > 0) expect(differences(pair, 'dfs')).toEqual([])
  })
})

describe('what can be wrong with a pair', () => {
  const pair = { program: 'casw', params: 'N=2', mazurkiewicz_traces: 6, interleavings: 6 }
  const told = (fields: object): string[] => differences(explorer.read({ ...pair, ...fields }), 'dpor')

  test('another count, of which one run more is made than there should be', () => {
    expect(told({ mazurkiewicz_traces: 3, assume_blocked: 0 })).toEqual([
      'casw N=2: step 0: dpor {}\n  expected {"mazurkiewicz_traces":3,"assume_blocked":0}\n  got      {"mazurkiewicz_traces":4,"assume_blocked":0}',
    ])
    expect(told({ mazurkiewicz_traces: 7 })).toHaveLength(1)
    expect(told({ assume_blocked: 1 })).toHaveLength(1)
    expect(told({ deadlocked_traces: 1 })).toHaveLength(1)
    expect(told({ max_events: 5 })).toHaveLength(1)
    expect(differences(explorer.read({ ...pair, interleavings: 7 }), 'dfs')).toHaveLength(1)
    expect(told({})).toEqual([])
  })

  test('a program that nobody has written, and parameters that it does not take', () => {
    expect(told({ program: 'nix' })[0]).toContain("got      there is no program 'nix'; there are barrier-cv, ")
    expect(told({ params: 'N=2,K=1' })[0]).toContain('got      casw takes N, not N, K')
    expect(told({ params: 'K=2' })[0]).toContain('got      casw takes N, not K')
  })

  test('so many runs that it is left out, or nothing to hold it against', () => {
    const large = explorer.read({ ...pair, mazurkiewicz_traces: 50, assume_blocked: 51, interleavings: 2e6 })
    expect(explorer.leftOut?.(large, 100)).toBe('101 runs are more than --most 100')
    expect(explorer.leftOut?.(large, 101)).toBeNull()
    const unknown = explorer.read({ program: 'casw', params: 'N=9', interleavings: 1e300 })
    expect(explorer.leftOut?.(unknown, 1e9)).toContain('no number of traces was recorded')
  })

  test.each([
    [{ params: 'N' }, "casw N: 'N' is no NAME=NUMBER"],
    [{ params: 2 }, 'params of casw is no text'],
    [{ program: null }, 'program is no text'],
    [{ mazurkiewicz_traces: '6' }, 'casw N=2: mazurkiewicz_traces is no whole number'],
  ])('what is no pair: %j', (fields, words) => {
    expect(() => explorer.read({ ...pair, ...fields })).toThrow(words)
  })
})
