import {
  type Call,
  CLOCK,
  DONE,
  FAULTS,
  GONE,
  hasDone,
  type Id,
  LIFE,
  type Machine,
  type MemoryOrder,
  PIDS,
  READ,
  type Synchronizes,
  WRITE,
} from '../../kernel/index.ts'
import { assign, type Clock, join } from './clocks.ts'

/**
 * What happens before what in a run, by vector clocks, from the footprints of its steps: a thread's own steps in their
 * order, wakers before the woken, makers before the made, and what a call releases into an object before what later
 * acquires it there: see `Synchronizes`. Atomic accesses to memory synchronize as their orders say; a release sequence
 * is RC11's, in which later relaxed stores of the same thread go on with it (Lahav, Vafeiadis, Kang, Hur, Dreyer:
 * Repairing sequential consistency in C/C++11, PLDI 2017).
 */

/** What was released into an object. */
interface Released {
  /** What comes before whoever acquires it. */
  readonly clock: Clock
  /** Of each thread that released by an access of its own: what its later relaxed stores still stand for. */
  heads: (Clock | undefined)[] | null
  /** Of an earlier run, it is nothing. */
  run: number
}

/** Objects that all touch, for the explorer's sake, and that order nobody's memory. */
export const UNORDERED: ReadonlySet<Id> = new Set([CLOCK, FAULTS, PIDS])

const ACQUIRES: ReadonlySet<unknown> = new Set<MemoryOrder>(['acquire', 'acq_rel', 'seq_cst'])
const RELEASES: ReadonlySet<unknown> = new Set<MemoryOrder>(['release', 'acq_rel', 'seq_cst'])

const memory = new Map<Id, boolean>()

