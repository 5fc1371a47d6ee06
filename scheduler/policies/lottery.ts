import type { Entity } from '../dispatcher/entity.ts'
import type { Policy, RunQueue } from '../dispatcher/policy.ts'
import type { Numbers } from '../numbers.ts'

/**
 * Lottery scheduling: for every slice a ticket is drawn, and whoever has it runs. A thread that waits before its slice is
 * over is compensated: its tickets count for as much more as it used less, until it wins again. Waldspurger, Weihl:
 * Lottery scheduling: flexible proportional-share resource management, OSDI 1994, sections 2 and 3.4.
 */
export const lottery = (quantum: number): Policy => ({
  name: `lottery:quantum=${quantum}`,
  queue: (random) => new Lottery(quantum, random),
})

/** Tickets are in a tree of sums, so that drawing one costs O(log n); a place in it is a thread's. */
class Lottery implements RunQueue {
  readonly #quantum: number
  readonly #random: Numbers
  readonly #places: (Entity | null)[] = []
  readonly #free: number[] = []
  /** A Fenwick tree, from 1. */
  #sums: number[] = [0]
  #total = 0
  length = 0

  constructor(quantum: number, random: Numbers) {
    this.#quantum = quantum
    this.#random = random
  }

  put(entity: Entity): void {
    const place = this.#free.pop() ?? this.#places.push(null) - 1
    if (place + 1 >= this.#sums.length) this.#grow()
    this.#places[place] = entity
    entity.place = place
    // `lag` holds what it ran of its last slice, when it has waited since.
    entity.level = compensated(entity.tickets, entity.lag, this.#quantum)
    entity.lag = 0
    this.#add(place, entity.level)
    this.length += 1
  }

  take(): Entity | null {
    if (this.length === 0) return null
    let ticket = this.#random.below(this.#total)
    let at = 0
    for (let step = this.#sums.length - 1; step > 0; step >>= 1) {
      const sum = this.#sums[at + step]
      if (sum === undefined || sum > ticket) continue
      ticket -= sum
      at += step
    }
    const entity = this.#places[at] as Entity // the tickets that are counted have their owners
    this.remove(entity)
    entity.slice = this.#quantum
    return entity
  }

  remove(entity: Entity): void {
    this.#add(entity.place, -entity.level)
    this.#places[entity.place] = null
    this.#free.push(entity.place)
    entity.place = -1
    this.length -= 1
  }

  slice(): number {
    return this.#quantum
  }

  charge(entity: Entity, ns: number): void {
    entity.slice -= ns
  }

  left(entity: Entity): void {
    entity.lag = Math.max(1, this.#quantum - entity.slice)
  }

  loses(): void {}

  preempts(): boolean {
    return false
  }

  /** To the next power of two, with the sum of all below it. */
  #grow(): void {
    const length = Math.max(2, (this.#sums.length - 1) * 2)
    while (this.#sums.length <= length) this.#sums.push(0)
    this.#sums[length] = this.#total
  }

  #add(place: number, tickets: number): void {
    this.#total += tickets
    for (let at = place + 1; at < this.#sums.length; at += at & -at) this.#sums[at] = (this.#sums[at] ?? 0) + tickets
  }
}

/** At most a hundredfold. */
function compensated(tickets: number, ran: number, quantum: number): number {
  if (ran <= 0 || ran >= quantum) return tickets
  return Math.min(tickets * 100, Math.floor((tickets * quantum) / ran))
}
