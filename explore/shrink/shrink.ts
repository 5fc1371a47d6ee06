import { type AnyValues, BadInput, type Scenario, type WakeOrder } from '../../kernel/index.ts'
import type { Choice, Failure } from '../../scheduler/index.ts'
import { descend } from './descend.ts'
import { Follower } from './follow.ts'
import { choicesOf, type Failing, movesOf } from './moves.ts'
import { NO_LIMITS } from './noted.ts'
import { lower, type Place } from './parameters.ts'
import { pausing } from './pausing.ts'
import { type Budget, type Searched, search } from './search.ts'
import { type Sought, Trials } from './trials.ts'

/**
 * From a failing run to the smallest that fails in the same way: fewest preemptions, then fewest steps, then smaller
 * parameters. A lower parameter is taken only with a failure that is no larger; but how small the larger program's can be
 * is searched with a small budget first, as the thorough search is for the program that remains.
 */

/** A failing run, as it was found. */
export interface ShrinkFrom {
  readonly params: AnyValues
  readonly wakeOrder: WakeOrder
  readonly maxSteps: number
  readonly choices: readonly Choice[]
  /** How it fails: what is smaller must fail in the same way. */
  readonly failure: Sought
}

export interface ShrinkOptions {
  /** At most so many runs in a search for something smaller; whatever it finds has another search of as many. Default 4,000. */
  readonly executions?: number
  /** At most so many steps in all these runs. Default 80,000. */
  readonly steps?: number
  /** Parameters that stay as they are. */
  readonly fixed?: readonly string[]
  /** Ends it, with the smallest that is known so far. */
  readonly signal?: { readonly aborted: boolean }
}

export interface Shrunk {
  readonly params: AnyValues
  /** Parameters that are lower than they were. */
  readonly lowered: readonly string[]
  readonly choices: readonly Choice[]
  readonly preemptions: number
  readonly steps: number
  readonly maxSteps: number
  readonly failure: Failure
  /** No schedule with fewer preemptions fails in the same way: every one was tried, with these parameters. */
  readonly fewestPreemptions: boolean
  /** And none with as many preemptions in fewer steps. */
  readonly fewestSteps: boolean
  /** Runs that were made for it. */
  readonly executions: number
}

const EXECUTIONS = 4_000
const STEPS = 80_000
/** What is searched before parameters are lowered. To be thorough is cheaper in the smaller program. */
const QUICK: Budget = { executions: 200, steps: 1_000 }

/** What is known of the smallest so far. */
interface Known extends Place {
  readonly fewestPreemptions: boolean
  readonly fewestSteps: boolean
}

/**
 * Shrinks a failing run, with a pause after each run that it makes. What it ends with it would end with again: all that it
 * tries last it tries from there, and it goes from one to the next only if that is smaller.
 * @throws BadInput when the run does not fail like that
 */
export function* shrinking(scenario: Scenario, from: ShrinkFrom, options: ShrinkOptions = {}): Generator<void, Shrunk> {
  const { params, wakeOrder, maxSteps, failure } = from
  const spent = { executions: 0, steps: 0 }
  const trials = new Trials(scenario, { params, wakeOrder, maxSteps, sought: failure, spent })
  const best = trials.make(new Follower(movesOf(from.choices)), NO_LIMITS)
  if (best === null)
    throw new BadInput(
      `the schedule does not lead to '${failure.name}' any more: a program keeps state between runs, or draws random numbers of its own`,
    )
  const unknown = { fewestPreemptions: false, fewestSteps: false }
  const run = new Shrinking(scenario, { trials, best, ...unknown }, options)
  const work = run.work()
  while (options.signal?.aborted !== true && work.next().done !== true) yield
  const known = run.known
  return {
    params: known.trials.options.params,
    lowered: [...run.lowered],
    choices: choicesOf(known.best.moves),
    preemptions: known.best.preemptions,
    steps: known.best.steps,
    maxSteps,
    failure: known.best.failure,
    fewestPreemptions: known.fewestPreemptions,
    fewestSteps: known.fewestSteps,
    executions: spent.executions,
  }
}

/** As `shrinking`, to its end. */
export function shrink(scenario: Scenario, from: ShrinkFrom, options: ShrinkOptions = {}): Shrunk {
  const work = shrinking(scenario, from, options)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

class Shrinking {
  readonly #scenario: Scenario
  readonly #fixed: readonly string[]
  readonly #budget: Budget
  readonly lowered = new Set<string>()
  known: Known

  constructor(scenario: Scenario, known: Known, { executions = EXECUTIONS, steps = STEPS, fixed = [] }: ShrinkOptions) {
    this.#scenario = scenario
    this.known = known
    this.#budget = { executions, steps }
    this.#fixed = fixed
  }

  *work(): Generator<void, void> {
    // That a run has no end is shown by its length, and by everybody's having had his turn: a shorter one shows less.
    if (this.known.best.failure.kind === 'step limit') return
    for (;;) {
      yield* this.#shorten(least(QUICK, this.#budget))
      const smaller = yield* lower(this.#scenario, this.known, this.#fixed)
      if (smaller !== null) {
        this.lowered.add(smaller.name)
        this.known = { ...smaller, fewestPreemptions: false, fewestSteps: false }
        continue
      }
      if (isComplete(this.known)) return
      const { best } = this.known
      yield* this.#shorten(this.#budget)
      if (this.known.best === best) return
    }
  }

  /** The smallest schedule, with the parameters as they are. */
  *#shorten(budget: Budget): Generator<void, void> {
    for (;;) {
      this.#knows(yield* this.#told(descend(this.known.trials, this.known.best)))
      const before = this.known.best
      const searched = yield* this.#told(search(this.known.trials, before, budget))
      this.known = { ...this.known, ...searched }
      if (searched.best === before) return
      if (isComplete(searched)) return this.#knows(yield* this.#told(descend(this.known.trials, searched.best)))
    }
  }

  *#told<R>(work: Generator<Failing, R>): Generator<void, R> {
    return yield* pausing(work, (best) => this.#knows(best))
  }

  /** It is smaller, or the same; what is known of its length stays true. */
  #knows(best: Failing): void {
    if (best !== this.known.best) this.known = { ...this.known, best }
  }
}

const isComplete = ({ fewestPreemptions, fewestSteps }: Searched): boolean => fewestPreemptions && fewestSteps

const least = (one: Budget, other: Budget): Budget => ({
  executions: Math.min(one.executions, other.executions),
  steps: Math.min(one.steps, other.steps),
})
