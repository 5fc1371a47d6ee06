import fc from 'fast-check'
import { dfs, dpor } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { seenBy } from '../../helpers/ends.ts'
import { type Comparison, checkCanProceed, compareOrders } from '../../helpers/independence.ts'
import { machCases, scenarioOf, smallCases, smallScenarioOf } from './programs.ts'

/** The same programs each time; or others, and more, where more are asked for. */
const RUNS = Number(process.env.RUNS ?? 100)
const SAME = process.env.RUNS === undefined ? { seed: 6 } : {}

test('two steps whose footprints do not meet come to the same in either order', () => {
  let compared = 0
  fc.assert(
    fc.property(machCases, fc.array(fc.nat(5), { minLength: 15, maxLength: 45 }), (given, numbers) => {
      const result: Comparison = { compared: 0, differing: [] }
      compareOrders(scenarioOf(given), numbers, result)
      expect(result.differing).toEqual([])
      compared += result.compared
    }),
    { numRuns: RUNS, ...SAME },
  )
  expect(compared).toBeGreaterThan(RUNS / 2)
}, 600_000)

test('partial-order reduction sees all that every schedule together sees', () => {
  fc.assert(
    fc.property(smallCases, (given) => {
      const made = smallScenarioOf(given)
      const every = seenBy(made, dfs(), 1_500)
      fc.pre(every !== null)
      const reduced = seenBy(made, dpor(), 20_000)
      expect([...(reduced?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
    }),
    { numRuns: Math.ceil(RUNS / 5), ...SAME },
  )
}, 600_000)

test('canProceed says whether an attempt would wait', () => {
  fc.assert(
    fc.property(machCases, fc.array(fc.nat(5), { minLength: 15, maxLength: 60 }), (given, numbers) => {
      checkCanProceed(scenarioOf(given), numbers)
    }),
    { numRuns: RUNS, ...SAME },
  )
}, 600_000)
