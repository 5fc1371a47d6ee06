import type { Id } from '../../kernel/index.ts'
import { doneTo, type Place, placeOf, WRITING } from './dpor/event.ts'
import type { Foresight } from './foresight.ts'

/** How many steps threads have, and how many that touch each place: summed over the first runs, so that all stays whole numbers. */
export class Profile {
  /** Runs that were summed over. */
  runs = 0
  /** The longest run so far, in steps. */
  longest = 0
  readonly #all = new Map<Id, number>()
  readonly #touching = new Map<Place, Touching>()
  readonly #makers = new Map<Id, Id>()
  #shared: readonly Place[] = []
  /** For `weights`, until more is learned. */
  #weights = new Map<Place | null, ReadonlyMap<Id, number>>()

  /** Whether more runs are to be learned from. */
  get learns(): boolean {
    return this.runs < RUNS
  }

  /** A run of more steps goes on as a random walk. */
  get patience(): number {
    return this.longest * PATIENCE
  }

  /** A run is over. Of one that went on as a random walk only that tells how long runs are: what spun is to spin no longer the next time. */
  lasted(steps: number): void {
    const { longest, patience } = this
    this.longest = Math.max(longest, this.runs === 0 || steps <= patience ? steps : steps - patience)
  }

  /** A thread has made another. */
  makes(maker: Id, made: Id): void {
    this.#makers.set(made, maker)
  }

  /** Adds the run that is over, of which every kind of step has been counted. */
  learn(foresight: Foresight): void {
    for (const [id, kind] of foresight.seen()) {
      const { times } = kind
      if (times === 0) continue
      kind.times = 0
      this.#all.set(id, (this.#all.get(id) ?? 0) + times)
      for (const touch of kind.touched ?? []) this.#note(placeOf(touch), doneTo(touch) === WRITING, id, times)
    }
    this.runs += 1
    this.#weights = new Map()
    this.#shared = [...this.#touching].flatMap(([place, { by, written }]) => (written && by.size > 1 ? [place] : []))
  }

  #note(place: Place, writes: boolean, id: Id, times: number): void {
    let touching = this.#touching.get(place)
    if (touching === undefined) {
      touching = { by: new Map(), written: false }
      this.#touching.set(place, touching)
    }
    touching.written ||= writes
    touching.by.set(id, (touching.by.get(id) ?? 0) + times)
  }

  /** Places that several threads touch, and at least one to write. */
  get shared(): readonly Place[] {
    return this.#shared
  }

  /** Of each thread, its steps that touch the place (`null`: all of its steps), with those of all that it is going to make. */
  weights(place: Place | null): ReadonlyMap<Id, number> {
    let weights = this.#weights.get(place)
    if (weights === undefined) {
      weights = this.#weigh(place === null ? this.#all : (this.#touching.get(place)?.by ?? new Map()))
      this.#weights.set(place, weights)
    }
    return weights
  }

  #weigh(steps: ReadonlyMap<Id, number>): ReadonlyMap<Id, number> {
    const weights = new Map<Id, number>()
    for (const [id, count] of steps)
      for (let to: Id | undefined = id; to !== undefined; to = this.#makers.get(to))
        weights.set(to, (weights.get(to) ?? 0) + count)
    return weights
  }
}

interface Touching {
  readonly by: Map<Id, number>
  written: boolean
}

/** A run of so many times the longest seen is given up waiting for. */
const PATIENCE = 4
/** As many runs are learned from. */
const RUNS = 50
