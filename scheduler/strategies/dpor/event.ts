import type { Footprint, Id, Machine } from '../../../kernel/index.ts'
import { ADDS, POSTS, WHOLE, WRITE } from '../../../kernel/index.ts'

/** Steps as partial-order reduction sees them: whose they are, what was picked inside, and what they touched. */

/** A place that steps touch, by number; the same one in every run of a search. */
export type Place = number

/**
 * What a step does to a place. Several that do the same come to the same in any order: those that read it, or add to it,
 * or post to a semaphore, and are told nothing of what was there; all but those that write, as does any that does two.
 */
export const READING = 0
export const WRITING = 1
const ADDING = 2
export const POSTING = 3

/** What a touch of a place is a number of: the place, and what is done to it. */
export const placeOf = (touch: number): Place => touch >> 2
export const doneTo = (touch: number): number => touch & 3
export const touchOf = (place: Place, done: number): number => (place << 2) | done

/** Whether the order of the two matters, where they touch the same. */
export const clash = (one: number, other: number): boolean => doneTo(one) !== doneTo(other) || doneTo(one) === WRITING

/** Whether what is done to the place changes it, though in any order. */
export const updates = (touch: number): boolean => doneTo(touch) > WRITING

/** Words by their names. */
export type Strict = Set<string>

const nameOf = (object: Id, part: number): string => `${object} ${part}`

/** A step. Its identity is who takes it and what is picked inside it; what it touches is known once it was made. */
export interface Event {
  /** A thread, or what stands for a timer or a fault: by number. */
  readonly actor: number
  /** What was picked inside the step, in order. */
  readonly picks: readonly number[]
  /** Of how many each. */
  readonly counts: readonly number[]
  /** Touches of places, each place once; `null`: not yet known, as if it were all of them. */
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
  readonly #strict: Strict | null
  readonly #numbers = new Map<Id, Map<number, Place>>()
  /** Of each place, its object and part. */
  readonly objects: Id[] = []
  readonly parts: number[] = []
  /** Places that stand for every part of their object, and what else there is of it. */
  readonly #whole = new Map<Place, Place[]>()
  readonly #wholes = new Map<Id, Place>()

  /** @param strict words of which the order of adding matters; `null`: of all */
  constructor(strict: Strict | null = null) {
    this.#strict = strict
  }

  /** From the next search on whoever adds to the place writes it. */
  takeStrictly(place: Place): void {
    this.#strict?.add(nameOf(this.objects[place] ?? '', this.parts[place] ?? 0))
  }

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

  #isStrict(object: Id, part: number): boolean {
    return this.#strict === null || this.#strict.has(nameOf(object, part))
  }

  /** What a footprint touches, each place once. */
  touchedBy({ length, objects, parts, modes }: Footprint): number[] {
    const touched: number[] = []
    for (let i = 0; i < length; i++) {
      const object = objects[i] as Id // below length, as what follows
      const part = parts[i] as number
      const mode = modes[i] as number
      const place = this.of(object, part)
      note(
        touched,
        place,
        this.#isStrict(object, part) || (mode & (ADDS | POSTS)) === 0 ? plainly(mode) : loosely(mode),
      )
    }
    return touched
  }
}

const plainly = (mode: number): number => ((mode & WRITE) !== 0 ? WRITING : READING)
const loosely = (mode: number): number => ((mode & ADDS) !== 0 ? ADDING : POSTING)

/** Adds a touch to those that there are. */
export function note(touched: number[], place: Place, done: number): void {
  for (let i = 0; i < touched.length; i++) {
    if (placeOf(touched[i] as number) !== place) continue // below length
    if (doneTo(touched[i] as number) !== done) touched[i] = touchOf(place, WRITING)
    return
  }
  touched.push(touchOf(place, done))
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
      if (!clash(one, other)) continue
      if (placeOf(one) === placeOf(other) || places.meet(placeOf(one), placeOf(other))) return true
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
