import { type Footprint, type Id, type Machine, type PickKind, WHOLE, WRITE } from '../../kernel/index.ts'
import { choiceOf } from '../../scheduler/index.ts'
import { Cell } from './cell.ts'
import type { Ghosts } from './ghosts.ts'

/**
 * What has happened in a run so far, in one number that is the same for any two runs which differ only in the order of
 * steps that have nothing to do with each other: these have come to the same state, and what can become of it is the
 * same. (The happens-before relation as a key: Musuvathi, Qadeer, Partial-order reduction for context-bounded state
 * exploration, 2007.)
 *
 * A step's mark is made of its thread's last mark and of those of the steps that it hangs on, by the footprints: who
 * wrote last whatever it touches. The sum of all marks says what has happened. For each two steps whose order matters it
 * is enough that one has another mark when the other comes first: so reads need leave none for writes, nor who wakes,
 * makes or ends a thread for what that does next. It has 53 bits: among a hundred thousand states some two are taken for
 * one with a chance of one in a million.
 */

/** A sum or a mark: two halves of 32 bits. */
interface Mark {
  a: number
  b: number
}

interface Line extends Mark {
  run: number
  /** Made of the thread's name. */
  readonly name: number
}

interface Parts {
  /** What touches the object as a whole. */
  readonly whole: Cell
  readonly parts: Map<number, Cell>
}

export class Past {
  readonly #ghosts: Ghosts
  readonly #objects = new Map<Id, Parts>()
  readonly #lines = new Map<Id, Line>()
  #run = 0
  readonly #total: Mark = { a: 0, b: 0 }
  /** Of the last step that all hang on: that is what timers and faults are taken for. */
  readonly #barrier: Mark = { a: 0, b: 0 }
  /** Of the step under way. */
  readonly #mark: Mark = { a: 0, b: 0 }
  #picks = 0
  #isBarrier = false
  /** Who takes it: a thread, or a timer or fault by the choice's name. */
  #who = ''

  constructor(ghosts: Ghosts) {
    this.#ghosts = ghosts
  }

  begin(): void {
    this.#run += 1
    reset(this.#total)
    reset(this.#barrier)
    this.#who = ''
  }

  /** A step is about to be taken. */
  before(machine: Machine, option: number): void {
    this.#picks = 0
    this.#isBarrier = option >= machine.ready.size
    this.#who = choiceOf(machine, option)
  }

  picked(kind: PickKind, label: string): void {
    this.#picks = mix(mix(this.#picks, hashOf(kind)), hashOf(label))
  }

  /** The step is over. */
  after({ kernel, kind }: Machine): void {
    if (this.#who === '') return
    const { footprint } = kernel
    const mark = this.#mark
    const line = this.#lineOf(this.#who)
    mark.a = mix(mix(line.a ^ this.#barrier.a, line.name), this.#picks)
    mark.b = mix(mix(line.b ^ this.#barrier.b, line.name + 1), this.#picks + 1)
    if (kind !== 'call') this.#hangOn(hashOf(kind), 0)
    if (this.#isBarrier) this.#hangOn(this.#total.a, this.#total.b)
    this.#collect(footprint)
    const { cells, written } = this.#ghosts
    for (let i = 0; i < cells.length; i++) this.#collectCell(cells[i] as Cell) // below length

    this.#leave(footprint)
    for (let i = 0; i < cells.length; i++) if (written[i] === true) copy(mark, this.#current(cells[i] as Cell)) // as above
    this.#ghosts.clear()

    copy(mark, line)
    this.#total.a = (this.#total.a + mark.a) | 0
    this.#total.b = (this.#total.b + mark.b) | 0
    if (this.#isBarrier) copy(this.#total, this.#barrier)
  }

  /** The number of the state that the run has come to, with that thread running: `null` where it is all the same. */
  key(running: Id | null): number {
    const name = running === null ? 0 : this.#lineOf(running).name
    const high = mix(this.#total.a, name) >>> 0
    const low = mix(this.#total.b, name + 1) >>> 11
    return high * 0x20_0000 + low
  }

  #lineOf(id: Id): Line {
    let line = this.#lines.get(id)
    if (line === undefined) {
      line = { run: 0, a: 0, b: 0, name: hashOf(id) }
      this.#lines.set(id, line)
    }
    if (line.run !== this.#run) {
      line.run = this.#run
      reset(line)
    }
    return line
  }

  #partsOf(object: Id): Parts {
    let parts = this.#objects.get(object)
    if (parts === undefined) {
      parts = { whole: new Cell(), parts: new Map() }
      this.#objects.set(object, parts)
    }
    return parts
  }

  #cellOf(object: Id, part: number): Cell {
    const of = this.#partsOf(object)
    if (part === WHOLE) return this.#current(of.whole)
    let cell = of.parts.get(part)
    if (cell === undefined) {
      cell = new Cell()
      of.parts.set(part, cell)
    }
    return this.#current(cell)
  }

  #current(cell: Cell): Cell {
    if (cell.run !== this.#run) {
      cell.run = this.#run
      reset(cell)
    }
    return cell
  }

  #collect({ objects, parts, length }: Footprint): void {
    for (let i = 0; i < length; i++) {
      const object = objects[i] as Id // below length, as the others
      const part = parts[i] as number
      this.#collectCell(this.#cellOf(object, part))
      const of = this.#partsOf(object)
      if (part !== WHOLE) this.#collectCell(of.whole)
      else this.#collectParts(of)
    }
  }

  #collectCell(cell: Cell): void {
    const { a, b } = this.#current(cell)
    this.#hangOn(a, b)
  }

  /** The sum of them, which hangs on no order. */
  #collectParts({ parts }: Parts): void {
    let sumA = 0
    let sumB = 0
    for (const [part, cell] of parts) {
      const { a, b } = this.#current(cell)
      if (a === 0 && b === 0) continue // not written in this run
      sumA = (sumA + mix(a, part)) | 0
      sumB = (sumB + mix(b, part)) | 0
    }
    this.#hangOn(sumA, sumB)
  }

  #hangOn(a: number, b: number): void {
    this.#mark.a = mix(this.#mark.a, a)
    this.#mark.b = mix(this.#mark.b, b + 1)
  }

  #leave({ objects, parts, modes, length }: Footprint): void {
    for (let i = 0; i < length; i++) {
      if (((modes[i] as number) & WRITE) === 0) continue // below length
      copy(this.#mark, this.#cellOf(objects[i] as Id, parts[i] as number))
    }
  }
}

function copy({ a, b }: Mark, to: Mark): void {
  to.a = a
  to.b = b
}

function reset(mark: Mark): void {
  mark.a = 0
  mark.b = 0
}

/** The finalizer of MurmurHash3 over a sum in which neither part can undo the other. */
function mix(hash: number, value: number): number {
  let h = (Math.imul(hash, 0x9e37_79b1) + value + 0x7f4a_7c15) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return h ^ (h >>> 16)
}

function hashOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i))
  return hash
}
