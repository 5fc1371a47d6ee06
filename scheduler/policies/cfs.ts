import type { Entity } from '../dispatcher/entity.ts'
import { PlacedHeap } from '../dispatcher/heap.ts'
import type { Coming, Policy, RunQueue } from '../dispatcher/policy.ts'
import { weighted } from '../dispatcher/weighted.ts'

export interface CfsOptions {
  /** In so many ns everybody who is ready gets a turn, while there are few. Default in Linux 6 ms. */
  readonly latency: number
  /** And however many there are, for no less than this. 0.75 ms. */
  readonly granularity: number
  /** Who wakes up takes the CPU from one that is further ahead than this. 1 ms. */
  readonly wakeup: number
}

/**
 * The Completely Fair Scheduler of Linux 2.6.23 to 6.5: the ready thread with the least virtual runtime is next, which
 * grows by what it runs, the slower the greater its weight. Slices share a period out by weight. A new thread begins a
 * slice behind the others (START_DEBIT); one that wakes up at most half a period before them (GENTLE_FAIR_SLEEPERS).
 * kernel/sched/fair.c: sched_slice, place_entity, update_min_vruntime, wakeup_preempt_entity.
 */
export const cfs = (options: CfsOptions): Policy => ({
  name: `cfs:latency=${options.latency}:granularity=${options.granularity}:wakeup=${options.wakeup}`,
  compares: true,
  queue: () => new Fair(options),
})

class Fair implements RunQueue {
  readonly #heap = new PlacedHeap<Entity>(
    (a, b) => a.vruntime < b.vruntime || (a.vruntime === b.vruntime && a.number < b.number),
  )
  readonly #options: CfsOptions
  /** Never goes back: where those stand who come. */
  #least = 0
  /** Of all who are here, in line or running. */
  #weight = 0
  #members = 0

  constructor(options: CfsOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#heap.length
  }

  put(entity: Entity, how: Coming): void {
    if (entity.counted !== entity.weight) {
      const joins = entity.counted === 0
      this.#count(entity, entity.weight)
      if (joins) this.#place(entity, how)
      entity.vstart = entity.vruntime
      entity.served = 0
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

  slice(entity: Entity): number {
    const { latency, granularity } = this.#options
    const period = Math.max(latency, this.#members * granularity)
    return Math.max(1, Math.floor((period * entity.counted) / this.#weight))
  }

  charge(entity: Entity, ns: number): void {
    entity.served += ns
    entity.vruntime = entity.vstart + weighted(entity.served, entity.counted)
    const first = this.#heap.first
    const least = first === undefined ? entity.vruntime : Math.min(entity.vruntime, first.vruntime)
    this.#least = Math.max(this.#least, least)
  }

  left(entity: Entity): void {
    this.#count(entity, 0)
    entity.lag = entity.vruntime - this.#least
  }

  preempts(entity: Entity, running: Entity): boolean {
    return running.vruntime - entity.vruntime > weighted(this.#options.wakeup, entity.weight)
  }

  puts(running: Entity): boolean {
    const { first } = this.#heap
    return first !== undefined && this.preempts(first, running)
  }

  /** Where it begins to compete. */
  #place(entity: Entity, how: Coming): void {
    const { latency } = this.#options
    if (how === 'new') entity.vruntime = this.#least + weighted(this.slice(entity), entity.counted)
    else if (how === 'woken') entity.vruntime = Math.max(entity.vruntime, this.#least - (latency >> 1))
    else entity.vruntime = this.#least + Math.max(entity.lag, -(latency >> 1))
  }

  #count(entity: Entity, weight: number): void {
    this.#weight += weight - entity.counted
    this.#members += (weight > 0 ? 1 : 0) - (entity.counted > 0 ? 1 : 0)
    entity.counted = weight
  }
}