/** Whether the id names a page of memory: see paging.ts. */
export function isPage(id: Id): boolean {
  let is = memory.get(id)
  if (is === undefined) {
    is = /[#@]\d+$/.test(id)
    memory.set(id, is)
  }
  return is
}

/** The program's own access to memory that the last step made. */
export function accessOf({ kind, call, outcome }: Machine): Call<unknown> | null {
  return kind === 'call' && call !== null && call.def.isAccess === true && outcome === DONE ? call : null
}

/** Whether the access leaves some of its words' bytes alone. */
export const isNarrow = ({ args }: Call<unknown>): boolean => args.type !== 'i32' && /8|16/.test(String(args.type))

export class HappensBefore {
  readonly #numbers = new Map<Id, number>()
  readonly #clocks: Clock[] = []
  readonly #released = new Map<Id, Map<number, Released>>()
  #run = 0
  /** What the step under way does beside the accesses of programs. */
  #how: Synchronizes = 'none'

  /** A new run. */
  clear(): void {
    this.#numbers.clear()
    this.#clocks.length = 0
    this.#run += 1
  }

  /** The number of a thread, in the order in which they came to act. */
  numberOf(id: Id): number {
    let number = this.#numbers.get(id)
    if (number === undefined) {
      number = this.#clocks.length
      this.#numbers.set(id, number)
      const clock: Clock = []
      while (clock.length < number) clock.push(0)
      clock.push(1)
      this.#clocks.push(clock)
    }
    return number
  }

  /** The clock of a thread as it is now; it goes on in place. */
  clockOf(number: number): Clock {
    return this.#clocks[number] ?? []
  }

  /** The first half of a step: what it comes after. */
  acquire(machine: Machine, id: Id, how = synchronizes(machine)): void {
    this.#how = how
    const access = accessOf(machine)
    if (
      access !== null
        ? !ACQUIRES.has(access.args.order) || access.args.blind === true
        : how !== 'acquires' && how !== 'both'
    )
      return
    const clock = this.clockOf(this.numberOf(id))
    const { objects, parts, modes, length } = machine.kernel.footprint
    for (let i = 0; i < length; i++) {
      const object = objects[i] ?? ''
      if (access !== null ? ((modes[i] ?? 0) & READ) === 0 || !isPage(object) : UNORDERED.has(object)) continue
      const released = this.#known(object, parts[i] ?? 0)
      if (released !== null) join(clock, released.clock)
    }
  }

  /** The second half: what comes after it. @param wakes whether whom it wakes does */
  release(machine: Machine, id: Id, wakes = true): void {
    const { kernel } = machine
    const own = this.numberOf(id)
    const clock = this.clockOf(own)
    const access = accessOf(machine)
    let told = access !== null ? this.#store(machine, own, access) : this.#give(machine, clock)
    if (wakes) {
      for (const woken of kernel.woken) {
        if (woken !== id) join(this.clockOf(this.numberOf(woken)), clock)
        told = true
      }
    }
    for (const { thread } of kernel.spawned) {
      join(this.clockOf(this.numberOf(thread)), clock)
      told = true
    }
    for (const ended of kernel.ended) {
      const last = this.clockOf(this.numberOf(ended))
      join(last, clock)
      for (const one of [ended, kernel.state.threads[ended]?.process ?? ended]) join(this.#at(one, LIFE).clock, last)
      told = true
    }
    if (told) clock[own] = (clock[own] ?? 0) + 1
  }

  /** What a call of the kernel releases into what it has written. */
  #give({ kernel }: Machine, clock: Clock): boolean {
    if (this.#how !== 'releases' && this.#how !== 'both') return false
    const { objects, parts, modes, length } = kernel.footprint
    let told = false
    for (let i = 0; i < length; i++) {
      const object = objects[i] ?? ''
      if (((modes[i] ?? 0) & WRITE) === 0 || UNORDERED.has(object)) continue
      // An end is told to those who wait for that very thread or process, and not to all who look at its parent.
      if (kernel.ended.length > 0 && kernel.state.processes[object] !== undefined) continue
      const released = this.#at(object, parts[i] ?? 0).clock
      join(released, clock)
      for (const ended of kernel.ended) join(released, this.clockOf(this.numberOf(ended))) // what the dead leave behind
      told = true
    }
    return told
  }

  /** What a program's own store releases, or puts an end to. */
  #store({ kernel }: Machine, own: number, access: Call<unknown>): boolean {
    const { objects, parts, modes, length } = kernel.footprint
    const clock = this.clockOf(own)
    const releases = RELEASES.has(access.args.order)
    const plain = access.args.order === 'plain'
    let told = false
    for (let i = 0; i < length; i++) {
      const object = objects[i] ?? ''
      const mode = modes[i] ?? 0
      if ((mode & WRITE) === 0 || !isPage(object)) continue
      const released = releases ? this.#at(object, parts[i] ?? 0) : this.#known(object, parts[i] ?? 0)
      if (released === null) continue
      told ||= releases
      const head = releases ? clock : plain ? undefined : released.heads?.[own]
      // A read-modify-write goes on with the sequences that it found; so does who writes other bytes of the word.
      if ((mode & READ) === 0 && !isNarrow(access)) released.clock.length = 0
      if (head !== undefined) join(released.clock, head)
      if (releases) this.#heads(released, own, clock)
    }
    return told
  }

  #heads(released: Released, own: number, clock: Clock): void {
    released.heads ??= []
    while (released.heads.length <= own) released.heads.push(undefined)
    const head = released.heads[own] ?? []
    assign(head, clock)
    released.heads[own] = head
  }

  #at(object: Id, part: number): Released {
    let byPart = this.#released.get(object)
    if (byPart === undefined) {
      byPart = new Map()
      this.#released.set(object, byPart)
    }
    let released = byPart.get(part)
    if (released === undefined) {
      released = { clock: [], heads: null, run: this.#run }
      byPart.set(part, released)
    } else if (released.run !== this.#run) {
      released.clock.length = 0
      released.heads = null
      released.run = this.#run
    }
    return released
  }

  /** The same, `null` where nothing has been released in this run. */
  #known(object: Id, part: number): Released | null {
    const released = this.#released.get(object)?.get(part)
    return released !== undefined && released.run === this.#run ? released : null
  }
}

/** What the last step does to the order of others, beside the accesses of programs. */
export function synchronizes({ kind, call, outcome, result }: Machine): Synchronizes {
  if (kind === 'arm') return 'none'
  if (kind !== 'call' && kind !== 'timer') return 'both'
  const how = call?.def.synchronizes ?? 'both'
  if (how === 'both' || call === null) return how
  return outcome === GONE || hasDone(call.def, outcome, result) ? how : 'none'
}
