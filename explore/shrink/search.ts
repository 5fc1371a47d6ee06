import { Layers } from './layers.ts'
import { compareLength, type Failing } from './moves.ts'
import type { Trials } from './trials.ts'

/** The least failing schedule of all, as far as a budget goes. */

export interface Budget {
  readonly executions: number
  readonly steps: number
}

export interface Searched {
  readonly best: Failing
  /** No schedule with fewer preemptions fails in the same way. */
  readonly fewestPreemptions: boolean
  /** None with as many preemptions does so in fewer steps. */
  readonly fewestSteps: boolean
}

/**
 * Searches for what is smaller than a failing schedule. First with no preemption, then with one, and so on, runs of
 * any length: if that gets through, nothing is smaller. If it does not, only runs that are shorter than the best: of
 * those there are fewer. Pauses after each run, with the smallest so far.
 */
export function* search(trials: Trials, from: Failing, budget: Budget): Generator<Failing, Searched> {
  const half = { executions: budget.executions / 2, steps: budget.steps / 2 }
  const long = yield* within(trials, from, half, trials.options.maxSteps)
  if (long.fewestPreemptions && long.fewestSteps) return long
  const short = yield* within(trials, long.best, half, long.best.steps - 1)
  const same = short.best.preemptions === long.best.preemptions
  return { ...short, fewestPreemptions: long.fewestPreemptions && same }
}

/** @param stepsMax of runs with fewer preemptions than the best has */
function* within(trials: Trials, from: Failing, budget: Budget, stepsMax: number): Generator<Failing, Searched> {
  const { spent, maxSteps } = trials.options
  const { ghosts } = trials
  const executionsMax = spent.executions + budget.executions
  const stepsSpentMax = spent.steps + budget.steps
  let best = from
  let layers = new Layers(trials, best.preemptions, stepsMax)
  for (;;) {
    const last = layers.preemptions >= best.preemptions
    if (last) layers.stepsMax = Math.min(layers.stepsMax, best.steps - 1)
    if (layers.over) {
      if (last) return { best, fewestPreemptions: stepsMax >= maxSteps, fewestSteps: true }
      layers.deeper()
      continue
    }
    if (spent.executions >= executionsMax || spent.steps >= stepsSpentMax)
      return { best, fewestPreemptions: last && stepsMax >= maxSteps, fewestSteps: false }
    const { opaque } = ghosts
    const found = layers.go()
    if (found !== null && compareLength(found, best) < 0) best = found
    // What was judged by what can't be watched is judged anew.
    if (ghosts.opaque && !opaque) layers = new Layers(trials, best.preemptions, stepsMax)
    yield best
  }
}
