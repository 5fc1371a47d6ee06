import type { Id } from '../../../kernel/index.ts'
import { isCoarse, type Stretch } from '../../../scheduler/index.ts'
import type { Trace } from '../../../trace/index.ts'

/** From when to when, in virtual ns. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A run under a policy, over time: who did what when. */
export class Timeline {
  readonly #trace: Trace
  /** Of each thread, in the order in which they began; no two at once. */
  readonly #byThread = new Map<Id, Stretch[]>()

  constructor(trace: Trace, stretches: readonly Stretch[]) {
    this.#trace = trace
    for (const stretch of stretches) {
      const own = this.#byThread.get(stretch.thread)
      if (own === undefined) this.#byThread.set(stretch.thread, [stretch])
      else own.push(stretch)
    }
  }

  get threads(): Iterable<Id> {
    return this.#byThread.keys()
  }

  of(thread: Id): readonly Stretch[] {
    return this.#byThread.get(thread) ?? []
  }

  /** Whether the run's policy goes by priorities. */
  get byPriority(): boolean {
    return this.#trace.header.decider.split(':')[0] === 'priority'
  }

  /** When a step was taken, from 1; 0 is the run's beginning. */
  at(step: number): number {
    return this.#trace.events[step - 1]?.time ?? 0
  }

  get end(): number {
    return this.#trace.verdict.time
  }

  /** What a thread did in that time: the parts of its stretches that lie in it. */
  *within(thread: Id, activity: Stretch['activity'], { from, to }: Span): Iterable<Span> {
    const own = this.of(thread)
    let low = 0
    let high = own.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((own[middle]?.to ?? 0) <= from) low = middle + 1
      else high = middle
    }
    for (let stretch = own[low]; stretch !== undefined && stretch.from < to; stretch = own[++low])
      if (stretch.activity === activity) yield { from: Math.max(from, stretch.from), to: Math.min(to, stretch.to) }
  }

  /** For how long it did that. */
  spent(thread: Id, activity: Stretch['activity'], span: Span): number {
    let ns = 0
    for (const { from, to } of this.within(thread, activity, span)) ns += to - from
    return ns
  }

  /** A time in words: of a machine on which each step takes a unit, in those. */
  inWords(ns: number): string {
    const { machine } = this.#trace.header
    if (machine !== undefined && isCoarse(machine.costs)) return `${ns} ${ns === 1 ? 'unit' : 'units'} of time`
    const [of, name] = UNITS.find(([of]) => ns >= of) ?? [1, 'ns']
    return `${Number((ns / of).toPrecision(4))} ${name}`
  }
}

const UNITS: readonly (readonly [ns: number, name: string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
]
