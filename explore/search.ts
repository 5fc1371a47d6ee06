import { BadInput, boot, KernelPanic, type Scenario, type Simulation } from '../kernel/index.ts'
import {
  type Decider,
  decider as deciderNamed,
  type Ending,
  type Failure,
  indexed,
  type Logged,
  MAX_STEPS,
  type Observer,
  type Outcome,
  type RunOptions,
  run,
  type Schedule,
  type Witnessed,
  witnessed,
} from '../scheduler/index.ts'
import { checkDeterminism, differently, stepInWords } from './determinism.ts'
import type { ExploreOptions } from './explore.ts'
import { type Phase, phasesOf } from './phases.ts'
import { Sometimes } from './sometimes.ts'

/** The loop over schedules: one run after another, until one fails, none is left, or the budget is used up. */

/** A failing run, as it was found. */
export interface Raw {
  readonly failure: Failure
  readonly ending: Ending
  readonly schedule: Schedule
  /** Number of the run, from 1. */
  readonly execution: number
  /** The strategy or policy that made it. */
  readonly strategy: string
  /** A policy keeps time, and only it makes its runs again. */
  readonly keepsTime: boolean
}

export const EXECUTIONS = 100_000

export class Search {
  readonly scenario: Scenario
  readonly strategy: string
  readonly seed: string
  readonly maxSteps: number
  readonly executionsMax: number
  readonly sometimes: Sometimes
  readonly #options: ExploreOptions
  readonly #phases: readonly Phase[]
  /** For a run that nobody watches: the same each time. */
  readonly #plain: RunOptions
  #simulation: Simulation | null = null
  #phase = 0
  #inPhase = 0
  executions = 0
  steps = 0
  pruned = 0
  /** Every schedule was made. */
  complete = false
  /** The first run that failed. */
  raw: Raw | null = null
  /** Depth-first search met a run without an end, and was given up. */
  endless = false

  constructor(scenario: Scenario, options: ExploreOptions) {
    this.scenario = scenario
    this.#options = options
    this.strategy = options.strategy ?? 'portfolio'
    this.seed = String(options.seed ?? 1)
    this.maxSteps = atLeastOne('maxSteps', options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS)
    this.executionsMax = atLeastOne('executions', options.executions ?? EXECUTIONS)
    this.#plain = { maxSteps: this.maxSteps }
    this.#phases = phasesOf(this.strategy, this.seed, this.executionsMax, options.prefix ?? [])
    this.sometimes = new Sometimes(scenario)
  }

  get simulation(): Simulation | null {
    return this.#simulation
  }

  /** How many schedules there are, where every one was made, and each once. */
  get schedules(): number | null {
    return this.complete && this.bound === null && !this.#reduces ? this.#inPhase : null
  }

  /** How many Mazurkiewicz traces there are, where one run of each was made: schedules that differ in more than the order of steps which have nothing to do with each other. */
  get traces(): number | null {
    return this.complete && this.#reduces ? this.#inPhase : null
  }

