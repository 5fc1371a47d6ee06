import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Follower } from '../../explore/shrink/follow.ts'
import { movesOf } from '../../explore/shrink/moves.ts'
import { NO_LIMITS } from '../../explore/shrink/noted.ts'
import { search } from '../../explore/shrink/search.ts'
import { Trials } from '../../explore/shrink/trials.ts'
import type { Scenario } from '../../kernel/index.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'
import { failuresOf, type Least, leastOf, wayOf } from '../helpers/shrunk.ts'

/**
 * The search alone, without the neighbours that are tried before it: it leaves out whatever differs only in the order
 * of steps that have nothing to do with each other, and yet nothing that would be smaller.
 */

const SCHEDULES_MAX = 2_000

/** Compares what is found with the least of all schedules, by each way of failing. Returns how many were compared. */
function compare(made: Scenario, seed: string): number {
  let compared = 0
  let all: Map<string, Least> | null | undefined
  for (const { choices, failure, ...options } of failuresOf(made, seed, 40)) {
    const trials = new Trials(made, { ...options, sought: failure, spent: { executions: 0, steps: 0 } })
    const from = trials.make(new Follower(movesOf(choices)), NO_LIMITS)
    if (from === null) throw new Error('a failing run fails')
    const work = search(trials, from, { executions: 20_000, steps: 400_000 })
    let step = work.next()
    while (step.done !== true) step = work.next()
    const { best, fewestPreemptions, fewestSteps } = step.value
    if (!fewestPreemptions || !fewestSteps) continue
    if (all === undefined) all = leastOf(made, SCHEDULES_MAX)
    const least = all?.get(wayOf(failure))
    if (least === undefined) continue
    expect({ preemptions: best.preemptions, steps: best.steps }).toEqual(least)
    compared += 1
  }
  return compared
}

const numRuns = Number(process.env.RUNS ?? 200)

test('over random failing programs', () => {
  let compared = 0
  fc.assert(
    fc.property(failingCases, (one) => {
      compared += compare(failingScenario(one), one.seed)
    }),
    { numRuns },
  )
  expect(compared).toBeGreaterThan(numRuns / 4)
}, 600_000)

test('over random programs of every kind, which fail by what they leave in memory', () => {
  let compared = 0
  fc.assert(
    fc.property(cases, (one) => {
      const programs = one.programs.map((ops) => ops.slice(0, 3))
      const made: Scenario = {
        ...scenarioOf({ ...one, programs }),
        ghost: () => ({ said: [] }),
        atEnd: { 'the sum is even': ({ shared, load }) => sum(load, (shared as { shared: number }).shared) % 2 === 0 },
        invariants: {
          'nothing is above 2': ({ shared, load }) => load((shared as { shared: number }).shared, 'u32') < 2,
        },
      }
      compared += compare(made, one.seed)
    }),
    { numRuns },
  )
  expect(compared).toBeGreaterThan(numRuns / 10)
}, 600_000)

function sum(load: (address: number, type: 'u32') => number, base: number): number {
  return load(base, 'u32') + load(base + 8, 'u32') + load(base + 16, 'u32')
}
