import type { Scenario, Simulation, SiteProbe } from '../kernel/index.ts'
import { type DfsPart, type Learned, partAfter, together } from '../scheduler/index.ts'
import { type Coverage, Sum, type Vacuity } from './coverage/coverage.ts'
import { type Phase, phasesOf } from './phases.ts'
import { Maker } from './search/maker.ts'
import type { Order, Raw, Result, Sighting, Tally, Unit } from './search/unit.ts'
import type { Wishes } from './search/wishes.ts'

/**
 * The search over schedules: its units in their order, and what they have come to so far. Units are made here one after
 * another, or anywhere: only what all those before it came to says what becomes of a unit's result.
 */

/** One place in the order of units: a unit, or a part of a depth-first search that is still to be made into units. */
interface Place {
  readonly unit: Unit
  /** It stands for what comes after this. */
  readonly after: DfsPart | null
  given: boolean
  result: Result | null
}

/** A unit that was given to somebody to be made. */
export interface Given {
  readonly order: Order
  readonly place: object
}

/** An estimate of how far partial-order reduction has come. */
export interface Left {
  /** From 0 to 1. */
  readonly share: number
  /** Runs. */
  readonly made: number
}

export class Search {
  readonly scenario: Scenario
  readonly wishes: Wishes
  readonly #phases: readonly Phase[]
  readonly #maker: Maker
  /** The unit that is made here. */
  #own: Given | null = null
  #places: Place[] = []
  /** The phase that the first place is of, and how many of its runs were made. */
  #phase = 0
  #inPhase = 0
  /** Where the order of units ends so far. */
  #next = { phase: 0, from: 0 }
  #leftOut = false
  #traces: number | null = null
  readonly #reached = new Set<string>()
  readonly #learned = new Map<string, Learned>()
  readonly #covered = new Sum()
  #executions = 0
  #steps = 0
  #pruned = 0
  /** How many runs were watched for data races and lock-order inversions. */
  watched = 0
  /** Those that had something new to show. */
  readonly sightings: Sighting[] = []
  readonly #sighted = new Set<string>()
  /** Semaphores that were seen to be no locks. */
  readonly signals = new Set<string>()
  #over = false
  /** Every schedule was made. */
  complete = false
  /** Every schedule with at most so many preemptions was made. */
  bound: number | null = null
  /** The first run that failed. */
  raw: Raw | null = null
  /** Depth-first search met a run without an end, and was given up. */
  endless = false

  /** @param probe says on which lines calls are made, where the wishes ask for that */
  constructor(scenario: Scenario, wishes: Wishes, probe: SiteProbe | null = null) {
    this.scenario = scenario
    this.wishes = wishes
    this.#phases = phasesOf(wishes.strategy, wishes.seed, wishes.executions, wishes.prefix)
    this.#maker = new Maker(scenario, wishes, this.#phases, probe)
  }

  get simulation(): Simulation | null {
    return this.#maker.simulation
  }

  /** Nothing is left to be made. */
  get over(): boolean {
    return this.#over
  }

  get executions(): number {
    return this.#executions + (this.#own === null ? 0 : (this.#maker.unit?.executions ?? 0))
  }

  get steps(): number {
    return this.#steps + (this.#own === null ? 0 : (this.#maker.unit?.steps ?? 0))
  }

  get pruned(): number {
    return this.#pruned
  }

  /** How many schedules there are, where every one was made, and each once. */
  get schedules(): number | null {
    return this.complete && this.bound === null && !this.#reduces ? this.#inPhase : null
  }

  /** How many Mazurkiewicz traces there are, where one run of each was made: schedules that differ in more than the order of steps which have nothing to do with each other. */
  get traces(): number | null {
    return this.complete ? this.#traces : null
  }

