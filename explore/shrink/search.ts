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
  const { spent, maxSteps } = trials.options
  const end = { executions: spent.executions + budget.executions, steps: spent.steps + budget.steps }
  if (from.preemptions === 0) {
    const short = yield* within(trials, from, end, from.steps - 1)
    return { ...short, fewestPreemptions: true }
  }
  const half = { executions: end.executions - budget.executions / 2, steps: end.steps - budget.steps / 2 }
  const long = yield* within(trials, from, half, maxSteps)
  if (long.fewestPreemptions && long.fewestSteps) return long
  const short = yield* within(trials, long.best, end, long.best.steps - 1)
  return { ...short, fewestPreemptions: long.fewestPreemptions }
}

/**
 * @param end what may have been spent when it is over
 * @param stepsMax of runs with fewer preemptions than the best has
 */
function* within(trials: Trials, from: Failing, end: Budget, stepsMax: number): Generator<Failing, Searched> {
  const { spent, maxSteps } = trials.options
  const { ghosts } = trials
  const everyLength = stepsMax >= maxSteps
  let best = from
  let layers = new Layers(trials, best.preemptions, stepsMax)
  for (;;) {
    const last = layers.preemptions >= best.preemptions
    if (last) layers.stepsMax = Math.min(layers.stepsMax, best.steps - 1)
    if (layers.over) {
      if (last) return { best, fewestPreemptions: everyLength, fewestSteps: true }
      layers.deeper()
      continue
    }
    // Runs of every length are made to get through them all, and for nothing else.
    const needed = everyLength && !last ? layers.left : 1
    if (spent.executions + needed > end.executions || spent.steps >= end.steps)
      return { best, fewestPreemptions: last && everyLength, fewestSteps: false }
    const { opaque } = ghosts
    const found = layers.go()
    if (found !== null && compareLength(found, best) < 0) best = found
    // What was judged by what can't be watched is judged anew.
    if (ghosts.opaque && !opaque) layers = new Layers(trials, best.preemptions, stepsMax)
    yield best
  }
}
