import type { Entity } from '../dispatcher/entity.ts'
import { PlacedHeap } from '../dispatcher/heap.ts'
import type { Coming, Policy, RunQueue } from '../dispatcher/policy.ts'

/** How far a thread with one ticket goes in one ns: divisible by many numbers of tickets. */
const STRIDE = 1 << 20

/**
 * Stride scheduling: every thread's pass grows by its stride, which is the less the more tickets it has, for what it
 * runs; the least pass is next. Who comes to the queue starts at its global pass, with what it had left of a stride when
 * it went. Waldspurger, Weihl: Stride scheduling: deterministic proportional-share resource management, MIT
 * TM-528, 1995, figures 1 and 2.
 */
export const stride = (quantum: number): Policy => ({
  name: `stride:quantum=${quantum}`,
  compares: true,
  queue: () => new Strides(quantum),
})

class Strides implements RunQueue {
  readonly #heap = new PlacedHeap<Entity>((a, b) => a.key < b.key || (a.key === b.key && a.number < b.number))
  readonly #quantum: number
  /** The pass of the whole: of everybody's tickets together. */
  #pass = 0
  #tickets = 0

  constructor(quantum: number) {
    this.#quantum = quantum
  }

  get length(): number {
    return this.#heap.length
  }

  /** `lag` holds what was left of a stride; `counted` the tickets with which it is counted. */
  put(entity: Entity, how: Coming): void {
    if (entity.counted === 0) {
      entity.counted = entity.tickets
      this.#tickets += entity.tickets
      entity.key = this.#pass + (how === 'new' ? this.#strideOf(entity) : entity.lag)
    }
    this.#heap.add(entity)
  }

  take(): Entity | null {
    return this.#heap.take()
  }

  remove(entity: Entity): void {
    this.#heap.remove(entity)
    this.left(entity)
  }

  slice(): number {
    return this.#quantum
  }

  charge(entity: Entity, ns: number): void {
    entity.key += Math.floor((STRIDE / entity.counted) * ns)
    this.#pass += Math.floor((STRIDE / this.#tickets) * ns)
  }

  left(entity: Entity): void {
    this.#tickets -= entity.counted
    entity.counted = 0
    entity.lag = entity.key - this.#pass
  }

  preempts(): boolean {
    return false
  }

  #strideOf(entity: Entity): number {
    return Math.floor((STRIDE / entity.tickets) * this.#quantum)
  }
}
