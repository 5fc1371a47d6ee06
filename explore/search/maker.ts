import { boot, KernelPanic, type Scenario, type Simulation, type SiteProbe } from '../../kernel/index.ts'
import {
  type Decider,
  decider as deciderNamed,
  type Failure,
  indexed,
  type Logged,
  type Observer,
  type Outcome,
  type RunOptions,
  run,
  type Witnessed,
  witnessed,
} from '../../scheduler/index.ts'
import { isSurveyed, Survey, type Surveyed } from '../coverage/survey.ts'
import { checkDeterminism, differently, stepInWords } from '../determinism.ts'
import { isWatched, Lookout } from '../findings/lookout.ts'
import type { Phase } from '../phases.ts'
import { Sometimes } from '../sometimes.ts'
import type { Order, Raw, Sighting, Tally } from './unit.ts'
import { bootOptions, type Wishes } from './wishes.ts'

const NOTHING: string[] = []

/** Makes the runs of units, one after another, on one machine. */
export class Maker {
  readonly scenario: Scenario
  readonly #wishes: Wishes
  readonly #phases: readonly Phase[]
  /** For a run that nobody watches: the same each time. */
  readonly #plain: RunOptions
  /** Where lines are to be noted. */
  readonly #probe: SiteProbe | null
  #simulation: Simulation | null = null
  #unit: UnderWay | null = null

  constructor(scenario: Scenario, wishes: Wishes, phases: readonly Phase[], probe: SiteProbe | null = null) {
    this.scenario = scenario
    this.#wishes = wishes
    this.#phases = phases
    this.#plain = { maxSteps: wishes.maxSteps }
    this.#probe = wishes.surveyed === 'lines' ? probe : null
  }

  get simulation(): Simulation | null {
    return this.#simulation
  }

  get unit(): UnderWay | null {
    return this.#unit
  }

  /** Takes up another unit, which is to be made by `another`. @param known traces that need not be noted again */
  begin(order: Order, known?: ReadonlySet<number>): UnderWay {
    this.#unit = new UnderWay(order, this.#phases, this.scenario, known)
    return this.#unit
  }

  /** Makes one run of the unit; `false` when that is over. */
  another(): boolean {
    const unit = this.#unit
    if (unit === null || unit.end !== null) return false
    const { phase, order, decider } = unit
    if (unit.executions >= order.unit.count) return unit.is('all')
    const simulation = this.#stage(decider)
    if (!decider.begin(simulation, unit.executions)) return unit.is('all')
    // Only now: a budget that was just enough has been enough.
    if (unit.executions >= order.limit) return unit.is('more')
    if (phase.dfs !== null && unit.executions >= this.#wishes.unit.part) return unit.is('more')
    if (unit.executions === phase.review?.after && !phase.review.goOn(decider)) return unit.is('given up')
    unit.executions += 1
    const words: string[] | null = this.#isCompared(unit) ? [] : null
    const lookout = isWatched(order.unit.from + unit.executions) ? unit.watches(simulation) : null
    const survey = this.#survey(simulation, unit)
    const outcome = this.#run(simulation, unit, words, lookout, survey)
    survey?.ended(outcome.ending)
    unit.steps += simulation.machine.steps
    const seen = lookout?.ended(outcome.ending) ?? NOTHING
    const taken = seen.length === 0 ? null : decider.taken()
    this.#judge(unit, simulation, outcome, words)
    if (taken !== null) this.#sight(unit, taken, seen)
    return unit.end === null
  }

  /** The scenario, before its first step, with this decider at the door. */
  #stage(decider: Decider): Simulation {
    this.#simulation ??= boot(this.scenario, { door: decider, sites: this.#probe, ...bootOptions(this.#wishes) })
    this.#simulation.machine.kernel.door = decider
    this.#simulation.start()
    return this.#simulation
  }

