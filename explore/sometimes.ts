import { BadInput, type Scenario, type Simulation, unusable, type World } from '../kernel/index.ts'
import type { Observer } from '../scheduler/index.ts'

/** The *sometimes* conditions of a scenario, ticked off as they are reached. */
export class Sometimes {
  readonly #unreached: Map<string, (world: World) => boolean>

  constructor(scenario: Scenario) {
    this.#unreached = new Map(Object.entries(scenario.sometimes ?? {})) as Map<string, (world: World) => boolean> // of the scenario's own types
  }

  /** Names of those that no run has reached. */
  get neverReached(): string[] {
    return [...this.#unreached.keys()]
  }

  /** Looks after each step; `null` when there is nothing left to look for. */
  get observer(): Observer | null {
    return this.#unreached.size === 0 ? null : this.#watch
  }

  readonly #watch = ({ world }: Simulation): void => {
    for (const [name, reached] of this.#unreached) {
      try {
        const verdict: unknown = reached(world)
        if (typeof verdict !== 'boolean')
          throw new BadInput(`sometimes '${name}' must say true or false, not ${String(verdict)}`)
        if (verdict) this.#unreached.delete(name)
      } catch (error) {
        throw unusable(`sometimes '${name}'`, error)
      }
    }
  }
}
