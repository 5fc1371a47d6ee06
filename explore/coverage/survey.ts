import type { Door, Machine } from '../../kernel/index.ts'
import type { Ending } from '../../scheduler/index.ts'
import { Conflicts } from './conflicts.ts'
import { TraceHash } from './traces.ts'

/** What the runs of a unit cover, as plain data: see Tally. */
export interface Covered {
  /** Runs that were looked at. */
  readonly runs: number
  /** Numbers of traces that were not known before. */
  readonly traces: readonly number[]
  /** Calls of two threads on the same place, in the order in which they came. */
  readonly orders: readonly (readonly [string, string])[]
  /** Where lines are noted: what is known of the calls on each. */
  readonly calls: readonly CallSite[]
}

/** The calls on one line of the scenario that are of one kind. */
export interface CallSite {
  readonly call: string
  readonly line: string | null
  readonly canWait: boolean
  /** A thread had to wait there. */
  readonly waited: boolean
  /** It touches what other threads may touch. */
  readonly touches: boolean
  /** In some run another thread touched the same, and not both only read. */
  readonly contended: boolean
}

/** Which runs are looked at: none; as many as cost little; or all, with the lines of their calls or without. */
export type Surveyed = 'none' | 'some' | 'all' | 'lines'

/** So many runs of a phase are looked at in its beginning, and of the others every so many-th. */
const SOME_FIRST = 500
const SOME_EVERY = 50

/** Whether that run of a phase, from 1, is looked at. */
export function isSurveyed(surveyed: Surveyed, number: number): boolean {
  if (surveyed === 'some') return number <= SOME_FIRST || number % SOME_EVERY === 0
  return surveyed !== 'none'
}

/** More are not counted: they would fill the memory. */
export const TRACES_MAX = 1_000_000

/** Looks at runs of a unit. */
export class Survey {
  readonly #machine: Machine
  readonly #waits: boolean
  readonly #known: ReadonlySet<number>
  readonly #hash = new TraceHash()
  readonly #conflicts = new Conflicts()
  readonly #traces = new Set<number>()
  #runs = 0

  /** @param known traces that need not be noted again */
  constructor(machine: Machine, surveyed: Surveyed, known: ReadonlySet<number>) {
    this.#machine = machine
    this.#waits = surveyed === 'lines'
    this.#known = known
  }

  /** A run begins, on a machine that stands before its first step. @returns what is to answer in place of the other */
  begin(door: Door): Door {
    this.#runs += 1
    this.#hash.begin()
    this.#conflicts.begin()
    if (this.#waits) this.#conflicts.look(this.#machine)
    return this.#hash.noting(door)
  }

  readonly observe = (): void => {
    const machine = this.#machine
    this.#hash.observe(machine)
    this.#conflicts.observe(machine)
    if (this.#waits) this.#conflicts.look(machine)
  }

  /** The run is over; one that was given up is no whole trace. */
  ended(ending: Ending): void {
    if (ending === 'pruned' || ending === 'redundant') return
    const { hash } = this.#hash
    if (this.#known.size + this.#traces.size < TRACES_MAX && !this.#known.has(hash)) this.#traces.add(hash)
  }

  get runs(): number {
    return this.#runs
  }

  /** How many that were not known before. */
  get traces(): number {
    return this.#traces.size
  }

  get orders(): Covered['orders'] {
    return this.#conflicts.orders
  }

  get covered(): Covered {
    const { callers } = this.#conflicts
    const calls: CallSite[] = []
    if (this.#waits)
      for (const { def, line, touches, contended, waited } of callers)
        if (def !== null) calls.push({ call: def.name, line, canWait: def.waits, waited, touches, contended })
    return { runs: this.#runs, traces: [...this.#traces], orders: this.orders, calls }
  }
}
