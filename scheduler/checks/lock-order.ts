import {
  type Call,
  DONE,
  FAIL,
  hasDone,
  type Id,
  type Kernel,
  type Machine,
  PAGE_SIZE,
  peekWord,
  SLEEP,
  WRITE,
} from '../../kernel/index.ts'
import { type Clock, isBefore } from './clocks.ts'
import { HappensBefore, isPage } from './happens-before.ts'
import { placeInWords } from './words.ts'

/**
 * Lock-order inversion: threads that take two or more locks in orders that go round in a circle, so that each could come
 * to hold what the next one wants, also when in this run it did not come to that. Havelund: Using runtime analysis to
 * guide model checking of Java programs (Goodlock), SPIN 2000; Bensalem, Havelund: Dynamic deadlock analysis of
 * multi-threaded programs, HVC 2005. It is none where a further lock, the gate, keeps them from being there at once, or
 * where anything but these locks orders them: forks, joins, messages.
 *
 * Locks are mutexes, and semaphores of one unit that only those give back who took it. A semaphore of more units is a
 * gate for more threads than it has.
 */

/** A thread comes to have a lock. */
interface Taking {
  readonly lock: Lock
  readonly call: Call<unknown>
  readonly step: number
  /** The thread's clock then, of all but the locks. */
  readonly clock: Clock
  /** So many times, where it is recursive. */
  count: number
}

/** A thread took a lock, and would have waited for it, with another one in hand. */
export interface Nesting {
  readonly thread: Id
  readonly number: number
  readonly held: Taking
  readonly taken: Taking
  /** All that it had in hand then. */
  readonly hand: readonly Lock[]
}

/** Each holds what the next one takes, and the last what the first takes. */
export interface Inversion {
  readonly nestings: readonly Nesting[]
}

export interface Lock {
  readonly page: Id
  readonly word: number
  readonly place: string
  readonly isMutex: boolean
  /** How many may have it at once. */
  units: number
  /** Nobody has given it back who had not taken it. */
  isOwned: boolean
}

const NO_CLOCK: Clock = []

/** More nestings of one run, or steps in the search for circles among them, are not looked at. */
const NESTINGS_MAX = 1_000
const SEARCH_MAX = 10_000

export class LockOrder {
  readonly #machine: Machine
  /** Without what the locks themselves order. */
  readonly #order: HappensBefore | null
  readonly #locks = new Map<Id, Map<number, Lock>>()
  readonly #hands = new Map<Id, Taking[]>()
  /** The mutex of each thread that waits on a condition. */
  readonly #lent = new Map<Id, Lock>()
  readonly #nestings = new Map<string, Nesting>()

  /** @param ordered `false`: whatever orders the threads is not looked at, which is much cheaper, and too suspicious */
  constructor(machine: Machine, ordered = true) {
    this.#machine = machine
    this.#order = ordered ? new HappensBefore() : null
  }

  /** A new run. */
  clear(): void {
    this.#order?.clear()
    this.#locks.clear()
    this.#hands.clear()
    this.#lent.clear()
    this.#nestings.clear()
  }