  get #reduces(): boolean {
    return this.#phases[this.#phase]?.decider.reduces === true
  }

  /** Every schedule with at most so many preemptions was made. */
  get bound(): number | null {
    return this.#made().reduce<number | null>((most, { decider }) => decider.bound ?? most, null)
  }

  /** What is published of the methods that were used. */
  get promises(): string[] {
    return this.#made().flatMap(({ decider }) => decider.promise?.() ?? [])
  }

  #made(): readonly Phase[] {
    return this.#phases.slice(0, this.#phase + 1)
  }

  /** Makes one run; `false` when none is left to make. */
  another(): boolean {
    const phase = this.#phases[this.#phase]
    if (phase === undefined) return false
    const simulation = this.#stage(phase.decider)
    if (!phase.decider.begin(simulation, this.#inPhase)) {
      this.complete = phase.decider.complete
      return this.complete || phase.decider.bound != null ? false : this.#nextPhase()
    }
    // Only now: a budget that was just enough has been enough.
    const { executionsMax, review } = phase
    if (this.executions >= this.executionsMax) return false
    if (this.#inPhase >= executionsMax) return this.#nextPhase()
    if (review !== null && this.#inPhase === review.after && !review.goOn()) return this.#nextPhase()
    this.executions += 1
    const words: string[] | null = this.#isCompared() ? [] : null
    const outcome = this.#run(simulation, phase.decider, words)
    this.#inPhase += 1
    this.steps += simulation.machine.steps
    this.#judge(phase, simulation, outcome, words)
    return this.raw === null
  }

  #run(simulation: Simulation, decider: Logged, words: string[] | null): Outcome {
    try {
      return run(simulation, decider, this.#runOptions(words))
    } catch (error) {
      if (error instanceof KernelPanic && error.decisions.length === 0) error.decisions = this.#decisions(decider)
      throw error
    }
  }

  /** The choices of a run that ended in a panic. */
  #decisions(decider: Logged): readonly string[] {
    const again = indexed(decider.taken())
    try {
      run(this.#stage(again), again, this.#plain)
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error
    }
    return again.schedule().choices
  }

  #nextPhase(): boolean {
    this.#phase += 1
    this.#inPhase = 0
    return this.#phase < this.#phases.length
  }

  /** The scenario, before its first step, with this decider at the door. */
  #stage(decider: Decider): Simulation {
    this.#simulation ??= boot(this.scenario, { door: decider, ...bootOptions(this.#options) })
    this.#simulation.machine.kernel.door = decider
    this.#simulation.start()
    return this.#simulation
  }

  /** Whether the run about to be made is made again and compared. */
  #isCompared(): boolean {
    const every = this.#options.checkDeterminism
    return this.executions === 1 || (every !== undefined && this.executions % every === 0)
  }

  #runOptions(words: string[] | null): RunOptions {
    const watch = this.sometimes.observer
    if (watch === null && words === null) return this.#plain
    const observers: Observer[] = []
    if (watch !== null) observers.push(watch)
    if (words !== null) observers.push((simulation) => words.push(stepInWords(simulation)))
    return { maxSteps: this.maxSteps, observers }
  }

  #judge(phase: Phase, simulation: Simulation, { ending, failure }: Outcome, words: string[] | null): void {
    if (ending === 'pruned') this.pruned += 1
    if (words === null && failure === null) return
    if (words !== null) checkDeterminism(simulation, again(phase, this.seed), words, this.maxSteps)
    if (failure === null) return
    if (this.#isUnfair(phase, failure)) {
      this.endless = true
      this.#phase = this.#phases.length
      return
    }
    const decider = again(phase, this.seed)
    const staged = this.#stage(decider)
    decider.begin(staged, 0)
    const second = run(staged, decider, this.#plain)
    if (second.failure?.message !== failure.message) throw differently(this.scenario, failure, second.failure)
    const { name: strategy } = phase
    const { keepsTime } = phase.decider
    this.raw = { failure, ending, schedule: decider.schedule(), execution: this.executions, strategy, keepsTime }
  }

  /** Depth first, a spinning thread goes on for ever: after fair runs that all ended, the search's limit and no fault. */
  #isUnfair(phase: Phase, failure: Failure): boolean {
    const fairCameFirst = this.#phases.length > 1 && phase.name.startsWith('dfs')
    return fairCameFirst && failure.kind === 'step limit' && this.scenario.expect !== 'step limit'
  }
}

/** Decides as the run just made was decided. */
function again({ name, decider }: Phase, seed: string): Witnessed {
  return decider.keepsTime ? witnessed(deciderNamed(name, seed)) : indexed(decider.taken())
}

/** What boot is to be told. */
export function bootOptions({ params, wakeOrder }: ExploreOptions): Pick<ExploreOptions, 'params' | 'wakeOrder'> {
  return { ...(params === undefined ? {} : { params }), ...(wakeOrder === undefined ? {} : { wakeOrder }) }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new BadInput(`${name} takes a whole number of at least 1, not ${value}`)
  return value
}
