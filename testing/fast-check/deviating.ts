import type { Id, Machine, Simulation } from '../../kernel/index.ts'
import { type Decider, type Numbers, numbers } from '../../scheduler/index.ts'

/**
 * A schedule as the few points at which it departs from the plainest one, in which the running thread goes on as long
 * as it can: the form in which fast-check draws and shrinks schedules. A point is named by the thread and by how far
 * that thread has come, so that a point that is taken away leaves the others at the same places of the program.
 */

/**
 * Which thread is running (0: none yet; then in the order in which they were made), how many steps it has taken, and
 * what is decided there: 0 lets it go on, higher numbers go round the other options.
 */
export type Deviation = readonly [who: number, at: number, take: number]

/** How far a run has come, in the terms of deviations. */
class Progress {
  readonly #numbers = new Map<Id, number>()
  readonly #passed: number[] = [0]
  #running = 0
  /** Of all threads. */
  points = 0

  constructor(threads: Iterable<Id>) {
    for (const thread of threads) this.#numberOf(thread)
  }

  get threads(): number {
    return this.#numbers.size
  }

  get who(): number {
    return this.#running
  }

  /** How many points the running thread has passed. */
  get at(): number {
    return this.#passed[this.#running] ?? 0
  }

  /** Most points of one thread. */
  get length(): number {
    return this.#passed.reduce((most, one) => Math.max(most, one))
  }

  /** A point was passed. @param thread whose step follows; `null` when it is no thread's own, or the point lay in one */
  pass(thread: Id | null): void {
    if (thread !== null) this.#running = this.#numberOf(thread)
    this.#passed[this.#running] = this.at + 1
    this.points += 1
  }

  #numberOf(thread: Id): number {
    let number = this.#numbers.get(thread)
    if (number === undefined) {
      number = this.#passed.length
      this.#passed.push(0)
      this.#numbers.set(thread, number)
    }
    return number
  }
}

/** Who takes the step; `null` for a timer or a fault. */
const threadAt = ({ ready }: Machine, option: number): Id | null => (option < ready.size ? ready.at(option).id : null)

/** A decider of one run that knows how far it has come. */
interface Walking extends Decider {
  readonly progress: Progress
}

/** @param choose one of `count` options; `ask` is what `inner` would take */
function walking(choose: (count: number, progress: Progress, ask: () => number) => number, inner?: Decider): Walking {
  let progress = new Progress([])
  return {
    name: inner?.name ?? 'deviating',
    keepsTime: false,
    complete: false,
    get progress() {
      return progress
    },
    begin(simulation: Simulation, index) {
      progress = new Progress(simulation.machine.tasks.keys())
      return inner === undefined ? index === 0 : inner.begin(simulation, index)
    },
    next(machine) {
      const option = choose(machine.options, progress, () => inner?.next(machine) ?? 0)
      progress.pass(threadAt(machine, option))
      return option
    },
    pick(kind, thread, count, label) {
      const option = choose(count, progress, () => inner?.pick(kind, thread, count, label) ?? 0)
      progress.pass(null)
      return option
    },
  }
}

/**
 * Makes the run that departs from the plainest one at these points.
 * @param fairFrom when so many points are behind, chance decides, always the same, so that a thread that spins is not
 * left to itself until the steps run out
 */
export function deviating(deviations: readonly Deviation[], fairFrom = Infinity, seed = 'fair'): Walking {
  const wishes = new Map<string, number>()
  for (const [who, at, take] of deviations) {
    // Before anybody has gone there is but one point: whatever place is shrunk to nobody's comes to this one.
    const place = who === 0 ? '0:0' : `${who}:${at}`
    if (!wishes.has(place)) wishes.set(place, take)
  }
  let chance: Numbers | null = null
  return walking((count, { points, who, at }) => {
    if (count === 1) return 0
    if (points >= fairFrom) {
      chance ??= numbers(seed)
      return chance.below(count)
    }
    const take = wishes.size === 0 ? 0 : (wishes.get(`${who}:${at}`) ?? 0)
    return take === 0 ? 0 : 1 + ((take - 1) % (count - 1))
  })
}

export interface Noting extends Decider {
  /** Where the run departed from the plainest one. */
  readonly deviations: readonly Deviation[]
}

/** Decides as another does, and notes where that is not what the plainest schedule does. */
export function noting(inner: Decider): Noting {
  const deviations: Deviation[] = []
  const decider = walking((_count, { who, at }, ask) => {
    const option = ask()
    if (option !== 0) deviations.push([who, at, option])
    return option
  }, inner)
  return { ...decider, deviations }
}
