import type { Scenario, Simulation } from '../../kernel/index.ts'
import {
  DataRaces,
  type Inversion,
  inversionInWords,
  inversionKey,
  LockOrder,
  placeInWords,
  type Race,
  type RaceReport,
  raceInWords,
  raceKey,
} from '../../scheduler/index.ts'
import { inWords } from '../story/phrases.ts'
import type { Finding } from './finding.ts'

/** What is wrong with the order of a run's steps though it may have ended well: data races and lock-order inversions. */

/** Something of the kind, and what it has in common with those on the same lines. */
export interface Disorder extends Finding {
  readonly key: string
}

/** Where a race is a failure there is no more to report of it. */
export const reportsRaces = ({ races }: Scenario): boolean => races === undefined || races === 'report'

/** Watches one run. */
export class OrderWatch {
  readonly #races: DataRaces | null
  readonly #locks: LockOrder
  readonly #found = new Map<string, { readonly race: Race; times: number }>()

  constructor({ machine, scenario }: Simulation) {
    const report: RaceReport = (page, byte, first, second) => {
      const race = { place: placeInWords(machine.state, page, byte), first, second }
      const key = raceKey(race)
      const known = this.#found.get(key)
      if (known === undefined) this.#found.set(key, { race, times: 1 })
      else known.times += 1
    }
    this.#races = reportsRaces(scenario) ? new DataRaces(machine, report) : null
    this.#locks = new LockOrder(machine)
  }

  observe(): void {
    this.#races?.observe()
    this.#locks.observe()
  }

  get races(): Disorder[] {
    return [...this.#found].map(([key, { race, times }]) => {
      const more = times === 1 ? '' : ` (and so ${inWords(times - 1, 'time')} more)`
      return { key, ...ofRace(race), text: `${raceInWords(race)}${more}` }
    })
  }

  /** @param isLock whether a semaphore is one: a run alone can't tell for sure */
  inversions(isLock: (place: string) => boolean): Disorder[] {
    const found = new Map<string, Disorder>()
    for (const inversion of this.#locks.inversions()) {
      const locks = inversion.nestings.map(({ held }) => held.lock)
      const key = inversionKey(inversion)
      if (!found.has(key) && locks.every(({ isMutex, place }) => isMutex || isLock(place)))
        found.set(key, { key, ...ofInversion(inversion) })
    }
    return [...found.values()]
  }
}

const ofRace = ({ place, first, second }: Race) => ({
  name: 'data race' as const,
  object: place,
  threads: [first.thread, second.thread],
  steps: [first.step, second.step],
})

const ofInversion = (inversion: Inversion): Finding => ({
  name: 'lock-order inversion',
  object: inversion.nestings.map(({ held }) => held.lock.place).join(', '),
  threads: inversion.nestings.map(({ thread }) => thread),
  steps: inversion.nestings.flatMap(({ held, taken }) => [held.step, taken.step]).sort((a, b) => a - b),
  text: inversionInWords(inversion),
})
