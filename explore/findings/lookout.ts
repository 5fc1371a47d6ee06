import type { Id, Simulation } from '../../kernel/index.ts'
import { type Access, DataRaces, type Ending, inversionKey, LockOrder, type RaceReport } from '../../scheduler/index.ts'
import { reportsRaces } from './order.ts'

/**
 * Watches runs of a search for data races and lock-order inversions, at little cost. A watched run still takes about twice
 * as long, so that not all are watched; and what is seen is looked at again, in the same run: see sightings.ts.
 */

/** So many runs are watched at the beginning, and of the others every so many-th. */
const WATCHED_FIRST = 500
const WATCHED_EVERY = 50

/** Whether that run of a phase, from 1, is watched. */
export const isWatched = (number: number): boolean => number <= WATCHED_FIRST || number % WATCHED_EVERY === 0

/** Watches runs of a search: tells whether one shows anything new, at little cost. */
export class Lookout {
  readonly #races: DataRaces | null
  readonly #locks: LockOrder
  readonly #racy = new Map<Id, Set<number>>()
  readonly #inverted = new Set<string>()
  readonly #signals = new Set<string>()
  #new: string[] = []
  #added: (readonly [Set<number>, number])[] = []

  constructor({ machine, scenario }: Simulation) {
    const report: RaceReport = (page, byte, first, second) => {
      let known = this.#racy.get(page)
      if (known === undefined) {
        known = new Set()
        this.#racy.set(page, known)
      }
      const pair = (byte * 1024 + first.number) * 1024 + second.number
      const kind = pair * 16 + kindOf(first) * 4 + kindOf(second)
      if (known.has(kind)) return
      known.add(kind)
      this.#new.push(`${page} ${kind}`)
      this.#added.push([known, kind])
    }
    this.#races = reportsRaces(scenario) ? new DataRaces(machine, report) : null
    this.#locks = new LockOrder(machine, false)
  }

  begin(): void {
    this.#new = []
    this.#added = []
    this.#races?.clear()
    this.#locks.clear()
  }

  readonly observe = (): void => {
    this.#races?.observe()
    this.#locks.observe()
  }

  /** After the run: what it has shown that is new. A run that was given up shows nothing. */
  ended(ending: Ending): string[] {
    if (ending === 'pruned' || ending === 'redundant') {
      for (const [known, kind] of this.#added) known.delete(kind)
      return []
    }
    for (const { place, isMutex } of this.#locks.unowned) if (!isMutex) this.#signals.add(place)
    for (const inversion of this.#locks.inversions()) {
      const key = inversionKey(inversion)
      if (this.#inverted.has(key)) continue
      this.#inverted.add(key)
      this.#new.push(key)
    }
    return this.#new
  }

  /** Semaphores that somebody has posted who had not waited: they are no locks. */
  get signals(): string[] {
    return [...this.#signals]
  }
}

const kindOf = ({ writes, plain }: Access): number => (writes ? 2 : 0) + (plain ? 1 : 0)
