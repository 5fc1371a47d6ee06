import { boot, type Scenario } from '../../kernel/index.ts'
import { type Choice, decider as deciderNamed, replay, run } from '../../scheduler/index.ts'
import { type LoadedScenario, sourceOf } from '../../trace/index.ts'
import type { Sighting } from '../search/unit.ts'
import { bootOptions } from '../search/wishes.ts'
import type { Search } from '../search.ts'
import type { Finding } from './finding.ts'
import { OrderWatch } from './order.ts'

/**
 * Data races and lock-order inversions in the runs of a search, which may all end well. To watch a run makes it about twice
 * as slow, so that not all are watched; and what is seen there is looked at again, in the same run, made once more with
 * the lines of its calls.
 */

/** At most so many runs are looked at again. */
const SIGHTINGS_MAX = 100

/** A finding, and the run that shows it. */
export interface Sighted extends Finding {
  /** Number of the run among all that were made, from 1. */
  readonly run: number
  /** Its schedule; `null` where only the policy that made it makes it again. */
  readonly schedule: readonly Choice[] | null
}

/** What is to be seen in those runs, each pair of lines once. */
export function lookAt(given: Scenario | LoadedScenario, search: Search): Sighted[] {
  const found = new Map<string, Sighted>()
  const isLock = (place: string): boolean => !search.signals.has(place)
  // Where every schedule was made and nothing has locked, no circle of locks can close.
  const mayLock = !(search.complete && search.raw === null && search.bound === null)
  for (const sighting of search.sightings.slice(0, SIGHTINGS_MAX)) {
    const watch = again(given, sighting, search)
    for (const { key, ...finding } of [...watch.races, ...(mayLock ? watch.inversions(isLock) : [])]) {
      const { execution, choices, keepsTime } = sighting
      if (!found.has(key)) found.set(key, { ...finding, run: execution, schedule: keepsTime ? null : choices })
    }
  }
  return [...found.values()]
}

function again(
  given: Scenario | LoadedScenario,
  { strategy, keepsTime, choices }: Sighting,
  { wishes }: Search,
): OrderWatch {
  const { scenario, probe } = sourceOf(given)
  const decider = keepsTime ? deciderNamed(strategy, wishes.seed) : replay(choices)
  const simulation = boot(scenario, { ...bootOptions(wishes), door: decider, sites: probe, once: true })
  simulation.start()
  decider.begin(simulation, 0)
  const watch = new OrderWatch(simulation)
  run(simulation, decider, { maxSteps: wishes.maxSteps, observers: [() => watch.observe()] })
  return watch
}
