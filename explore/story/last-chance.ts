import { boot, invariant, type Scenario, type Simulation } from '../../kernel/index.ts'
import {
  type Choice,
  type Decider,
  Departure,
  dfs,
  isPick,
  KILLED,
  Ledger,
  numbers,
  prefixed,
  replay,
  run,
  SENT,
  SPURIOUS,
  TIMER,
} from '../../scheduler/index.ts'
import { type Trace, withChoices } from '../../trace/index.ts'

/**
 * The last point at which a failing run could still have ended well. That a beginning of its schedule can be gone on
 * with to a good end holds of every shorter beginning, too: so there is one choice after which it is too late, and a
 * good run that parts from the failing one just there. It is looked for by halves with a few fair runs from each
 * beginning; that after it all is lost is then made sure of depth first, as far as the budget goes. A good end is one
 * for which nothing more has to go wrong from outside than has.
 */

/** Where the failing run and a good one part for the last time. */
export interface Parting {
  /** The beginning that both have. */
  readonly before: readonly Choice[]
  /** What is chosen there, from 1: the step in which, or inside which, it is. */
  readonly step: number
  /** What the failing run chooses. */
  readonly took: Choice
  /** What the good run chooses. */
  readonly instead: Choice
  /** The whole good run. */
  readonly good: readonly Choice[]
  /** Every continuation of what the failing run chooses was tried, and none ends well. */
  readonly certain: boolean
  /** So many were tried. */
  readonly runs: number
}

/** No schedule that was tried ends well, and whether those were all there are. */
export interface Hopeless {
  readonly certain: boolean
  readonly runs: number
}

export type Prospect = { readonly parting: Parting } | { readonly hopeless: Hopeless }

export interface SearchBudget {
  /** In all, whatever they are made for. */
  readonly runs: number
  readonly steps: number
}

/** Some hundredths of a second, for a failure of some thirty steps. */
export const BUDGET: SearchBudget = { runs: 600, steps: 150_000 }

/** Fair runs from one beginning before it is taken to be hopeless. */
const TRIES = 12
/** From the very start, before everything is. */
const TRIES_FROM_START = 60
const FAULTS: ReadonlySet<string> = new Set([KILLED, SENT, SPURIOUS])

type Noted = ReturnType<typeof withChoices>

/** Steps that a continuation may have: so many times those of the failing run, and some. */
const LONGER = 4
const LONGER_BY = 200

/** `null`: the run can't be made again by its choices alone, as where a policy kept the time. Yields between runs. */
export function* lastChance(
  scenario: Scenario,
  trace: Trace,
  budget: SearchBudget = BUDGET,
): Generator<void, Prospect | null> {
  return yield* new Search(scenario, trace, budget).search()
}

class Search {
  readonly #choices: readonly Choice[]
  readonly #simulation: Simulation
  /** Timers may fire out of their order: then a timer may have been a fault. */
  readonly #timeouts: boolean
  readonly #stream = numbers('last chance')
  readonly #trace: Trace
  readonly #maxSteps: number
  /** Runs may be shorter than the failing run's own limit lets them be. */
  readonly #isCut: boolean
  readonly #budget: SearchBudget
  #runs = 0
  #steps = 0
  /** A continuation was given up for its length: then nothing is certain any more. */
  #cut = false
  /** The good run that went furthest with the failing one. */
  #good: readonly Choice[] = []
  /** How many choices it has in common with it; -1 while there is none. */
  #common = -1

  constructor(scenario: Scenario, trace: Trace, budget: SearchBudget) {
    const { params, wakeOrder, maxSteps } = trace.header
    this.#trace = trace
    this.#choices = trace.choices
    this.#budget = budget
    this.#timeouts = scenario.faults?.timeout === true
    this.#maxSteps = Math.min(maxSteps, LONGER * trace.steps + LONGER_BY)
    this.#isCut = this.#maxSteps < maxSteps
    this.#simulation = boot(scenario, { params, wakeOrder, door: { pick: () => 0 } })
  }

