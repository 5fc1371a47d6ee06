import type { Entity } from './entity.ts'

/** Threads one behind the other, linked through themselves: every operation costs the same however many there are. */
export class Line {
  #first: Entity | null = null
  #last: Entity | null = null
  length = 0

  get first(): Entity | null {
    return this.#first
  }

  putLast(entity: Entity): void {
    entity.ahead = this.#last
    if (this.#last === null) this.#first = entity
    else this.#last.behind = entity
    this.#last = entity
    this.length += 1
  }

  putFirst(entity: Entity): void {
    entity.behind = this.#first
    if (this.#first === null) this.#last = entity
    else this.#first.ahead = entity
    this.#first = entity
    this.length += 1
  }

  /** @param before stands in this line */
  putBehind(before: Entity, entity: Entity): void {
    const { behind } = before
    if (behind === null) return this.putLast(entity)
    entity.ahead = before
    entity.behind = behind
    before.behind = entity
    behind.ahead = entity
    this.length += 1
  }

  take(): Entity | null {
    const first = this.#first
    if (first !== null) this.remove(first)
    return first
  }

  /** @param entity stands in this line */
  remove(entity: Entity): void {
    const { ahead, behind } = entity
    if (ahead === null) this.#first = behind
    else ahead.behind = behind
    if (behind === null) this.#last = ahead
    else behind.ahead = ahead
    entity.ahead = null
    entity.behind = null
    this.length -= 1
  }
}
