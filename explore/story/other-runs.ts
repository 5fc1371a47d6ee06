import { boot, type Scenario } from '../../kernel/index.ts'
import { type Choice, Ledger, random, replay, run } from '../../scheduler/index.ts'
import { type LoadedScenario, sourceOf, type Trace } from '../../trace/index.ts'

/**
 * What threads do in other runs of the scenario: who gives what in them has not come to give it in the failing one.
 * Yields between runs.
 */

/** Random ones. */
const RUNS = 6
/** Steps that one of them may have: so many times those of the failing run, and some. */
const LONGER = 4
const LONGER_BY = 200

/** @param good choices of a run that ends well, in which everybody does all that it can; `null` where none is known */
export function* otherRuns(
  given: LoadedScenario | Scenario,
  { header, steps }: Trace,
  good: readonly Choice[] | null,
): Generator<void, Ledger[]> {
  const { scenario, probe } = sourceOf(given)
  const { params, wakeOrder, maxSteps } = header
  const simulation = boot(scenario, { params, wakeOrder, door: { pick: () => 0 }, sites: probe })
  const deciders = Array.from({ length: RUNS }, (_, index) => random(`other run ${index}`))
  const ledgers: Ledger[] = []
  for (const by of good === null ? deciders : [replay(good), ...deciders]) {
    simulation.machine.kernel.door = by
    simulation.start()
    by.begin(simulation, 0)
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
