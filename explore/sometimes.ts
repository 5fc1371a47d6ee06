import { BadInput, type Scenario, type Simulation, unusable, type World } from '../kernel/index.ts'
import type { Observer } from '../scheduler/index.ts'

/** The *sometimes* conditions of a scenario, ticked off as they are reached. */
export class Sometimes {
  readonly #unreached: Map<string, (world: World) => boolean>
  readonly #reached: string[] = []

  /** @param reached those that were reached elsewhere */
  constructor(scenario: Scenario, reached: Iterable<string> = []) {
    this.#unreached = new Map(Object.entries(scenario.sometimes ?? {})) as Map<string, (world: World) => boolean> // of the scenario's own types
    for (const name of reached) this.#unreached.delete(name)
  }

  /** Names of those that were reached here. */
  get reached(): readonly string[] {
    return this.#reached
  }

  /** Looks at the beginning and after each step; `null` when there is nothing left to look for. */
  get observer(): Observer | null {
    return this.#unreached.size === 0 ? null : this.#watch
  }

  readonly #watch = ({ world, machine }: Simulation): void => {
    for (const [name, reached] of this.#unreached) {
      try {
        const verdict: unknown = reached(world)
        if (typeof verdict !== 'boolean')
          throw new BadInput(`sometimes '${name}' must say true or false, not ${String(verdict)}`)
        if (!verdict) continue
        if (machine.pruned) {
          machine.doubtful = true
          continue
        }
        this.#unreached.delete(name)
        this.#reached.push(name)
      } catch (error) {
        throw unusable(`sometimes '${name}'`, error)
      }
    }
  }
}
