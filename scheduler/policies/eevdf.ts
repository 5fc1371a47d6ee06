import type { Entity } from '../dispatcher/entity.ts'
import { PlacedHeap } from '../dispatcher/heap.ts'
import type { Coming, Policy, RunQueue } from '../dispatcher/policy.ts'
import { unweighted, weighted } from '../dispatcher/weighted.ts'

/**
 * Earliest eligible virtual deadline first, as in Linux since 6.6: of those that have not had more than their share the
 * one whose request is due first, in virtual time. A request is for one slice. Who goes takes its lag with it, within two
 * slices, and has it again when it comes back; who is new begins in the middle, with half a request.
 *
 * Stoica, Abdel-Wahab: Earliest eligible virtual deadline first, Old Dominion University TR-95-22, 1995; Linux
 * kernel/sched/fair.c: avg_vruntime, entity_eligible, place_entity, update_entity_lag, pick_eevdf.
 */
export const eevdf = (slice: number): Policy => ({
  name: `eevdf:slice=${slice}`,
  compares: true,
  queue: () => new Eevdf(slice),
})

/** In which heap: `turn` of an entity. */
const DUE = 0
const EARLY = 1

/** The sum of all is kept exact by moving its zero, beyond this. */
const FAR = 2 ** 50

export class Eevdf implements RunQueue {
  readonly #slice: number
  /** Those that were eligible when they were looked at last, by deadline. */
  readonly #due = new PlacedHeap<Entity>(
    (a, b) => a.vdeadline < b.vdeadline || (a.vdeadline === b.vdeadline && a.number < b.number),
  )
  /** Those that were not, by virtual runtime: in that order they become it. */
  readonly #early = new PlacedHeap<Entity>(
    (a, b) => a.vruntime < b.vruntime || (a.vruntime === b.vruntime && a.number < b.number),
  )
  /** Of all who compete, in line or running: their weights, and the sum of weight times virtual runtime above `#zero`. */
  #weight = 0
  #sum = 0
  #zero = 0

  constructor(slice: number) {
    this.#slice = slice
  }

  get length(): number {
    return this.#due.length + this.#early.length
  }

  /** Virtual time: the mean of virtual runtimes, by weight. */
  get virtualTime(): number {
    return this.#weight === 0 ? this.#zero : this.#zero + Math.floor(this.#sum / this.#weight)
  }

  /** How far behind its share it is, in virtual time. */
  lagOf(entity: Entity): number {
    return this.virtualTime - entity.vruntime
  }

  put(entity: Entity, how: Coming): void {
    if (entity.counted === 0) this.#join(entity, how)
    else if (entity.counted !== entity.weight) this.#reweigh(entity)
    if (entity.vruntime >= entity.vdeadline) this.#request(entity)
    this.#line(entity)
  }

  take(): Entity | null {
    for (let next = this.#early.first; next !== undefined && this.#isEligible(next); next = this.#early.first) {
      this.#early.remove(next)
      this.#line(next)
    }
    for (let next = this.#due.first; next !== undefined; next = this.#due.first) {
      this.#due.remove(next)
      if (this.#isEligible(next)) return next
      next.turn = EARLY // virtual time has gone back: somebody came who is owed
      this.#early.add(next)
    }
    // Those who run elsewhere are behind all of them.
    return this.#early.take()
  }

  remove(entity: Entity): void {
    if (entity.turn === DUE) this.#due.remove(entity)
    else this.#early.remove(entity)
    this.left(entity)
  }

  slice({ vdeadline, vruntime, counted }: Entity): number {
    return Math.max(1, unweighted(vdeadline - vruntime, counted))
  }

  charge(entity: Entity, ns: number): void {
    entity.served += ns
    const vruntime = entity.vstart + weighted(entity.served, entity.counted)
    this.#sum += entity.counted * (vruntime - entity.vruntime)
    entity.vruntime = vruntime
    if (this.#sum > FAR) this.#moveZero()
  }

  left(entity: Entity): void {
    const most = weighted(2 * this.#slice, entity.counted)
    entity.lag = Math.max(-most, Math.min(most, this.lagOf(entity)))
    this.#sum -= entity.counted * (entity.vruntime - this.#zero)
    this.#weight -= entity.counted
    entity.counted = 0
  }

  preempts(entity: Entity, running: Entity): boolean {
    return entity.vdeadline < running.vdeadline && this.#isEligible(entity)
  }

  puts(running: Entity): boolean {
    const { first } = this.#due
    return first !== undefined && this.preempts(first, running)
  }

  #isEligible({ vruntime }: Entity): boolean {
    return (vruntime - this.#zero) * this.#weight <= this.#sum
  }

  #line(entity: Entity): void {
    entity.turn = this.#isEligible(entity) ? DUE : EARLY
    if (entity.turn === DUE) this.#due.add(entity)
    else this.#early.add(entity)
  }

  /** Comes to compete, so that its lag afterwards is what it was; its coming moves the mean. */
  #join(entity: Entity, how: Coming): void {
    const { weight } = entity
    const now = this.virtualTime
    const lag =
      how === 'new' || this.#weight === 0 ? 0 : Math.floor((entity.lag * (this.#weight + weight)) / this.#weight)
    entity.vruntime = now - lag
    this.#enter(entity)
    const request = weighted(this.#slice, weight)
    entity.vdeadline = entity.vruntime + (how === 'new' ? Math.ceil(request / 2) : request)
  }

  #enter(entity: Entity): void {
    entity.counted = entity.weight
    entity.vstart = entity.vruntime
    entity.served = 0
    this.#sum += entity.counted * (entity.vruntime - this.#zero)
    this.#weight += entity.counted
  }

  #reweigh(entity: Entity): void {
    this.left(entity)
    this.#join(entity, 'moved')
  }

  #request(entity: Entity): void {
    entity.vdeadline = entity.vruntime + Math.max(1, weighted(this.#slice, entity.counted))
  }

  /** Nothing but numbers changes: they stay where they are exact. */
  #moveZero(): void {
    const by = Math.floor(this.#sum / this.#weight)
    this.#zero += by
    this.#sum -= this.#weight * by
  }
}
