import type { Id } from '../../kernel/index.ts'
import type { WaitPeriod } from '../../trace/index.ts'

/** The waits of a run by who waited: a long run has thousands, and they are asked for again and again. */
export class Periods {
  /** Of each thread, in the order in which they began; no two at once. */
  readonly #byThread = new Map<Id, WaitPeriod[]>()

  constructor(waits: readonly WaitPeriod[]) {
    for (const wait of waits) {
      const own = this.#byThread.get(wait.thread)
      if (own === undefined) this.#byThread.set(wait.thread, [wait])
      else own.push(wait)
    }
  }

  get threads(): Iterable<Id> {
    return this.#byThread.keys()
  }

  /** The thread's first wait that began at that step or later. */
  firstFrom(thread: Id, step: number): WaitPeriod | null {
    const own = this.#byThread.get(thread) ?? []
    return own[this.#placeOf(own, step)] ?? null
  }

  /** The thread's last wait that had begun before that step. */
  lastBefore(thread: Id, step: number): WaitPeriod | null {
    const own = this.#byThread.get(thread) ?? []
    return own[this.#placeOf(own, step) - 1] ?? null
  }

  /** How many of them began before that step. */
  #placeOf(own: readonly WaitPeriod[], step: number): number {
    let low = 0
    let high = own.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((own[middle]?.from ?? 0) < step) low = middle + 1
      else high = middle
    }
    return low
  }
}