  /** To be told of every step after it is taken. */
  observe(): void {
    const machine = this.#machine
    const { actor, call, kind } = machine
    if (actor === null) return
    const doing = call === null || (kind !== 'call' && kind !== 'timer') ? null : doingOf(machine, call)
    if (doing === null || call === null) return this.#pass(actor.id)
    const lent = doing === 'takes' && call.def.lends !== undefined ? this.#lent.get(actor.id) : undefined
    const lock = lent ?? this.#lockOf(doing)
    if (lock === null) return this.#pass(actor.id)
    if (doing === 'gives') {
      if (call.def.lends !== undefined) this.#lent.set(actor.id, lock)
      if (!this.#give(lock, actor.id)) return this.#pass(actor.id) // a message to others, and no lock's end
      this.#order?.acquire(machine, actor.id, 'none')
    } else {
      this.#order?.acquire(machine, actor.id, call.def.lends === undefined ? 'acquires' : 'none')
      this.#take(lock, actor.id, call)
    }
    this.#order?.release(machine, actor.id, false)
  }

  /** The inversions of the run so far. */
  inversions(): Inversion[] {
    const nestings = [...this.#nestings.values()].filter(({ held, taken }) => isLock(held.lock) && isLock(taken.lock))
    const found: Inversion[] = []
    let left = SEARCH_MAX
    const extend = (path: Nesting[], from: number): void => {
      const [first, last] = [path[0], path.at(-1)]
      if (first === undefined || last === undefined) return
      if (last.taken.lock === first.held.lock) {
        if (hasNoGate(path)) found.push({ nestings: path.slice() })
        return
      }
      // Every circle is found once, from the earliest of its nestings.
      for (let i = from; i < nestings.length && left > 0; i++) {
        const next = nestings[i] as Nesting // i is below the length
        if (next.held.lock !== last.taken.lock || !path.every((one) => canMeet(one, next))) continue
        left -= 1
        path.push(next)
        extend(path, from)
        path.pop()
      }
    }
    nestings.forEach((first, at) => {
      extend([first], at + 1)
    })
    return found
  }

  /** Those that somebody gave back who had not taken them, in this run. */
  get unowned(): Lock[] {
    return [...this.#locks.values()].flatMap((words) => [...words.values()].filter(({ isOwned }) => !isOwned))
  }

  /** A step that is about no lock. */
  #pass(thread: Id): void {
    if (this.#machine.kernel.footprint.length === 0) return
    this.#order?.acquire(this.#machine, thread)
    this.#order?.release(this.#machine, thread)
  }

  #lockOf(doing: 'takes' | 'gives'): Lock | null {
    const { kernel } = this.#machine
    const { objects, parts, modes, length } = kernel.footprint
    for (let i = 0; i < length; i++) {
      const page = objects[i] ?? ''
      const word = parts[i] ?? 0
      if (((modes[i] ?? 0) & WRITE) === 0 || !isPage(page)) continue
      const known = this.#locks.get(page)?.get(word)
      if (known !== undefined) return known
      const { def } = this.#machine.call as Call<unknown> // whose doing it is
      const left = wordAt(kernel, page, word)
      const isMutex = def.isLock === true || def.lends !== undefined
      const units = isMutex ? 1 : doing === 'takes' ? left + 1 : left - 1
      const lock = { page, word, place: placeInWords(kernel.state, page, word * 4), isMutex, units, isOwned: true }
      const words = this.#locks.get(page) ?? new Map<number, Lock>()
      this.#locks.set(page, words.set(word, lock))
      return lock
    }
    return null
  }

  #take(lock: Lock, thread: Id, call: Call<unknown>): void {
    const hand = this.#handOf(thread)
    const again = hand.find((one) => one.lock === lock)
    if (again !== undefined && call.def.isLock === true) {
      again.count += 1
      return
    }
    const number = this.#order?.numberOf(thread) ?? 0
    const clock = this.#order?.clockOf(number).slice() ?? NO_CLOCK
    const taken: Taking = { lock, call, step: this.#machine.steps, clock, count: 1 }
    const { waits, deadline, lends } = call.def
    if (hand.length > 0 && waits && (deadline === undefined || lends !== undefined))
      for (const held of hand) this.#nest({ thread, number, held, taken, hand: hand.map((one) => one.lock) })
    hand.push(taken)
  }

  #nest(nesting: Nesting): void {
    const { thread, number, held, taken, hand } = nesting
    if (held.lock === taken.lock || this.#nestings.size >= NESTINGS_MAX) return
    const times = [held.clock[number] ?? 0, taken.clock[number] ?? 0]
    const sites = [held, taken].map(({ call, lock }) => `${call.site}@${lock.page}:${lock.word}`)
    const key = [thread, ...times, ...sites, ...hand.map(({ page, word }) => `${page}:${word}`)].join(' ')
    if (!this.#nestings.has(key)) this.#nestings.set(key, nesting)
  }

  /** Whether it was the giver's own. */
  #give(lock: Lock, thread: Id): boolean {
    const hand = this.#handOf(thread)
    const at = hand.findLastIndex((one) => one.lock === lock)
    const own = hand[at]
    if (own !== undefined) {
      own.count -= 1
      if (own.count === 0) hand.splice(at, 1)
      return true
    }
    lock.isOwned = false
    for (const other of this.#hands.values()) {
      const held = other.findIndex((one) => one.lock === lock)
      if (held < 0) continue
      other.splice(held, 1)
      break
    }
    return false
  }

  #handOf(thread: Id): Taking[] {
    let hand = this.#hands.get(thread)
    if (hand === undefined) {
      hand = []
      this.#hands.set(thread, hand)
    }
    return hand
  }
}

/** What is in a word, of a page that is shared or a process's own: see paging.ts. */
function wordAt(kernel: Kernel, page: Id, word: number): number {
  const at = page.lastIndexOf('@')
  if (at < 0) return kernel.state.frames[page]?.words[word] ?? 0
  return peekWord(kernel, page.slice(0, at), Number(page.slice(at + 1)) * PAGE_SIZE + word * 4)
}

/** Whether the step took a lock, or gave one back. */
function doingOf({ outcome, callStage, result }: Machine, { def }: Call<unknown>): 'takes' | 'gives' | null {
  if (def.lends !== undefined) {
    if (callStage === 0) return outcome === SLEEP ? 'gives' : null
    return outcome === DONE || outcome === FAIL ? 'takes' : null
  }
  if (!hasDone(def, outcome, result) || (def.does !== 'takes' && def.does !== 'gives')) return null
  return def.does
}

const isLock = ({ units, isOwned }: Lock): boolean => units === 1 && isOwned

/** Whether two threads can be at the same time where they want one lock with another in hand. */
function canMeet(one: Nesting, other: Nesting): boolean {
  if (one.thread === other.thread || one.taken.lock === other.taken.lock) return false
  return !comesFirst(one, other) && !comesFirst(other, one)
}

/** Whether the one has what it wants before the other begins, in any run. */
const comesFirst = ({ number, taken }: Nesting, { held }: Nesting): boolean =>
  taken.clock !== NO_CLOCK && isBefore(number, taken.clock[number] ?? 0, held.clock)

/** Whether no lock is in more hands than it has units. */
function hasNoGate(nestings: readonly Nesting[]): boolean {
  const hands = new Map<Lock, number>()
  for (const { hand } of nestings) for (const lock of hand) hands.set(lock, (hands.get(lock) ?? 0) + 1)
  for (const [lock, count] of hands) if (lock.isOwned && count > lock.units) return false
  return true
}
