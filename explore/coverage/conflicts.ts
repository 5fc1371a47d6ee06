import type { AnyDef, Call, Id, Machine, Task } from '../../kernel/index.ts'
import { UNORDERED } from '../../scheduler/checks/happens-before.ts'
import { doneTo, Places, placeOf, WRITING } from '../../scheduler/strategies/dpor/event.ts'

/**
 * Which calls of different threads touch the same place, unless both only read, and in which orders they have come; and
 * which calls had to wait. A place is a word of memory, or a part of an object of the kernel's.
 */

/** The calls of a thread on one line that are of one kind. */
export interface Caller {
  readonly thread: Id
  readonly def: AnyDef | null
  /** Where in the scenario, when that is noted. */
  readonly line: string | null
  /** It has touched something that others may touch. */
  touches: boolean
  /** Another thread has touched the same, in the same run. */
  contended: boolean
  /** It could not go on at once. */
  waited: boolean
}

/** What a caller does at a place. */
interface Visit {
  readonly number: number
  readonly caller: Caller
  readonly place: number
}

/** Who has been at a place in this run, each `visit` once as a reader and once as a writer. */
interface Guests {
  run: number
  readonly visits: Visit[]
  readonly writes: boolean[]
}

export class Conflicts {
  readonly #places = new Places()
  readonly #callers = new Map<Id, Map<AnyDef | null, Map<string | null, Caller>>>()
  readonly #visits = new Map<Caller, Map<number, Visit>>()
  readonly #byNumber: Visit[] = []
  readonly #guests: Guests[] = []
  /** Pairs of visits in the order in which they came, both numbers in one. */
  readonly #orders = new Set<number>()
  #run = 0

  begin(): void {
    this.#run += 1
  }

  /** To be told of every step after it is taken. */
  observe({ actor, call, kind, kernel }: Machine): void {
    // A signal that is delivered or sent, a kill, and an armed timer are no doings of the call's.
    if (actor === null || call === null || (kind !== 'call' && kind !== 'timer')) return
    const caller = this.#callerOf(actor.id, call)
    // The end of a thread comes with its last call, which has nothing to do with it.
    const end = kernel.ended.length === 0 ? null : this.#callerOf(actor.id, null)
    const { threads, processes } = kernel.state
    for (const touch of this.#places.touchedBy(kernel.footprint)) {
      const place = placeOf(touch)
      const object = this.#places.objects[place] ?? ''
      if (UNORDERED.has(object)) continue
      const isLife = threads[object] !== undefined || processes[object] !== undefined
      this.#visit(end !== null && isLife ? end : caller, place, doneTo(touch) === WRITING)
    }
  }

  /** Notes who has to wait: to be asked at the beginning and after each step. */
  look({ ready, alive, tasks }: Machine): void {
    if (ready.size >= alive) return
    for (const task of tasks.values()) if (!task.ended && task.slot < 0) this.#waits(task)
  }

  #waits({ id, pending }: Task): void {
    if (pending?.def.waits === true) this.#callerOf(id, pending).waited = true
  }

  get callers(): Caller[] {
    return [...this.#callers.values()].flatMap((kinds) => [...kinds.values()].flatMap((lines) => [...lines.values()]))
  }

  /** Each two calls that met somewhere, in words, in the order in which they came. */
  get orders(): (readonly [string, string])[] {
    const called = ({ caller: { thread, def }, place }: Visit): string =>
      `${thread} ${def?.name} ${this.#places.parts[place]} ${this.#places.objects[place]}`
    const met: (readonly [string, string])[] = []
    for (const pair of this.#orders) {
      const first = this.#byNumber[Math.floor(pair / VISITS_MAX)]
      const second = this.#byNumber[pair % VISITS_MAX]
      if (first?.caller.def && second?.caller.def) met.push([called(first), called(second)])
    }
    return met
  }

  #visit(caller: Caller, place: number, writes: boolean): void {
    const visit = this.#visitOf(caller, place)
    caller.touches = true
    const own = this.#guestsAt(place)
    this.#meet(own, visit, writes)
    for (const other of this.#places.overlapping(place)) this.#meet(this.#guestsAt(other), visit, writes)
    for (let i = 0; i < own.visits.length; i++) if (own.visits[i] === visit && own.writes[i] === writes) return
    own.visits.push(visit)
    own.writes.push(writes)
  }

  #meet({ visits, writes: wrote }: Guests, visit: Visit, writes: boolean): void {
    for (let i = 0; i < visits.length; i++) {
      const other = visits[i] as Visit // below length
      if (other.caller.thread === visit.caller.thread || !(writes || wrote[i])) continue
      const order = other.number * VISITS_MAX + visit.number
      if (this.#orders.has(order)) continue
      this.#orders.add(order)
      other.caller.contended = true
      visit.caller.contended = true
    }
  }

  #callerOf(thread: Id, call: Call<unknown> | null): Caller {
    let kinds = this.#callers.get(thread)
    if (kinds === undefined) {
      kinds = new Map()
      this.#callers.set(thread, kinds)
    }
    const def = call?.def ?? null
    let lines = kinds.get(def)
    if (lines === undefined) {
      lines = new Map()
      kinds.set(def, lines)
    }
    const line = call?.site ?? null
    let caller = lines.get(line)
    if (caller === undefined) {
      caller = { thread, def, line, touches: false, contended: false, waited: false }
      lines.set(line, caller)
    }
    return caller
  }

  #visitOf(caller: Caller, place: number): Visit {
    let visits = this.#visits.get(caller)
    if (visits === undefined) {
      visits = new Map()
      this.#visits.set(caller, visits)
    }
    let visit = visits.get(place)
    if (visit === undefined) {
      visit = { number: this.#byNumber.length, caller, place }
      visits.set(place, visit)
      this.#byNumber.push(visit)
    }
    return visit
  }

  #guestsAt(place: number): Guests {
    for (let i = this.#guests.length; i <= place; i++) this.#guests.push({ run: 0, visits: [], writes: [] })
    const guests = this.#guests[place] as Guests // just made, if it wasn't there
    if (guests.run !== this.#run) {
      guests.run = this.#run
      guests.visits.length = 0
      guests.writes.length = 0
    }
    return guests
  }
}

/** Numbers of visits are below this, and two of them fit in one. */
const VISITS_MAX = 2 ** 26
