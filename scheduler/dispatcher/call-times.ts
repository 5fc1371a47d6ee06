import { type Call, DONE, FAIL, type Machine, type Task } from '../../kernel/index.ts'
import { Histogram } from './histogram.ts'

/**
 * How long calls take: from when a thread makes one until that has returned, waiting and being ready included. A thread
 * makes its first call when it first has a CPU. A call that another's step ends has returned when its thread has a CPU
 * again, or begins to wait for something else without one.
 */
export class CallTimes {
  readonly byCall = new Map<string, Histogram>()
  /** Told of each call that has returned; for who wants to know what it brought. */
  onReturn: ((call: Call<unknown>, at: number) => void) | null = null
  #made = new WeakMap<Call<unknown>, number>()
  /** Calls that others have ended, of threads that have had no CPU since. */
  readonly #owed = new Map<Task, Call<unknown>>()

  begin(): void {
    this.byCall.clear()
    this.#made = new WeakMap()
    this.#owed.clear()
  }

  /** When the call that the thread is in was made; `null`: it has had no CPU yet to make it on. */
  madeAt({ pending }: Task): number | null {
    return pending === null ? null : (this.#made.get(pending) ?? null)
  }

  /** To be told of each step after it is taken. */
  step(machine: Machine): void {
    const { actor, call, kind, outcome, finished, tasks } = machine
    const now = machine.state.clock
    if (actor === null) return
    const isOver = call !== null && (outcome === DONE || outcome === FAIL) && (actor.pending !== call || actor.ended)
    if (isOver && kind === 'call') this.#returns(call, now)
    if (isOver && kind === 'timer') this.#ended(actor, call, now)
    for (const { thread, made } of finished) {
      const task = tasks.get(thread)
      if (made === null) continue
      // Of its own there is one that was kept back until a handler had run.
      if (task === undefined || task === actor) this.#returns(made, now)
      else this.#ended(task, made, now)
    }
    if (kind !== 'timer') this.#makes(actor, now)
  }

  /** The thread has a CPU from now on. */
  runs(task: Task, now: number): void {
    const owed = this.#owed.get(task)
    if (owed !== undefined) {
      this.#owed.delete(task)
      this.#returns(owed, now)
    }
    this.#makes(task, now)
  }

  #ended(task: Task, call: Call<unknown>, now: number): void {
    if (!task.ended && task.slot >= 0) this.#owed.set(task, call)
    else {
      this.#returns(call, now)
      this.#makes(task, now)
    }
  }

  #makes({ pending }: Task, now: number): void {
    if (pending !== null && !this.#made.has(pending)) this.#made.set(pending, now)
  }

  #returns(call: Call<unknown>, now: number): void {
    const made = this.#made.get(call)
    if (made === undefined) return // the wait for its arrival is no call of the program's
    const { name } = call.def
    let times = this.byCall.get(name)
    if (times === undefined) {
      times = new Histogram()
      this.byCall.set(name, times)
    }
    times.add(now - made)
    this.onReturn?.(call, now)
  }
}
