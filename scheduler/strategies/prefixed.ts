import type { Machine, Simulation } from '../../kernel/index.ts'
import type { Choice } from '../choice.ts'
import type { Decider } from '../decider.ts'
import { Around } from './around.ts'
import { replay } from './replay.ts'

/**
 * Every run begins with the same choices, and only what comes after them is the other decider's: for questions about
 * what can still become of a run that has come so far. Until the choices are used up the other decider isn't asked.
 * A choice that can't happen is a `Departure`.
 */
export const prefixed = (choices: readonly Choice[], inner: Decider): Decider => new Prefixed(choices, inner)

class Prefixed extends Around {
  readonly #beginning: ReturnType<typeof replay>

  constructor(choices: readonly Choice[], inner: Decider) {
    super(inner)
    this.#beginning = replay(choices, inner.name)
  }

  override begin(simulation: Simulation, index: number): boolean {
    this.#beginning.begin(simulation, 0)
    return super.begin(simulation, index)
  }

  override next(machine: Machine): number {
    return this.#beginning.over ? super.next(machine) : this.#beginning.next(machine)
  }

  override pick(kind: 'choose' | 'wake', thread: string, count: number, label: (index: number) => string): number {
    return this.#beginning.over
      ? super.pick(kind, thread, count, label)
      : this.#beginning.pick(kind, thread, count, label)
  }
}
