import type { Entity } from '../dispatcher/entity.ts'
import { Line } from '../dispatcher/line.ts'
import type { Coming, Policy, RunQueue } from '../dispatcher/policy.ts'

/**
 * Round robin: whoever is ready runs in turn, each for at most `quantum` ns, then goes to the tail. Who waits gives up the
 * rest of its slice. Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 7.
 */
export const rr = (quantum: number): Policy => ({
  name: `rr:quantum=${quantum}`,
  queue: () => new Turns(quantum),
})

/** The threads in the order in which they became ready; nobody puts anybody off. */
export class Turns implements RunQueue {
  readonly #line = new Line()
  readonly #quantum: number

  constructor(quantum: number) {
    this.#quantum = quantum
  }

  get length(): number {
    return this.#line.length
  }

  put(entity: Entity, how: Coming): void {
    if (how === 'put off') this.#line.putFirst(entity)
    else this.#line.putLast(entity)
  }

  take(): Entity | null {
    return this.#line.take()
  }

  remove(entity: Entity): void {
    this.#line.remove(entity)
  }

  slice(): number {
    return this.#quantum
  }

  preempts(): boolean {
    return false
  }
}
