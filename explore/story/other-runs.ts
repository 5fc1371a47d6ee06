import type { Scenario } from '../../kernel/index.ts'
import { boot } from '../../kernel/index.ts'
import { Ledger, random, run } from '../../scheduler/index.ts'
import { type LoadedScenario, sourceOf, type Trace } from '../../trace/index.ts'

/**
 * What threads do in other runs of the scenario: who gives what in them has not come to give it in the failing one.
 * Yields between runs.
 */

const RUNS = 8
/** Steps that one of them may have: so many times those of the failing run, and some. */
const LONGER = 4
const LONGER_BY = 200

export function* otherRuns(given: LoadedScenario | Scenario, { header, steps }: Trace): Generator<void, Ledger[]> {
  const { scenario, probe } = sourceOf(given)
  const { params, wakeOrder, maxSteps } = header
  const by = random('other runs')
  const simulation = boot(scenario, { params, wakeOrder, door: by, sites: probe })
  const ledgers: Ledger[] = []
  for (let index = 0; index < RUNS; index++) {
    simulation.start()
    by.begin(simulation, index)
    const ledger = new Ledger(simulation)
    run(simulation, by, {
      maxSteps: Math.min(maxSteps, LONGER * steps + LONGER_BY),
      observers: [() => ledger.observe()],
    })
    ledgers.push(ledger)
    yield
  }
  return ledgers
}
