import type { Entity } from './entity.ts'
import { PlacedHeap } from './heap.ts'
import type { Coming, RunQueue } from './policy.ts'

/** What a policy says that always runs the ready thread of the lowest rank. */
export interface Ranking {
  /** The lower, the earlier; asked when the thread comes into line, and of the running one. */
  rank(entity: Entity): number
  /** Whether a better thread takes the CPU at once. */
  readonly preemptive: boolean
  /** ns until an equal gets its turn. Default: none ever does before the thread waits or ends. */
  readonly quantum?: number
}

const first = (a: Entity, b: Entity): boolean => a.key < b.key || (a.key === b.key && a.turn < b.turn)

/** A run queue in order of rank; first come, first served among equals, and who was put off is before them. */
export class Ranked implements RunQueue {
  readonly #heap = new PlacedHeap<Entity>(first)
  readonly #ranking: Ranking
  #first = 0
  #last = 0

  constructor(ranking: Ranking) {
    this.#ranking = ranking
  }

  get length(): number {
    return this.#heap.length
  }

  put(entity: Entity, how: Coming): void {
    entity.key = this.#ranking.rank(entity)
    if (how === 'put off') {
      this.#first -= 1
      entity.turn = this.#first
    } else {
      this.#last += 1
      entity.turn = this.#last
    }
    this.#heap.add(entity)
  }

  take(): Entity | null {
    return this.#heap.take()
  }

  remove(entity: Entity): void {
    this.#heap.remove(entity)
  }

  slice(): number {
    return this.#ranking.quantum ?? Number.POSITIVE_INFINITY
  }

  preempts(entity: Entity, running: Entity): boolean {
    return this.#ranking.preemptive && this.#ranking.rank(entity) < this.#ranking.rank(running)
  }

  puts(running: Entity): boolean {
    const next = this.#heap.first
    return next !== undefined && this.preempts(next, running)
  }
}
