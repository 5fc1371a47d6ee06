import fc from 'fast-check'
import { explore } from 'ipclab/explore'
import type { Scenario } from 'ipclab/kernel'
import { boundedDpor, dfs } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { type Seen, seenBy } from '../helpers/ends.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { knownBugs } from '../helpers/known-bugs.ts'
import { cases, faultyCases, scenarioOf } from '../helpers/random-programs.ts'

/** Within a bound on preemptions partial-order reduction sees whatever every schedule within it comes to. */

const RUNS = Number(process.env.RUNS ?? 5)
const RUNS_MAX = 120
const SEED = process.env.RUNS === undefined ? { seed: 4 } : {}

/** What was seen. Of runs that end before all has come to its end only how: others may have come further in them, or not. */
const told = (seen: Seen | null, ends: boolean): string[] => {
  const all = [...(seen?.ends ?? [])].filter((end) => !end.startsWith('pruned'))
  return [
    ...new Set(all.map((end) => (ends || end.startsWith('done') ? end : end.slice(0, end.lastIndexOf(' '))))),
  ].sort()
}

function check(scenario: Scenario, preemptions: number, ends: boolean): readonly [number, number] {
  const every = seenBy(scenario, dfs({ preemptions }), RUNS_MAX, 100)
  fc.pre(every !== null)
  const reduced = seenBy(scenario, boundedDpor(preemptions), 10 * RUNS_MAX, 100)
  expect(told(reduced, ends)).toEqual(told(every, ends))
  return [every?.runs ?? 0, reduced?.runs ?? 0]
}

test.each<[string, fc.Arbitrary<Scenario>, boolean]>([
  ['makes calls of every kind', cases.map(scenarioOf), true],
  ['faults befall', faultyCases.map(scenarioOf), true],
  ['locks, and may fail', failingCases.map(failingScenario), false],
])(
  'whatever can come within the bound of a program that %s is seen, in no more runs',
  (_what, some, ends) => {
    let all = 0
    let made = 0
    fc.assert(
      fc.property(some, fc.nat(2), (scenario, preemptions) => {
        const [every, reduced] = check(scenario, preemptions, ends)
        all += every
        made += reduced
      }),
      { numRuns: RUNS, ...SEED },
    )
    expect(made).toBeLessThan(all)
  },
  600_000,
)

/** So many runs are made for a bug, but where all are asked for. */
const BUDGET = 3_000
const FEW = ['account', 'counter_3_1', 'bank_transfer_locks_3', 'deadlock01', 'treiber_aba']
const bugs = knownBugs.filter(
  ({ id, figures }) => figures.min_preemptions !== null && (process.env.RUNS !== undefined || FEW.includes(id)),
)

test.each(bugs.map((bug) => [bug.id, bug] as const))(
  '%s is found with the preemptions that it takes, and not with fewer',
  async (id, { made, params, figures }) => {
    const least = figures.min_preemptions ?? 0
    const within = async (preemptions: number) =>
      await explore(made, { strategy: `dpor:preemptions=${preemptions}`, params, shrink: false, executions: BUDGET })
    const { failure, executions } = await within(least)
    if (FEW.includes(id) || executions < BUDGET) expect(failure).not.toBeNull()
    if (least === 0) return
    const below = await within(least - 1)
    expect(below.failure).toBeNull()
    if (FEW.includes(id)) expect(below.verdict).toBe('bounded')
  },
  600_000,
)