  *search(): Generator<void, Prospect | null> {
    if (!this.#failsByChoicesAlone()) return null
    yield
    yield* this.#fairRuns(0, TRIES_FROM_START)
    if (this.#common < 0) {
      const certain = yield* this.#allRuns(0)
      if (this.#common < 0) return { hopeless: { certain, runs: this.#runs } }
    }
    for (;;) {
      const late = yield* this.#guess()
      const before = this.#runs
      const certain = yield* this.#allRuns(late)
      if (this.#common < late) return { parting: this.#parting(certain, this.#runs - before) }
    }
  }

  /** Finds by halves the first beginning from which fair runs don't end well. */
  *#guess(): Generator<void, number> {
    let late = this.#choices.length
    while (this.#common + 1 < late) {
      const middle = Math.floor((this.#common + 1 + late) / 2)
      yield* this.#fairRuns(middle, TRIES)
      if (this.#common < middle) late = middle
    }
    return this.#common + 1
  }

  /** Makes fair runs from a beginning until one ends well. */
  *#fairRuns(length: number, tries: number): Generator<void, void> {
    for (const start of this.#startsFrom(length)) {
      const by = withChoices(prefixed(this.#choices.slice(0, start), this.#fair()))
      for (let i = 0; i < tries && this.#common < length && this.#affordable; i++) {
        this.#make(by, i)
        yield
      }
    }
  }

  /** Makes every run from a beginning until one ends well; says whether it has made them all and none did. */
  *#allRuns(length: number): Generator<void, boolean> {
    this.#cut = false
    for (const start of this.#startsFrom(length)) {
      const by = withChoices(prefixed(this.#choices.slice(0, start), dfs({ faults: false })))
      for (let i = 0; ; i++) {
        if (!this.#affordable) return false
        if (!this.#make(by, i)) break
        if (this.#common >= length) return false
        yield
      }
    }
    return !this.#cut
  }

  /** Nothing more is to go wrong from outside than did in the failing run: that may go on with it up to what did. */
  #startsFrom(length: number): number[] {
    const starts = [length]
    for (let at = length; at < this.#choices.length; at++)
      if (this.#isFault(this.#choices[at] ?? '')) starts.push(at + 1)
    return starts
  }

  #isFault(choice: Choice): boolean {
    return FAULTS.has(choice.charAt(0)) || (choice.startsWith(TIMER) && this.#timeouts)
  }

  get #affordable(): boolean {
    return this.#runs < this.#budget.runs && this.#steps < this.#budget.steps
  }

  /** Every option equally likely, but nothing goes wrong from outside that has not. */
  #fair(): Decider {
    const below = (count: number): number => (count === 1 ? 0 : this.#stream.below(count))
    return {
      name: 'fair',
      keepsTime: false,
      complete: false,
      begin: () => true,
      next: ({ ordinary }) => below(ordinary),
      pick: (_kind, _thread, count) => below(count),
    }
  }

  /** Makes one run; `false` when the decider has none left. */
  #make({ decider, choices }: Noted, index: number): boolean {
    const simulation = this.#simulation
    const { machine } = simulation
    machine.kernel.door = decider
    simulation.start()
    if (!decider.begin(simulation, index)) return false
    const { ending } = run(simulation, decider, { maxSteps: this.#maxSteps })
    this.#runs += 1
    this.#steps += machine.steps
    if (ending === 'step limit' && this.#isCut) this.#cut = true
    if (ending === 'done') this.#keep(choices)
    return true
  }

  #keep(choices: readonly Choice[]): void {
    const failing = this.#choices
    let common = 0
    while (common < failing.length && choices[common] === failing[common]) common += 1
    invariant(common > this.#common, 'who goes on from a later beginning comes further')
    this.#common = common
    this.#good = [...choices]
  }

  #parting(certain: boolean, runs: number): Parting {
    const at = this.#common
    const before = this.#choices.slice(0, at)
    const [took, instead] = [this.#choices[at], this.#good[at]]
    invariant(took !== undefined && instead !== undefined, 'a run that fails and one that does not part somewhere')
    const begun = before.filter((choice) => !isPick(choice)).length
    return { before, step: isPick(took) ? begun : begun + 1, took, instead, good: this.#good, certain, runs }
  }

  /** Whether the choices are all there is to the failure. */
  #failsByChoicesAlone(): boolean {
    const { header, verdict } = this.#trace
    const by = replay(this.#choices)
    const simulation = this.#simulation
    simulation.machine.kernel.door = by
    simulation.start()
    by.begin(simulation, 0)
    try {
      const { failure } = run(simulation, by, { maxSteps: header.maxSteps, ledger: new Ledger(simulation) })
      return failure?.kind === verdict.failure?.kind && failure?.name === verdict.failure?.name
    } catch (error) {
      if (error instanceof Departure) return false
      throw error
    }
  }
}
