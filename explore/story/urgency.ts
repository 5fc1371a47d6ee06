import type { Id, Simulation, Task } from '../../kernel/index.ts'
import type { Ledger } from '../../scheduler/index.ts'

/** Watches, where processes have priorities, for those who are kept waiting by less urgent ones. */

/** A thread waits for an object that a less urgent one holds, who could go on. */
interface Kept {
  readonly object: string
  readonly high: Id
  readonly low: Id
}

/** Somebody in between took steps all the while. */
export interface Inversion extends Kept {
  /** Priorities of the two. */
  readonly priorities: readonly [high: number, low: number]
  readonly middle: Id
  /** The steps that the middle one took. */
  readonly steps: number[]
}

/** With more threads than this nobody looks at each of them after each step. */
const THREADS_MAX = 256

export class Urgency {
  readonly inversions: Inversion[] = []
  readonly #simulation: Simulation
  readonly #ledger: Ledger
  readonly #differs: boolean
  /** Before the step that comes next. */
  #kept: Kept[] = []
  /** Of the threads that could take it. */
  #highestReady = 0

  constructor(simulation: Simulation, ledger: Ledger) {
    this.#simulation = simulation
    this.#ledger = ledger
    const priorities = Object.values(simulation.state.processes).map(({ priority }) => priority)
    this.#differs = new Set(priorities).size > 2 // with two there is no middle; children have their parent's
    if (this.#differs) this.#look()
  }

  observe(): void {
    if (!this.#differs) return
    this.#judge()
    this.#look()
  }

  /** Whether the step just taken let somebody wait who should have come first. */
  #judge(): void {
    const { actor, kind, steps } = this.#simulation.machine
    if (actor === null || kind !== 'call') return
    const own = this.#priority(actor)
    // Not the scheduler's doing where somebody more urgent could have gone on, too.
    if (own < this.#highestReady) return
    for (const kept of this.#kept) {
      const { object, high, low } = kept
      const [above, below] = [this.#priorityOf(high), this.#priorityOf(low)]
      if (own >= above || own <= below) continue
      const known = this.inversions.find(
        (one) => one.object === object && one.high === high && one.low === low && one.middle === actor.id,
      )
      if (known !== undefined) known.steps.push(steps)
      else this.inversions.push({ ...kept, priorities: [above, below], middle: actor.id, steps: [steps] })
    }
  }

  #look(): void {
    const { machine } = this.#simulation
    this.#kept = []
    this.#highestReady = Number.NEGATIVE_INFINITY
    if (machine.tasks.size > THREADS_MAX) return
    for (const task of machine.tasks.values()) {
      if (task.ended || task.program === null) continue
      if (task.slot >= 0) this.#highestReady = Math.max(this.#highestReady, this.#priority(task))
      else this.#lookAt(task)
    }
  }

  #lookAt(task: Task): void {
    const { machine } = this.#simulation
    const thread = machine.thread(task)
    if (thread.call === null) return
    const object = task.pending?.def.waitsFor?.(machine.kernel, thread, thread.call.args).object
    if (object === undefined) return
    const urgency = this.#priority(task)
    for (const { thread: low } of this.#ledger.holders(object)) {
      const holder = machine.tasks.get(low)
      if (holder === undefined || holder.slot < 0 || this.#priority(holder) >= urgency) continue
      this.#kept.push({ object, high: task.id, low })
    }
  }

  #priorityOf(id: Id): number {
    const task = this.#simulation.machine.tasks.get(id)
    return task === undefined ? 0 : this.#priority(task)
  }

  #priority({ thread }: Task): number {
    return this.#simulation.state.processes[thread.process]?.priority ?? 0
  }
}
