import type { Door, Id, Machine } from '../../kernel/index.ts'
import { Places } from '../../scheduler/strategies/dpor/event.ts'

/**
 * A number for the Mazurkiewicz trace of a run: the same for all runs that differ only in the order of steps which have
 * nothing to do with each other. A step is hashed with those that it comes after: the one before it of its thread, who woke
 * or made that, and whoever touched before it what it touches, unless both only read. As that holds all that came before,
 * the sum over the steps stands for the trace. Two traces may have the same number, though hardly ever. Steps are those of
 * the run: what invariants look at and what a timed-out call hung on order none, and an end of a thread is a step, or is none.
 */
export class TraceHash {
  readonly #places = new Places()
  /** Hashes of the places' names: numbers of places differ from worker to worker. */
  readonly #named: number[] = []
  readonly #cells: Cell[] = []
  readonly #actors = new Map<string, Actor>()
  readonly #picked = new Half()
  readonly #sum = new Half()
  #run = 0

  begin(): void {
    this.#run += 1
    this.#sum.clear()
    this.#picked.clear()
  }

  /** Answers as the other does, and notes what was picked inside steps. */
  noting(door: Door): Door {
    return {
      pick: (kind, thread, count, label) => {
        const index = door.pick(kind, thread, count, label)
        this.#picked.stir(index + 1, index + 1)
        return index
      },
    }
  }

  /** To be told of every step after it is taken. */
  observe({ actor, kind, kernel, result }: Machine): void {
    const thread = actor?.id ?? ''
    const own = kind === 'call' || kind === 'arm' || kind === 'signal'
    const mover = this.#actor(own ? thread : `${kind} ${kind === 'sent' ? `${String(result)} ` : ''}${thread}`)
    const step = new Half()
    step.stir(mover.name, ~mover.name)
    step.stir(mover.last.a, mover.last.b)
    step.stir(mover.reached.a, mover.reached.b)
    step.stir(this.#picked.a, this.#picked.b)
    this.#picked.clear()
    mover.reached.clear()
    const touched = this.#places.touchedBy(kernel.footprint)
    const past = new Half()
    for (const touch of touched) this.#comesAfter(past, touch)
    const reached = this.#reached(thread, own, kernel)
    for (const { name, last } of reached) past.add(stir(name, last.a), stir(name, last.b))
    step.stir(past.a, past.b)
    for (const touch of touched) this.#cell(touch >> 1).take(step, (touch & 1) === 1)
    mover.last.is(step)
    for (const other of reached) other.reached.add(step.a, step.b)
    this.#sum.add(step.a, step.b)
  }

  /** Of the run that is over. */
  get hash(): number {
    return (this.#sum.a >>> 0) * 2 ** 21 + (this.#sum.b >>> 11)
  }

  /** Whom the step woke, made or ended; a timer or fault, whom it befell. */
  #reached(thread: Id, own: boolean, { woken, spawned, ended }: Machine['kernel']): Actor[] {
    const others = new Set<Id>(woken)
    for (const made of spawned) others.add(made.thread)
    for (const id of ended) others.add(id)
    if (own) others.delete(thread)
    else others.add(thread)
    return [...others].map((id) => this.#actor(id))
  }

  #comesAfter(past: Half, touch: number): void {
    const writes = (touch & 1) === 1
    for (const place of [touch >> 1, ...this.#places.overlapping(touch >> 1)]) {
      const name = this.#nameOf(place)
      const { wrote, read } = this.#cell(place)
      if (wrote.isNothing && (!writes || read.isNothing)) continue
      const own = new Half()
      own.stir(name, name)
      own.stir(wrote.a, wrote.b)
      if (writes) own.stir(read.a, read.b)
      past.add(own.a, own.b)
    }
  }

  #actor(name: string): Actor {
    let actor = this.#actors.get(name)
    if (actor === undefined) {
      actor = { name: hashOf(name), run: 0, last: new Half(), reached: new Half() }
      this.#actors.set(name, actor)
    }
    if (actor.run !== this.#run) {
      actor.run = this.#run
      actor.last.clear()
      actor.reached.clear()
    }
    return actor
  }

  #cell(place: number): Cell {
    for (let i = this.#cells.length; i <= place; i++) this.#cells.push(new Cell())
    const cell = this.#cells[place] as Cell // just made, if it wasn't there
    cell.isOf(this.#run)
    return cell
  }

  #nameOf(place: number): number {
    for (let i = this.#named.length; i <= place; i++)
      this.#named.push(hashOf(`${this.#places.parts[i]} ${this.#places.objects[i]}`))
    return this.#named[place] as number // as above
  }
}

/** Two hashes of 32 bits side by side. */
class Half {
  a = 0
  b = 0

  clear(): void {
    this.a = 0
    this.b = 0
  }

  get isNothing(): boolean {
    return this.a === 0 && this.b === 0
  }

  is({ a, b }: Half): void {
    this.a = a
    this.b = b
  }

  /** In whatever order. */
  add(a: number, b: number): void {
    this.a = (this.a + a) | 0
    this.b = (this.b + b) | 0
  }

  /** In this order. */
  stir(a: number, b: number): void {
    this.a = stir(this.a, a)
    this.b = stir(this.b ^ OTHER, b)
  }
}

interface Actor {
  readonly name: number
  run: number
  /** Its last step. */
  readonly last: Half
  /** Steps of others that have reached it since. */
  readonly reached: Half
}

/** A place: the last step that wrote there, and those that have read since. */
class Cell {
  readonly wrote = new Half()
  readonly read = new Half()
  #run = 0

  isOf(run: number): void {
    if (this.#run === run) return
    this.#run = run
    this.wrote.clear()
    this.read.clear()
  }

  take(step: Half, writes: boolean): void {
    if (!writes) return this.read.add(step.a, step.b)
    this.wrote.is(step)
    this.read.clear()
  }
}

/** So that the two halves go different ways. */
const OTHER = 0x2545f491

/** The finalizer of MurmurHash3, by Austin Appleby, over both. */
function stir(hash: number, value: number): number {
  let h = (Math.imul(hash, 0x9e3779b1) + value + 1) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function hashOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = stir(hash, text.charCodeAt(i))
  return hash
}
