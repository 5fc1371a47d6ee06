import type { Footprint, Id, Machine } from '../../../kernel/index.ts'
import { WHOLE, WRITE } from '../../../kernel/index.ts'

/** Steps as partial-order reduction sees them: whose they are, what was picked inside, and what they touched. */

/** A place that steps touch, by number; the same one in every run of a search. */
export type Place = number

/** A step. Its identity is who takes it and what is picked inside it; what it touches is known once it was made. */
export interface Event {
  /** A thread, or what stands for a timer or a fault: by number. */
  readonly actor: number
  /** What was picked inside the step, in order. */
  readonly picks: readonly number[]
  /** Of how many each. */
  readonly counts: readonly number[]
  /** Places, each with its lowest bit for a write: `place << 1 | write`; `null`: not yet known, as if it were all of them. */
  readonly touched: readonly number[] | null
  /** It is a fault: it may happen, and need not. */
  readonly strikes: boolean
  /** Threads that it woke, made or ended: their next steps come after it, their last ones before it. */
  readonly reaches: readonly number[]
}

export const NOBODY: readonly number[] = []

/** The next step of an actor, of which nothing is known yet. */
export const unknown = (actor: number): Event => ({
  actor,
  picks: NOBODY,
  counts: NOBODY,
  touched: null,
  strikes: false,
  reaches: NOBODY,
})

/** Numbers for everything that steps touch. */
export class Places {
  readonly #numbers = new Map<Id, Map<number, Place>>()
  /** Of each place, its object and part. */
  readonly objects: Id[] = []
  readonly parts: number[] = []
  /** Places that stand for every part of their object, and what else there is of it. */
  readonly #whole = new Map<Place, Place[]>()
  readonly #wholes = new Map<Id, Place>()

  of(object: Id, part: number): Place {
    let parts = this.#numbers.get(object)
    if (parts === undefined) {
      parts = new Map()
      this.#numbers.set(object, parts)
    }
    let place = parts.get(part)
    if (place === undefined) {
      place = this.objects.length
      parts.set(part, place)
      this.objects.push(object)
      this.parts.push(part)
      if (part === WHOLE) this.#becomesWhole(object, place, parts)
      else {
        const whole = this.#wholes.get(object)
        if (whole !== undefined) this.#whole.get(whole)?.push(place)
      }
    }
    return place
  }

  #becomesWhole(object: Id, place: Place, parts: ReadonlyMap<number, Place>): void {
    this.#wholes.set(object, place)
    this.#whole.set(
      place,
      [...parts.values()].filter((other) => other !== place),
    )
  }

  /** Other places that a touch of this one meets: all parts of the object, or what stands for all of them. */
  overlapping(place: Place): readonly Place[] {
    if (this.#wholes.size === 0) return NOBODY
    const whole = this.#wholes.get(this.objects[place] ?? '')
    if (whole === undefined) return NOBODY
    return whole === place ? (this.#whole.get(place) ?? NOBODY) : [whole]
  }

  /** Whether two touches of different places meet all the same. */
  meet(a: Place, b: Place): boolean {
    if (this.#wholes.size === 0) return false
    return this.objects[a] === this.objects[b] && (this.parts[a] === WHOLE || this.parts[b] === WHOLE)
  }

  /** What a footprint touches, each place once. */
  touchedBy({ length, objects, parts, modes }: Footprint): number[] {
    const touched: number[] = []
    for (let i = 0; i < length; i++) {
      const place = this.of(objects[i] as Id, parts[i] as number) // below length
      note(touched, place, ((modes[i] ?? 0) & WRITE) !== 0)
    }
    return touched
  }
}

/** Adds a touch to those that there are. */
export function note(touched: number[], place: Place, writes: boolean): void {
  for (let i = 0; i < touched.length; i++) {
    if ((touched[i] as number) >> 1 !== place) continue // below length
    if (writes) touched[i] = (place << 1) | 1
    return
  }
  touched.push((place << 1) | (writes ? 1 : 0))
}

/** Whom the step just made woke, made or ended; a timer or fault, whose it is. @param numberOf of each actor, by its name */
export function reachedBy(actor: number, machine: Machine, numberOf: (name: string) => number): readonly number[] {
  const { kernel, actor: task, kind } = machine
  const own = kind === 'call' || kind === 'arm' || kind === 'signal'
  if (own && kernel.woken.length === 0 && kernel.spawned.length === 0 && kernel.ended.length === 0) return NOBODY
  const reached = new Set<number>()
  if (!own && task !== null) reached.add(numberOf(task.id))
  for (const id of kernel.woken) reached.add(numberOf(id))
  for (const { thread } of kernel.spawned) reached.add(numberOf(thread))
  for (const id of kernel.ended) reached.add(numberOf(id))
  reached.delete(actor)
  return reached.size === 0 ? NOBODY : [...reached]
}

/** Whether it matters which of the two steps comes first. */
export function dependent(a: Event, b: Event, places: Places): boolean {
  if (a.actor === b.actor || a.touched === null || b.touched === null) return true
  for (const one of a.touched) {
    for (const other of b.touched) {
      if (((one | other) & 1) === 0) continue
      if (one >> 1 === other >> 1 || places.meet(one >> 1, other >> 1)) return true
    }
  }
  return reaches(a, b) || reaches(b, a)
}

const reaches = (a: Event, { actor, reaches: reached }: Event): boolean =>
  a.reaches.length > 0 && (a.reaches.includes(actor) || a.reaches.some((thread) => reached.includes(thread)))

/** Whether it is the same step: whose, and with the same picked inside. */
export function same(a: Event, b: Event): boolean {
  if (a.actor !== b.actor || a.picks.length !== b.picks.length) return false
  for (let i = 0; i < a.picks.length; i++) if (a.picks[i] !== b.picks[i]) return false
  return true
}
