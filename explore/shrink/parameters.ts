import { type AnyValues, BadInput, type Param, type Scenario } from '../../kernel/index.ts'
import { random } from '../../scheduler/index.ts'
import { descend } from './descend.ts'
import { Follower } from './follow.ts'
import { Layers } from './layers.ts'
import { compareLength, type Failing } from './moves.ts'
import { limitsOf } from './noted.ts'
import { pausing } from './pausing.ts'
import { type TrialOptions, Trials } from './trials.ts'

/** Smaller parameters: fewer processes, items, slots, with a failure in the same way that is no larger. */

/** A scenario with parameters, and the best that is known of them. */
export interface Place {
  readonly trials: Trials
  readonly best: Failing
}

const VALUES_TRIED = 8
/** What is tried with each value. */
const RANDOM_RUNS = 50
const SEARCHED_EXECUTIONS = 500
const SEARCHED_STEPS = 10_000

/** The same with one parameter lower, the first for which that is found; `null`: for none. */
export function* lower(
  scenario: Scenario,
  from: Place,
  fixed: readonly string[],
): Generator<void, (Place & { readonly name: string }) | null> {
  const { options } = from.trials
  for (const [name, param] of Object.entries(scenario.params)) {
    if (fixed.includes(name)) continue
    for (const value of lowerValues(param, options.params[name])) {
      const trials = booted(scenario, { ...options, params: { ...options.params, [name]: value } })
      if (trials === null) continue
      const best = yield* seek(trials, from.best)
      if (best !== null) return { trials, best, name }
    }
  }
  return null
}

/** Values to try, the lowest first; always the one that is lower by one. */
export function lowerValues(
  { default: standard, min = 1, oneOf }: Param,
  now: AnyValues[string] | undefined,
): number[] {
  if (typeof now !== 'number' || !Number.isInteger(now) || !Number.isInteger(standard)) return []
  if (oneOf !== undefined) {
    const listed = oneOf.filter((one) => typeof one === 'number' && one >= min && one < now) as number[] // so it said
    return listed.sort((a, b) => a - b).slice(0, VALUES_TRIED)
  }
  const first = Math.ceil(min)
  if (now - first <= VALUES_TRIED) return Array.from({ length: Math.max(0, now - first) }, (_, i) => first + i)
  const values = new Set([first, first + 1, first + 2, first + 3])
  for (const part of [8, 4, 2]) values.add(first + Math.floor((now - first) / part))
  values.add(now - 1)
  return [...values].sort((a, b) => a - b)
}

/** `null` for parameters that the scenario does not take. */
function booted(scenario: Scenario, options: TrialOptions): Trials | null {
  try {
    return new Trials(scenario, options)
  } catch (error) {
    if (error instanceof BadInput) return null
    throw error
  }
}

/** A failure in the same way, no larger than that: the same schedule if it does, else what a short search finds. */
function* seek(trials: Trials, than: Failing): Generator<void, Failing | null> {
  const followed = trials.make(new Follower(than.moves), { ...limitsOf(than), preemptions: Infinity })
  yield
  if (followed !== null) {
    const descended = yield* pausing(descend(trials, followed))
    if (compareLength(descended, than) <= 0) return descended
  }
  return (yield* searched(trials, than)) ?? (yield* sampled(trials, than))
}

/** Every schedule that is no larger, as far as a small budget goes. */
function* searched(trials: Trials, than: Failing): Generator<void, Failing | null> {
  const { spent } = trials.options
  const executionsMax = spent.executions + SEARCHED_EXECUTIONS
  const stepsMax = spent.steps + SEARCHED_STEPS
  const layers = new Layers(trials, than.preemptions, than.steps)
  while (spent.executions < executionsMax && spent.steps < stepsMax) {
    if (!layers.over) {
      const found = layers.go()
      if (found !== null) return found
      yield
    } else if (layers.preemptions < than.preemptions) {
      layers.deeper()
    } else {
      return null
    }
  }
  return null
}

/** The first failure in some random runs, made smaller. */
function* sampled(trials: Trials, than: Failing): Generator<void, Failing | null> {
  const decider = random('smaller')
  const limits = { ...limitsOf(than), preemptions: Infinity }
  for (let i = 0; i < RANDOM_RUNS; i++) {
    const made = trials.make(decider, limits)
    yield
    if (made === null) continue
    const descended = yield* pausing(descend(trials, made))
    return compareLength(descended, than) <= 0 ? descended : null
  }
  return null
}
