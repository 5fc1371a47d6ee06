import type { Call, Id, Machine } from '../../kernel/index.ts'
import { READ, WRITE } from '../../kernel/index.ts'
import { isBefore } from './clocks.ts'
import { accessOf, HappensBefore, isNarrow, isPage } from './happens-before.ts'
import { placeInWords } from './words.ts'

/**
 * Data races: two accesses of different threads to the same bytes, one of them at least a write and one at least plain,
 * which nothing orders. Flanagan, Freund: FastTrack, PLDI 2009. Where FastTrack keeps an epoch for as long as the
 * accesses of a word are ordered, and a clock from then on, a list is kept here, of those accesses that no later one
 * stands for; it has one entry, or as many as there are readers, until there is a race. So a race hides no other.
 *
 * Mixed accesses, atomic and plain, race as in C11 (5.1.2.4) and ECMA-262 (29.10). Words that calls of the kernel use,
 * as for a semaphore, are accessed atomically by them.
 */

/** One access, of a step. */
export interface Access {
  readonly thread: Id
  readonly step: number
  readonly writes: boolean
  readonly plain: boolean
  readonly call: Call<unknown>
  /** The thread's number, and its time: see clocks.ts. */
  readonly number: number
  readonly time: number
}

/** Two accesses that race, in the order in which they came. */
export interface Race {
  /** What to call the bytes: `counter+8`. */
  readonly place: string
  readonly first: Access
  readonly second: Access
}

/** A word's accesses, apart for each of its bytes once somebody has accessed less than all. */
interface Cell {
  accesses: Access[]
  bytes: [Access[], Access[], Access[], Access[]] | null
  /** Of an earlier run, it is empty. */
  run: number
}

/** Told of a race: the page, the byte in it, and the two accesses. */
export type RaceReport = (page: Id, byte: number, first: Access, second: Access) => void

export class DataRaces {
  readonly order = new HappensBefore()
  readonly #machine: Machine
  readonly #report: RaceReport
  #run = 0
  readonly #cells = new Map<Id, Map<number, Cell>>()

  /** @param report told of each race; of an access to more than a word, or to bytes, maybe more than once */
  constructor(machine: Machine, report: RaceReport) {
    this.#machine = machine
    this.#report = report
  }

  /** A new run. */
  clear(): void {
    this.order.clear()
    this.#run += 1
  }

  /** To be told of every step after it is taken. */
  observe(): void {
    const machine = this.#machine
    const { actor, call, kind } = machine
    if (actor === null) return
    if (machine.kernel.footprint.length === 0) return
    this.order.acquire(machine, actor.id)
    if (call !== null && (kind === 'call' || kind === 'timer')) this.#look(actor.id, call)
    this.order.release(machine, actor.id)
  }

  #look(thread: Id, call: Call<unknown>): void {
    const { kernel, steps } = this.#machine
    const { objects, parts, modes, length } = kernel.footprint
    const own = accessOf(this.#machine)
    if (own === null && call.def.isAccess === true) return // it has faulted
    const number = this.order.numberOf(thread)
    const time = this.order.clockOf(number)[number] ?? 0
    const plain = own !== null && own.args.order === 'plain'
    for (let i = 0; i < length; i++) {
      const page = objects[i] ?? ''
      const word = parts[i] ?? 0
      const mode = modes[i] ?? 0
      if (word < 0 || (mode & (READ | WRITE)) === 0 || !isPage(page)) continue
      const access: Access = { thread, step: steps, writes: (mode & WRITE) !== 0, plain, call, number, time }
      this.#enter(page, word, access, own !== null && isNarrow(own) ? own : null)
    }
  }

  #enter(page: Id, word: number, access: Access, narrow: Call<unknown> | null): void {
    const cell = this.#cell(page, word)
    if (narrow === null && cell.bytes === null) {
      cell.accesses = this.#among(cell.accesses, access, page, word, 0)
      return
    }
    cell.bytes ??= [cell.accesses, cell.accesses.slice(), cell.accesses.slice(), cell.accesses.slice()]
    const [from, to] = narrow === null ? [0, 4] : bytesOf(narrow)
    for (let byte = from; byte < to; byte++) {
      cell.bytes[byte as 0] = this.#among(cell.bytes[byte as 0], access, page, word, byte) // 0 to 3
    }
  }

  /** Holds an access against those before it; what is left of those, with it. */
  #among(before: Access[], access: Access, page: Id, word: number, byte: number): Access[] {
    const clock = this.order.clockOf(access.number)
    let kept = 0
    for (const other of before) {
      const ordered = other.number === access.number || isBefore(other.number, other.time, clock)
      if (ordered && standsFor(access, other)) continue
      before[kept++] = other
      if (!ordered && conflict(access, other)) this.#report(page, word * 4 + byte, other, access)
    }
    before.length = kept
    before.push(access)
    return before
  }

  #cell(page: Id, word: number): Cell {
    let cells = this.#cells.get(page)
    if (cells === undefined) {
      cells = new Map()
      this.#cells.set(page, cells)
    }
    let cell = cells.get(word)
    if (cell === undefined) {
      cell = { accesses: [], bytes: null, run: this.#run }
      cells.set(word, cell)
    } else if (cell.run !== this.#run) {
      cell.accesses.length = 0
      cell.bytes = null
      cell.run = this.#run
    }
    return cell
  }
}

/** For who needs no more than the first. */
export class FirstRace {
  race: Race | null = null
  readonly #races: DataRaces

  constructor(machine: Machine) {
    this.#races = new DataRaces(machine, (page, byte, first, second) => {
      this.race ??= { place: placeInWords(machine.state, page, byte), first, second }
    })
  }

  observe(): void {
    if (this.race === null) this.#races.observe()
  }
}

/** From which byte of its word to which. */
function bytesOf({ args }: Call<unknown>): [number, number] {
  const from = Number(args.address) & 3
  return [from, from + (String(args.type).endsWith('16') ? 2 : 1)]
}

const conflict = (one: Access, other: Access): boolean => (one.writes || other.writes) && (one.plain || other.plain)

/** Whether whatever races with the earlier access, and comes after this one, races with this one too. */
const standsFor = (later: Access, earlier: Access): boolean =>
  (later.writes || !earlier.writes) && (later.plain || !earlier.plain)