  get #reduces(): boolean {
    return this.#phases[this.#phase]?.decider.reduces === true
  }

  /** What is published of the methods that were used. */
  get promises(): string[] {
    const made = new Map(this.#phases.slice(0, this.#phase + 1).map(({ name, decider }) => [name, decider]))
    return [...made].flatMap(([name, decider]) => {
      const learned = this.#learned.get(name)
      return learned === undefined ? [] : (decider.promise?.(learned) ?? [])
    })
  }

  /** Names of *sometimes* conditions that no run has reached. */
  get neverReached(): string[] {
    return Object.keys(this.scenario.sometimes ?? {}).filter((name) => !this.#reached.has(name))
  }

  /** What the runs cover that were looked at for it, with those of the unit that is made here. */
  get coverage(): Coverage | null {
    if (this.wishes.surveyed === 'none') return null
    return this.#covered.coverage(this.#own === null ? null : (this.#maker.unit?.survey ?? null))
  }

  get vacuity(): Vacuity | null {
    return this.wishes.surveyed === 'lines' ? this.#covered.vacuity : null
  }

  get left(): Left | null {
    const unit = this.#own === null ? null : this.#maker.unit
    const share = unit?.share ?? null
    return unit === null || share === null ? null : { share, made: unit.executions }
  }

  /** Makes one run here; `false` when none is left to make. */
  another(): boolean {
    if (this.#own === null) {
      this.#own = this.give()
      if (this.#own === null) return false
      this.#maker.begin(this.#own.order, this.#covered.traces)
    }
    if (!this.#maker.another()) this.#settleOwn()
    return !this.#over
  }

  /** Something was thrown in the run that was being made here. @throws it, unless runs before that one are still to come to something */
  readonly fail = (error: unknown): void => {
    const own = this.#own
    const tally = this.#maker.unit?.tally()
    if (own === null || tally === undefined) throw error
    this.#own = null
    this.take(own, { tally, thrown: { error } })
  }

  /** Ends what is being made here where it is. */
  leave(): void {
    if (this.#own !== null) this.#settleOwn()
  }

  /** Ends the search, with what it knows. */
  stop(): void {
    this.#over = true
  }

  #settleOwn(): void {
    const own = this.#own
    const tally = this.#maker.unit?.tally()
    this.#own = null
    if (own !== null && tally !== undefined) this.take(own, { tally, thrown: null })
  }

  /** Runs that were made, but do not count before others have come to something. */
  get ahead(): number {
    return this.#places.reduce((sum, { result }) => sum + (result?.tally.executions ?? 0), 0)
  }

  /** A unit is being made here. */
  get isMaking(): boolean {
    return this.#own !== null
  }

  /** The next unit that somebody can make, in their order; `null`: there is none now. */
  give(): Given | null {
    if (this.#over) return null
    for (let at = 0; ; at++) {
      const place = this.#placeAt(at)
      if (place === null || ends(place.result)) return null
      if (place.given) continue
      const { unit } = place
      place.given = true
      const limit = Math.min(this.wishes.executions - this.#executions, this.#leftOf(unit.phase))
      return { order: { unit, limit, reached: [...this.#reached] }, place }
    }
  }

  /** What a unit has come to; it counts when all before it have come to something. @throws what was thrown in the first that threw */
  take({ place }: Given, result: Result): void {
    const taken = place as Place // of ours
    taken.result = result
    for (;;) {
      const first = this.#over ? null : this.#placeAt(0)
      if (first === null || first.result === null) return
      this.#settle(first, first.result)
    }
  }

  #settle(place: Place, { tally, thrown }: Result): void {
    const left = Math.min(this.wishes.executions - this.#executions, this.#leftOf(place.unit.phase))
    if (tally.executions > left) {
      // It was given more than turned out to be left: it is made again, as far as that goes.
      place.given = false
      place.result = null
      return
    }
    if (thrown !== null) {
      this.#over = true
      throw thrown.error
    }
    this.#places.shift()
    this.#add(tally, place)
    switch (tally.end) {
      case 'all':
        if (this.#placeAt(0)?.unit.phase !== this.#phase) this.#endPhase(tally)
        return
      case 'more':
        if (this.#executions >= this.wishes.executions) this.#over = true
        else if (tally.rest === null || this.#leftOf(this.#phase) === 0) this.#nextPhase()
        else this.#places.unshift(...this.#restOf(place.unit, tally, tally.rest))
        return
      case 'given up':
        this.#nextPhase()
        return
      case 'endless':
        this.endless = true
        this.#over = true
        return
      case 'failed':
      case 'stopped':
        this.#over = true
        return
      default:
        tally.end satisfies never
    }
  }

  #add(tally: Tally, { unit }: Place): void {
    if (tally.raw !== null) this.raw = { ...tally.raw, execution: this.#executions + tally.raw.execution }
    for (const one of tally.sightings) this.#sight({ ...one, execution: this.#executions + one.execution })
    for (const place of tally.signals) this.signals.add(place)
    this.watched += tally.watched
    if (tally.covered !== null) this.#covered.add(tally.covered)
    this.#executions += tally.executions
    this.#inPhase += tally.executions
    this.#steps += tally.steps
    this.#pruned += tally.pruned
    this.#leftOut ||= tally.leftOut
    for (const name of tally.reached) this.#reached.add(name)
    const { name } = this.#phases[unit.phase] as Phase // a unit is of one of them
    const known = this.#learned.get(name)
    if (tally.learned !== null)
      this.#learned.set(name, known === undefined ? tally.learned : together(known, tally.learned))
  }

  /** Each unit begins anew, and sees what others have seen. */
  #sight(sighting: Sighting): void {
    const known = this.#sighted.size
    for (const key of sighting.keys) this.#sighted.add(key)
    if (this.#sighted.size > known) this.sightings.push(sighting)
  }

  /** Every run of the phase was made. */
  #endPhase({ complete, bound, traces }: Tally): void {
    this.#traces = traces
    const { dfs } = this.#phases[this.#phase] as Phase // the search is not over
    if (dfs === null) {
      this.complete = complete
      this.bound = bound ?? this.bound
      if (complete || bound !== null) this.#over = true
      else this.#nextPhase()
      return
    }
    const bounded = dfs.boundMax !== Number.POSITIVE_INFINITY
    const round = this.bound === null ? 0 : this.bound + 1
    if (bounded) this.bound = round
    this.complete = !this.#leftOut
    this.#leftOut = false
    if (this.complete || round >= dfs.boundMax) this.#over = true
    else this.#places.unshift(placeOf(this.#phase, this.#inPhase, { bound: round + 1, path: [], floor: 0 }))
  }

  #nextPhase(): void {
    this.#phase += 1
    this.#inPhase = 0
    this.#places = this.#places.filter(({ unit }) => unit.phase >= this.#phase)
    if (this.#next.phase < this.#phase) this.#next = { phase: this.#phase, from: 0 }
    if (this.#phase >= this.#phases.length) this.#over = true
  }

  #leftOf(phase: number): number {
    const { executionsMax } = this.#phases[phase] as Phase // a unit is of one of them
    return phase === this.#phase ? executionsMax - this.#inPhase : executionsMax
  }

  /** That place in the order of units; `null`: there are not so many. */
  #placeAt(at: number): Place | null {
    for (;;) {
      const place = this.#places[at]
      if (place === undefined) {
        if (!this.#extend()) return null
      } else if (place.after === null) return place
      else this.#split(at, place.unit, place.after)
    }
  }

  /** Makes what comes after a part into the next part and what comes after that. */
  #split(at: number, { phase, from }: Unit, behind: DfsPart): void {
    const { part, after, leftOut } = partAfter(behind)
    this.#leftOut ||= leftOut
    const two = part === null ? [] : [placeOf(phase, from, part), placeOf(phase, from, null, after)]
    this.#places.splice(at, 1, ...two)
  }

  #restOf({ phase, from }: Unit, { executions }: Tally, { first, after }: NonNullable<Tally['rest']>): Place[] {
    return [placeOf(phase, from + executions, first), placeOf(phase, from + executions, null, after)]
  }

  /** Puts the next unit of a sampler behind the others, or the whole of the next phase. */
  #extend(): boolean {
    const { phase, from } = this.#next
    const made = this.#phases[phase]
    if (made === undefined) return false
    const { decider, dfs, executionsMax } = made
    if (decider.samples !== true) {
      const bound = dfs === null || dfs.boundMax === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 0
      this.#places.push(placeOf(phase, 0, dfs === null ? null : { bound, path: [], floor: 0 }))
      this.#next = { phase: phase + 1, from: 0 }
      return true
    }
    const count = Math.min(this.wishes.unit.block, executionsMax - from)
    this.#places.push(placeOf(phase, from, null, null, count))
    this.#next = from + count < executionsMax ? { phase, from: from + count } : { phase: phase + 1, from: 0 }
    return true
  }
}

function placeOf(
  phase: number,
  from: number,
  part: DfsPart | null,
  after: DfsPart | null = null,
  count = Number.POSITIVE_INFINITY,
): Place {
  return { unit: { phase, from, count, part }, after, given: false, result: null }
}

/** Whether nothing behind it is going to count. */
const ends = (result: Result | null): boolean =>
  result !== null && (result.thrown !== null || result.tally.raw !== null || result.tally.end === 'endless')
