import type { Entity } from '../dispatcher/entity.ts'
import { Line } from '../dispatcher/line.ts'
import type { Coming, Policy, RunQueue } from '../dispatcher/policy.ts'

export interface MlfqOptions {
  /** How many levels. Default 3. */
  readonly queues?: number
  /** Length of a slice at every level, in ns. */
  readonly quantum: number
  /** Slices that a thread may use at a level before it drops. Default 1. */
  readonly allotment?: number
  /** How often everybody comes back to the top, in ns; 0: never. Default 0. */
  readonly boost?: number
  /** Who waits has a fresh slice and allotment afterwards, and so never drops. Default: it goes on where it was. */
  readonly stay?: boolean
  /** Who comes back from waiting goes to the head of its level. Default: to the tail. */
  readonly bump?: boolean
}

/**
 * The multi-level feedback queue, with the rules of the OSTEP simulator (mlfq.py of remzi-arpacidusseau/ostep-homework;
 * Operating Systems: Three Easy Pieces, chapter 8): the head of the highest level that has anybody runs; a slice that is
 * used up uses one of the allotment, and with none left the thread drops a level. Who is put off by a higher level keeps
 * its place and the rest of its slice. The boost empties lower levels into the top one, the lowest first.
 */
export function mlfq(options: MlfqOptions): Policy {
  const { queues = 3, quantum, allotment = 1, boost = 0, stay = false, bump = false } = options
  const said = { queues, quantum, allotment, boost }
  const flags = `${stay ? ':stay' : ''}${bump ? ':bump' : ''}`
  return {
    name: `mlfq:${Object.entries(said)
      .map(([name, value]) => `${name}=${value}`)
      .join(':')}${flags}`,
    queue: () => new Levels({ queues, quantum, allotment, boost, stay, bump }),
    ...(boost > 0 ? { every: boost } : {}),
  }
}

class Levels implements RunQueue {
  /** The highest last, as in the simulator. */
  readonly #lines: readonly Line[]
  readonly #options: Required<MlfqOptions>
  /** Everybody who is here, in line or not: a boost is for all. */
  readonly #members = new Set<Entity>()
  length = 0
  /** What `turn` counts: who began to run, or came to the head of a level, when. */
  #turns = 0

  constructor(options: Required<MlfqOptions>) {
    this.#options = options
    this.#lines = Array.from({ length: options.queues }, () => new Line())
  }

  put(entity: Entity, how: Coming): void {
    if (how === 'new') this.#rise(entity)
    this.#members.add(entity)
    if (how === 'expired') this.#used(entity)
    const line = this.#lines[entity.level] as Line // levels are those that there are
    this.length += 1
    if (how === 'put off') return this.#putBack(line, entity)
    const bumped = how === 'woken' && this.#options.bump
    entity.turn = bumped ? this.#next() : 0
    if (bumped) line.putFirst(entity)
    else line.putLast(entity)
  }

  /** To its place at the head, but for those who came to the head while it ran. */
  #putBack(line: Line, entity: Entity): void {
    const began = entity.turn
    entity.turn = 0
    let before: Entity | null = null
    for (let one = line.first; one !== null && one.turn > began; one = one.behind) before = one
    if (before === null) line.putFirst(entity)
    else line.putBehind(before, entity)
  }

  #next(): number {
    this.#turns += 1
    return this.#turns
  }

  take(): Entity | null {
    for (let level = this.#lines.length - 1; level >= 0; level--) {
      const found = this.#lines[level]?.take() ?? null
      if (found === null) continue
      this.length -= 1
      found.turn = this.#next()
      return found
    }
    return null
  }

  remove(entity: Entity): void {
    this.#lines[entity.level]?.remove(entity)
    this.length -= 1
    if (entity.task.ended) this.#members.delete(entity)
  }

  slice({ slice }: Entity): number {
    return slice
  }

  charge(entity: Entity, ns: number): void {
    entity.slice -= ns
  }

  left(entity: Entity): void {
    if (entity.task.ended) return void this.#members.delete(entity)
    const usedUp = entity.slice <= 0
    if (this.#options.stay) this.#renew(entity)
    if (usedUp) this.#used(entity)
  }

  loses(entity: Entity): void {
    this.#members.delete(entity)
  }

  preempts(entity: Entity, running: Entity): boolean {
    return entity.level > running.level || (entity.level === running.level && entity.turn > running.turn)
  }

  tick(): void {
    const top = this.#lines.length - 1
    const highest = this.#lines[top] as Line // there is one level at least
    for (let level = 0; level < top; level++)
      for (let one = this.#lines[level]?.take() ?? null; one !== null; one = this.#lines[level]?.take() ?? null)
        highest.putLast(one)
    for (const entity of this.#members) this.#rise(entity)
  }

  /** To the top, as new. */
  #rise(entity: Entity): void {
    entity.level = this.#lines.length - 1
    this.#renew(entity)
  }

  #renew(entity: Entity): void {
    entity.slice = this.#options.quantum
    entity.allotment = this.#options.allotment
  }

  /** A slice is used up. */
  #used(entity: Entity): void {
    entity.allotment -= 1
    entity.slice = this.#options.quantum
    if (entity.allotment > 0) return
    entity.level = Math.max(0, entity.level - 1)
    this.#renew(entity)
  }
}
