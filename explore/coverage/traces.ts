import type { Door, Machine } from '../../kernel/index.ts'
import { doneTo, Places, placeOf, WRITING } from '../../scheduler/strategies/dpor/event.ts'

/**
 * A number for the Mazurkiewicz trace of a run: the same for all runs that differ only in the order of steps which have
 * nothing to do with each other. A step is hashed with the one before it of its thread and the last writes to what it
 * touches. As those hold all that came before, the sum over the steps stands for the trace: who reads before a write is
 * known by not having read it, and who is woken by what the waker wrote. Two traces may have the same number, though hardly
 * ever. What invariants look at, and a timed-out call hung on, orders none; and an end of a thread is a step, or is none.
 */
export class TraceHash {
  readonly #places = new Places()
  /** Hashes of the places' names: numbers of places differ from worker to worker. */
  readonly #named: number[] = []
  readonly #writes: Write[] = []
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
    step.stir(this.#picked.a, this.#picked.b)
    this.#picked.clear()
    const touched = this.#places.touchedBy(kernel.footprint)
    const past = new Half()
    for (const touch of touched) this.#comesAfter(past, placeOf(touch))
    step.stir(past.a, past.b)
    for (const touch of touched) if (doneTo(touch) === WRITING) this.#writeTo(placeOf(touch)).is(step)
    mover.last.is(step)
    this.#sum.add(step.a, step.b)
  }

  /** Of the run that is over. */
  get hash(): number {
    return (this.#sum.a >>> 0) * 2 ** 21 + (this.#sum.b >>> 11)
  }

  #comesAfter(past: Half, touched: number): void {
    for (const place of [touched, ...this.#places.overlapping(touched)]) {
      const { a, b } = this.#writeTo(place)
      if (a === 0 && b === 0) continue
      const name = this.#nameOf(place)
      past.add(stir(name, a), stir(~name, b))
    }
  }

  #actor(name: string): Actor {
    let actor = this.#actors.get(name)
    if (actor === undefined) {
      actor = { name: hashOf(name), run: 0, last: new Half() }
      this.#actors.set(name, actor)
    }
    if (actor.run !== this.#run) {
      actor.run = this.#run
      actor.last.clear()
    }
    return actor
  }

  /** The last step of this run that wrote there. */
  #writeTo(place: number): Half {
    for (let i = this.#writes.length; i <= place; i++) this.#writes.push({ run: 0, step: new Half() })
    const write = this.#writes[place] as Write // just made, if it wasn't there
    if (write.run !== this.#run) {
      write.run = this.#run
      write.step.clear()
    }
    return write.step
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
}

interface Write {
  run: number
  readonly step: Half
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
