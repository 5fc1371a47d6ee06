import { type CallSite, type Covered, type Survey, TRACES_MAX } from './survey.ts'

/** What the runs of a search cover, put together from its units. */

export interface Coverage {
  /** Runs that were looked at. */
  readonly runs: number
  /** Different traces: runs that differ in more than the order of steps which have nothing to do with each other. By hashes, which may collide; no more than a million are counted. */
  readonly traces: number
  /** Pairs of calls of two threads that touch the same place, unless both only read; a call is one by its thread and name, on whatever line. */
  readonly pairs: number
  /** Those of which each has come before the other. */
  readonly bothOrders: number
}

/** What nothing has put to the test. */
export interface Vacuity {
  /** Runs that were looked at. */
  readonly runs: number
  /** Calls that touch what no other thread has ever touched in the same run, unless both only read. */
  readonly neverContended: readonly CallPlace[]
  /** Calls that can wait and never had to. */
  readonly neverWaited: readonly CallPlace[]
}

export interface CallPlace {
  readonly call: string
  /** `file:line` */
  readonly line: string | null
}

export class Sum {
  #runs = 0
  readonly traces = new Set<number>()
  readonly #orders = new Set<string>()
  readonly #calls = new Map<string, CallSite>()

  add({ runs, traces, orders, calls }: Covered): void {
    this.#runs += runs
    for (const trace of traces) if (this.traces.size < TRACES_MAX) this.traces.add(trace)
    for (const [first, second] of orders) this.#orders.add(`${first}\n${second}`)
    for (const site of calls) {
      const key = `${site.line} ${site.call}`
      const known = this.#calls.get(key)
      this.#calls.set(key, known === undefined ? site : both(known, site))
    }
  }

  /** @param more of a unit that is not over */
  coverage(more: Survey | null = null): Coverage {
    const orders = new Set(this.#orders)
    for (const [first, second] of more?.orders ?? []) orders.add(`${first}\n${second}`)
    let bothOrders = 0
    for (const order of orders) {
      const [first = '', second = ''] = order.split('\n')
      if (first < second && orders.has(`${second}\n${first}`)) bothOrders += 1
    }
    const runs = this.#runs + (more?.runs ?? 0)
    // One that was seen in both orders is there twice.
    return { runs, traces: this.traces.size + (more?.traces ?? 0), pairs: orders.size - bothOrders, bothOrders }
  }

  get vacuity(): Vacuity {
    const calls = [...this.#calls.values()].sort(byPlace)
    const placeOf = ({ call, line }: CallSite): CallPlace => ({ call, line })
    return {
      runs: this.#runs,
      neverContended: calls.filter(({ touches, contended, waited }) => touches && !contended && !waited).map(placeOf),
      neverWaited: calls.filter(({ canWait, waited }) => canWait && !waited).map(placeOf),
    }
  }
}

const both = (one: CallSite, other: CallSite): CallSite => ({
  ...one,
  waited: one.waited || other.waited,
  touches: one.touches || other.touches,
  contended: one.contended || other.contended,
})

/** By file, line and call. */
function byPlace(one: CallSite, other: CallSite): number {
  const [file, line] = fileAndLine(one)
  const [otherFile, otherLine] = fileAndLine(other)
  if (file !== otherFile) return file < otherFile ? -1 : 1
  if (line !== otherLine) return line - otherLine
  return one.call < other.call ? -1 : one.call > other.call ? 1 : 0
}

function fileAndLine({ line }: CallSite): [string, number] {
  const [, file = '', number = '0'] = /^(.*):(\d+)$/.exec(line ?? '') ?? []
  return [file, Number(number)]
}
