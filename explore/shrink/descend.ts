import { type Edit, edits, Outline } from './edits.ts'
import { compare, type Failing } from './moves.ts'
import { limitsOf } from './noted.ts'
import type { Trials } from './trials.ts'

/** How much is tried in one go through the neighbourhood. A schedule so long that this is not enough has its coarse neighbours only. */
const EXECUTIONS_PER_ROUND = 2_000
const STEPS_PER_ROUND = 100_000

/**
 * From neighbour to smaller neighbour, until none is smaller. The last round was made from what is returned, and found
 * nothing: so whoever begins with that ends with it. Pauses after each run, with the smallest so far.
 */
export function* descend(trials: Trials, from: Failing): Generator<Failing, Failing> {
  const tried = new Set<string>()
  let best = from
  for (;;) {
    const smaller = yield* round(trials, best, tried)
    if (smaller === best) return best
    best = smaller
  }
}

/**
 * Goes through the neighbourhood once, on from whatever it finds.
 * @param tried what need not be tried again: it was not smaller than what was larger
 */
function* round(trials: Trials, from: Failing, tried: Set<string>): Generator<Failing, Failing> {
  const { spent } = trials.options
  const executionsMax = spent.executions + EXECUTIONS_PER_ROUND
  const stepsMax = spent.steps + STEPS_PER_ROUND
  let best = from
  for (const edit of edits) {
    let outline = new Outline(best.moves)
    for (let index = 0; ; ) {
      const smaller = tryOne(trials, best, edit(outline, index), tried)
      if (smaller === 'over') break
      if (smaller === null) {
        index += 1
      } else {
        best = smaller
        outline = new Outline(best.moves)
      }
      if (spent.executions >= executionsMax || spent.steps >= stepsMax) return best
      yield best
    }
  }
  return best
}

/** A neighbour, if it is smaller. */
function tryOne(
  trials: Trials,
  best: Failing,
  follower: ReturnType<Edit>,
  tried: Set<string>,
): Failing | null | 'over' {
  if (follower === null || follower === 'over') return follower
  const { key } = follower
  if (tried.has(key)) return null
  tried.add(key)
  const made = trials.make(follower, limitsOf(best))
  return made !== null && compare(made, best) < 0 ? made : null
}
