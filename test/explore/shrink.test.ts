import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shrink } from '../../explore/shrink/index.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { failuresOf, leastOf, replayed, wayOf } from '../helpers/shrunk.ts'

/** Of every failing run the smallest that fails in the same way; and what is claimed of it is so. */

const SCHEDULES_MAX = 3_000

describe('over random failing programs', () => {
  const tally = { failures: 0, complete: 0, faults: 0 }

  test('the failure is kept, shrinking is idempotent, and where the search was complete nothing is smaller', () => {
    fc.assert(
      fc.property(failingCases, (one) => {
        const made = failingScenario(one)
        for (const from of failuresOf(made, one.seed, 60)) {
          const before = replayed(made, from)
          const after = shrink(made, from)
          const again = replayed(made, after)
          expect(again.failure).toEqual(after.failure)
          expect(wayOf(after.failure)).toBe(wayOf(from.failure))
          expect([again.preemptions, again.steps]).toEqual([after.preemptions, after.steps])
          expect(again.choices).toEqual(after.choices)
          expect(after.preemptions).toBeLessThanOrEqual(before.preemptions)
          if (after.preemptions === before.preemptions) expect(after.steps).toBeLessThanOrEqual(before.steps)

          const { executions: _, ...first } = after
          const { executions: __, ...second } = shrink(made, { ...from, ...after })
          expect(second).toEqual(first)

          tally.failures += 1
          if (after.choices.some((choice) => /^[-~]/.test(choice))) tally.faults += 1
          if (!after.fewestPreemptions || !after.fewestSteps) continue
          const least = leastOf(made, SCHEDULES_MAX)?.get(wayOf(from.failure))
          if (least === undefined) continue
          tally.complete += 1
          expect({ preemptions: after.preemptions, steps: after.steps }).toEqual(least)
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 150) },
    )
    console.log(tally)
  }, 600_000)
})
