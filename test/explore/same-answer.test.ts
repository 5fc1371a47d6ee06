import fc from 'fast-check'
import type { Scenario } from 'ipclab'
import { type Exploration, explore } from 'ipclab/explore'
import { expect, test } from 'vitest'
import { type FailingCase, failingCases, failingScenario } from '../helpers/failing-programs.ts'

/** Through the whole of `explore`: one schedule of each kind tells what every schedule together does. */

const SCHEDULES_MAX = 600
const VALUES = [0, 1, 2, 3]

interface World {
  readonly shared: { readonly base: number }
  load(address: number, type: 'i32'): number
}

/** The case as a scenario that tells which values its two words come to have together. */
function telling(one: FailingCase): Scenario {
  const sometimes = VALUES.flatMap((first) =>
    VALUES.map((second) => [
      `${first} and ${second}`,
      ({ shared, load }: World) => load(shared.base, 'i32') === first && load(shared.base + 4, 'i32') === second,
    ]),
  )
  return { ...failingScenario(one), sometimes: Object.fromEntries(sometimes) } as Scenario
}

const bare = { wakeOrder: 'any', spurious: false, kill: false, seed: '' } as const

/** What went wrong before. */
const known: readonly FailingCase[] = [
  // Whether both words are ever 0 hung on what came first: how a run begins was not looked at.
  { ...bare, programs: [[{ op: 'store', word: 0, value: 1 }], [{ op: 'futexWake', word: 0, value: 0 }]] },
  // Where nobody could go on, but somebody could still be killed, some were said to be stuck, and others not.
  { ...bare, programs: [[{ op: 'lock', which: 0 }], [{ op: 'lock', which: 0 }]], kill: true },
]

const answer = ({ verdict, met, neverReached }: Exploration) => ({ verdict, met, neverReached })

test('dpor gives the answer that dfs gives, and makes no more runs for it', async () => {
  const verdicts = { proved: 0, failed: 0 }
  const check = async (one: FailingCase): Promise<void> => {
    const scenario = telling(one)
    const every = await explore(scenario, { strategy: 'dfs', executions: SCHEDULES_MAX, shrink: false })
    const { verdict } = every
    fc.pre(verdict === 'proved' || verdict === 'failed')
    const reduced = await explore(scenario, { strategy: 'dpor', executions: 10 * SCHEDULES_MAX, shrink: false })
    expect(answer(reduced)).toEqual(answer(every))
    verdicts[verdict] += 1
    if (reduced.traces !== null) expect(reduced.traces).toBeLessThanOrEqual(every.schedules ?? 0)
  }
  await fc.assert(fc.asyncProperty(failingCases, check), {
    numRuns: Number(process.env.RUNS ?? 40),
    examples: known.map((one): [FailingCase] => [one]),
  })
  expect(Math.min(verdicts.proved, verdicts.failed)).toBeGreaterThan(0)
}, 600_000)