  /** What looks at the run about to be made for what it covers. */
  #survey(simulation: Simulation, unit: UnderWay): Survey | null {
    const { surveyed } = this.#wishes
    if (surveyed === 'none' || !isSurveyed(surveyed, unit.order.unit.from + unit.executions)) return null
    const survey = unit.surveys(simulation, surveyed)
    simulation.machine.kernel.door = survey.begin(unit.decider)
    return survey
  }

  #run(
    simulation: Simulation,
    { decider, sometimes }: UnderWay,
    words: string[] | null,
    lookout: Lookout | null,
    survey: Survey | null,
  ): Outcome {
    sometimes.observer?.(simulation) // how it begins is as good as what a step leads to
    try {
      return run(simulation, decider, this.#runOptions(sometimes, words, lookout, survey))
    } catch (error) {
      if (error instanceof KernelPanic && error.decisions.length === 0) error.decisions = this.#decisions(decider)
      throw error
    }
  }

  /** The choices of a run that ended in a panic. */
  #decisions(decider: Logged): readonly string[] {
    const again = indexed(decider.taken(), decider)
    try {
      run(this.#stage(again), again, this.#plain)
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error
    }
    return again.schedule().choices
  }

  /** Whether the run about to be made is made again and compared. */
  #isCompared({ order, executions }: UnderWay): boolean {
    const every = this.#wishes.checkDeterminism
    const number = order.unit.from + executions
    return (number === 1 && order.unit.phase === 0) || (every !== undefined && number % every === 0)
  }

  #runOptions(
    sometimes: Sometimes,
    words: string[] | null,
    lookout: Lookout | null,
    survey: Survey | null,
  ): RunOptions {
    const watch = sometimes.observer
    if (watch === null && words === null && lookout === null && survey === null) return this.#plain
    const observers: Observer[] = []
    if (lookout !== null) observers.push(lookout.observe)
    if (survey !== null) observers.push(survey.observe)
    if (watch !== null) observers.push(watch)
    if (words !== null) observers.push((simulation) => words.push(stepInWords(simulation)))
    return { ...this.#plain, observers }
  }

  /** The run just made has something new to show: its schedule is kept. */
  #sight({ phase, decider: { keepsTime }, executions, sightings }: UnderWay, taken: number[], keys: string[]): void {
    const again = indexed(taken)
    if (!keepsTime) run(this.#stage(again), again, this.#plain)
    const { choices } = again.schedule()
    sightings.push({ execution: executions, strategy: phase.name, keepsTime, choices, keys })
  }

  #judge(unit: UnderWay, simulation: Simulation, { ending, failure }: Outcome, words: string[] | null): void {
    const { phase, decider } = unit
    if (ending === 'pruned') unit.pruned += 1
    if (words === null && failure === null) return
    if (words !== null && ending !== 'redundant')
      checkDeterminism(simulation, this.#again(unit), words, this.#wishes.maxSteps)
    if (failure === null) return
    if (this.#isUnfair(phase, failure)) {
      unit.is('endless')
      return
    }
    const again = this.#again(unit)
    const staged = this.#stage(again)
    again.begin(staged, 0)
    const second = run(staged, again, this.#plain)
    if (second.failure?.message !== failure.message) throw differently(this.scenario, failure, second.failure)
    const { keepsTime } = decider
    const strategy = phase.mixed === true ? decider.name : phase.name
    unit.fails({ failure, ending, schedule: again.schedule(), execution: unit.executions, strategy, keepsTime })
  }

  /** In a search that proves, a spinning thread goes on for ever: after fair runs that all ended, the search's limit and no fault. */
  #isUnfair(phase: Phase, failure: Failure): boolean {
    const fairCameFirst = this.#phases.length > 1 && /^(dfs|dpor)/.test(phase.name)
    return fairCameFirst && failure.kind === 'step limit' && this.scenario.expect !== 'step limit'
  }

  /** Decides as the run just made was decided. */
  #again({ phase, decider }: UnderWay): Witnessed {
    return decider.keepsTime
      ? witnessed(deciderNamed(phase.name, this.#wishes.seed))
      : indexed(decider.taken(), decider)
  }
}

/** The unit that is being made. */
export class UnderWay {
  readonly order: Order
  readonly phase: Phase
  readonly decider: Logged
  readonly sometimes: Sometimes
  readonly sightings: Sighting[] = []
  #lookout: Lookout | null = null
  #watched = 0
  readonly #known: ReadonlySet<number>
  #survey: Survey | null = null
  readonly #dfs: ReturnType<Phase['make']>['dfs']
  executions = 0
  steps = 0
  pruned = 0
  #end: Tally['end'] | null = null
  #raw: Raw | null = null

  constructor(order: Order, phases: readonly Phase[], scenario: Scenario, known: ReadonlySet<number> = new Set()) {
    this.order = order
    this.#known = known
    this.phase = phases[order.unit.phase] as Phase // a unit is of one of them
    const { decider, dfs } = this.phase.make(order.unit)
    this.decider = decider
    this.#dfs = dfs
    this.sometimes = new Sometimes(scenario, order.reached)
  }

  /** The run about to be made is watched. */
  watches(simulation: Simulation): Lookout {
    this.#lookout ??= new Lookout(simulation)
    this.#lookout.begin()
    this.#watched += 1
    return this.#lookout
  }

  /** The run about to be made is looked at for what it covers. */
  surveys({ machine }: Simulation, surveyed: Surveyed): Survey {
    this.#survey ??= new Survey(machine, surveyed, this.#known)
    return this.#survey
  }

  get survey(): Survey | null {
    return this.#survey
  }

  get end(): Tally['end'] | null {
    return this.#end
  }

  /** It is over; always `false`. */
  is(end: Tally['end']): false {
    this.#end = end
    return false
  }

  fails(raw: Raw): void {
    this.#raw = raw
    this.#end = 'failed'
  }

  /** Of partial-order reduction: how much of all that it is to make it has made, as an estimate. */
  get share(): number | null {
    return this.decider.reduces === true ? (this.decider.share ?? null) : null
  }

  tally(): Tally {
    const { executions, steps, pruned, sometimes, decider } = this
    const { phase } = this
    const splits = this.#end === 'more' && phase.dfs !== null && executions > 0
    return {
      executions,
      steps,
      pruned,
      reached: sometimes.reached,
      watched: this.#watched,
      sightings: this.sightings,
      signals: this.#lookout?.signals ?? [],
      covered: this.#survey?.covered ?? null,
      end: this.#end ?? 'stopped',
      rest: splits ? (this.#dfs?.rest() ?? null) : null,
      leftOut: this.#dfs?.leftOut ?? false,
      complete: decider.complete,
      bound: decider.bound ?? null,
      traces: decider.traces ?? null,
      learned: decider.learned?.() ?? null,
      raw: this.#raw,
    }
  }
}
