/**
 * Which steps of a run come before which, by vector clocks: of each step, how many of each actor's steps come before it,
 * or are it. Mattern, Virtual time and global states of distributed systems, 1988. All in one array, because joining
 * them is the greater part of what a step costs.
 */
export class Clocks {
  #width = 8
  #rows = new Int32Array(64 * this.#width)
  /** Of each step, whose it is, and how many of its actor's steps there are, with it. */
  readonly #actors: number[] = []
  readonly #sequences: number[] = []

  /** What `meet` found. */
  #common = new Int32Array(this.#width)

  /** Begins a step's clock: nothing comes before it. */
  begin(step: number, actors: number): void {
    if (actors > this.#width || (step + 1) * this.#width > this.#rows.length) this.#grow(step, actors)
    const from = step * this.#width
    for (let i = from; i < from + this.#width; i++) this.#rows[i] = 0
  }

  /** Its clock is complete. */
  end(step: number, actor: number, sequence: number): void {
    this.#actors[step] = actor
    this.#sequences[step] = sequence
    this.#rows[step * this.#width + actor] = sequence
  }

  /** Whatever comes before the other, or is it, comes before the step. */
  join(step: number, other: number): void {
    const rows = this.#rows
    const to = step * this.#width
    const from = other * this.#width
    for (let i = 0; i < this.#width; i++) {
      const count = rows[from + i] as number // inside the array
      if (count > (rows[to + i] as number)) rows[to + i] = count
    }
  }

  /** Whether one comes before the other, or is it. */
  isBefore(one: number, other: number): boolean {
    const at = other * this.#width + (this.#actors[one] as number) // the caller's are steps of the run
    return (this.#rows[at] as number) >= (this.#sequences[one] as number)
  }

  /** Finds what comes before all of those steps. */
  meet(from: number, until: number): void {
    const common = this.#common.fill(LAST)
    for (let at = from * this.#width; at < until * this.#width; at += this.#width)
      for (let i = 0; i < this.#width; i++)
        if ((this.#rows[at + i] as number) < (common[i] as number)) common[i] = this.#rows[at + i] as number // inside the array
  }

  /** Whether the step comes before all of those that were asked about last. */
  isBeforeAll(one: number): boolean {
    return (this.#common[this.#actors[one] as number] as number) >= (this.#sequences[one] as number) // a step of the run
  }

  #grow(step: number, actors: number): void {
    const old = this.#rows
    const width = this.#width
    while (this.#width < actors) this.#width *= 2
    const rows = Math.max((old.length / width) | 0, 2 * step)
    this.#common = new Int32Array(this.#width)
    this.#rows = new Int32Array(rows * this.#width)
    for (let i = 0; i < old.length; i++) this.#rows[((i / width) | 0) * this.#width + (i % width)] = old[i] as number
  }
}

const LAST = 0x7fffffff
