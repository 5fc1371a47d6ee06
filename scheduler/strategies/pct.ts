import { BadInput, type Machine } from '../../kernel/index.ts'
import { type Choice, choiceOf } from '../choice.ts'
import type { Decider, Learned } from '../decider.ts'
import { numbers } from '../numbers.ts'

/**
 * Probabilistic concurrency testing: threads get random priorities and the highest that can go on does; at depth - 1
 * random steps of a run the thread about to go falls below all others. Burckhardt, Kothari, Musuvathi, Nagarakatte, A
 * randomized scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010: a bug of depth d, one that d orderings
 * between steps bring about, is found in a run with probability at least 1 / (n k^(d-1)), for n threads and k steps.
 *
 * Departures from the paper: n and k, unless that is given, are the largest seen in the runs before (the first is a random
 * walk); a run much longer than k goes on as a random walk, so that a spinning thread of high priority does not keep it
 * from its end; the next timer counts as a thread; faults strike at random, about once a run.
 * @param k the most steps that a run is taken to have; 0 if that is to be learned
 */
export function pct(seed: string, depth = 3, k = 0): Decider {
  if (!Number.isInteger(depth) || depth < 1)
    throw new BadInput(`the depth of pct is a whole number of at least 1, not ${depth}`)
  if (!Number.isInteger(k) || k < 0) throw new BadInput(`the steps of pct are a whole number, not ${k}`)
  const stream = numbers(seed)
  /** The largest number of threads, and of steps, of any run before this one. */
  let threads = 0
  let steps = k
  /** Runs made since these were as large as they are. */
  let runs = 0
  /** There was a run of more steps since. */
  let exceeded = false

  const priorities = new Priorities()
  /** The steps at which a thread falls, and how low, the next one last. */
  let changes: Change[] = []
  let step = 0

  function next(machine: Machine): number {
    step += 1
    const { options, ordinary } = machine
    if (options > ordinary && stream.below(Math.max(steps, FIRST_STEPS)) === 0)
      return ordinary + stream.below(options - ordinary)
    if (steps === 0 || step > steps * PATIENCE) {
      note(machine, ordinary)
      return ordinary === 1 ? 0 : stream.below(ordinary)
    }
    let highest = highestOf(machine, ordinary)
    for (let change = changes.at(-1); change?.step === step; change = changes.at(-1)) {
      changes.pop()
      priorities.set(machine, highest, change.priority)
      highest = highestOf(machine, ordinary)
    }
    return highest
  }

  function highestOf(machine: Machine, ordinary: number): number {
    let highest = 0
    let best = -1
    for (let option = 0; option < ordinary; option++) {
      const priority = priorityOf(machine, option)
      if (priority > best) {
        best = priority
        highest = option
      }
    }
    return highest
  }

  /** A thread that is seen for the first time gets a place among the others, above where they fall to. */
  function priorityOf(machine: Machine, option: number): number {
    const known = priorities.get(machine, option)
    if (known !== NONE) return known
    const priority = depth + stream.below(PRIORITIES)
    priorities.set(machine, option, priority)
    return priority
  }

  function note(machine: Machine, ordinary: number): void {
    for (let option = 0; option < ordinary; option++) priorities.set(machine, option, 0)
  }

  /** Learns from the run just made; of one that went on as a random walk only from that: what spun is to spin no longer the next time. */
  function learn(): void {
    runs += 1
    const length = steps === 0 || step <= steps * PATIENCE ? step : step - steps * PATIENCE
    exceeded = (exceeded && length <= steps) || step > Math.max(steps, length) || (k > 0 && length > k)
    if (length <= steps && priorities.size <= threads) return
    if (k === 0) steps = Math.max(steps, length)
    threads = Math.max(threads, priorities.size)
    runs = 0
  }

  /** Counts the run under way, or just over. No number of steps is enough where a run went on beyond what was learned. */
  function learned(): Learned {
    const grown = step > steps || priorities.size > threads
    return {
      threads: Math.max(threads, priorities.size),
      steps: exceeded ? Number.POSITIVE_INFINITY : Math.max(steps, step),
      runs: grown || exceeded || steps === 0 ? 0 : runs + Number(step > 0),
    }
  }

  function promise({ threads, steps, runs } = learned()): string | null {
    if (runs === 0) return null
    const one = 1 / (threads * steps ** (depth - 1))
    const all = 1 - (1 - one) ** runs
    const places = depth === 1 ? 'n' : depth === 2 ? '(n k)' : `(n k^${depth - 1})`
    return (
      `pct finds a bug of depth ${depth} in a run with probability at least 1/${places} = 1/${Math.round(1 / one)} ` +
      `(n = ${threads} threads, k = ${steps} steps): in the ${runs} runs made since these were seen, at least ${percent(all)}`
    )
  }

  return {
    name: depth === 3 ? 'pct' : `pct:depth=${depth}`,
    keepsTime: false,
    samples: true,
    complete: false,
    learned,
    promise,
    begin(_simulation, index) {
      if (index > 0) learn()
      priorities.clear()
      step = 0
      changes = steps === 0 ? [] : falls()
      return true
    },
    next,
    pick: (_kind, _thread, count) => (count === 1 ? 0 : stream.below(count)),
  }

  /** Each where it comes to lie: of two, the later in the run may leave a thread above the earlier one's. */
  function falls(): Change[] {
    const chosen: Change[] = []
    for (let priority = 0; priority < depth - 1; priority++) chosen.push({ step: 1 + stream.below(steps), priority })
    return chosen.sort((a, b) => b.step - a.step || a.priority - b.priority)
  }
}

const NONE = -1

/** The priorities of threads, by their numbers because they are asked for all the time, and of timers. */
class Priorities {
  readonly #threads: number[] = []
  readonly #timers = new Map<Choice, number>()
  size = 0

  get(machine: Machine, option: number): number {
    if (option >= machine.ready.size) return this.#timers.get(choiceOf(machine, option)) ?? NONE
    return this.#threads[machine.ready.at(option).number] ?? NONE
  }

  set(machine: Machine, option: number, priority: number): void {
    if (this.get(machine, option) === NONE) this.size += 1
    if (option >= machine.ready.size) {
      this.#timers.set(choiceOf(machine, option), priority)
      return
    }
    const { number } = machine.ready.at(option)
    while (this.#threads.length <= number) this.#threads.push(NONE)
    this.#threads[number] = priority
  }

  clear(): void {
    this.#threads.fill(NONE)
    if (this.#timers.size > 0) this.#timers.clear()
    this.size = 0
  }
}

/** The thread about to make that step gets that priority, below all that threads start with. */
interface Change {
  readonly step: number
  readonly priority: number
}

/** Where a thread that is not to fall starts: so many priorities that two threads hardly ever share one. */
const PRIORITIES = 2 ** 30
/** A run of so many times the longest seen goes on as a random walk. */
const PATIENCE = 4
/** Steps that a run is taken to have while none was made. */
const FIRST_STEPS = 16

function percent(share: number): string {
  if (share < 0.01) return `${(share * 100).toPrecision(1)}%`
  return share > 0.99 ? '99%' : `${Math.floor(share * 100)}%`
}
