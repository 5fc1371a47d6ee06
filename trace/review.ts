import { boot, type Id, type Scenario, type Simulation, type Task } from '../kernel/index.ts'
import { type Observer, type Recorder, run, type Waiting, whoWaits } from '../scheduler/index.ts'
import { deciderOf } from './again.ts'
import { placesOf } from './labels.ts'
import { sourceOf } from './names.ts'
import { lineOf } from './record.ts'
import type { LoadedScenario } from './scenario-file.ts'
import type { Trace } from './trace.ts'

/** What a trace's events leave unsaid, and a second look at the run shows: who had to wait when, and what lay at addresses. */

/** A thread could not go on from after step `from` (0: from the start) until step `to`; `null`: to the end. */
export interface WaitPeriod extends Waiting {
  readonly from: number
  readonly to: number | null
  /** Arguments of the call that are addresses, by what lies there: `counter+8`. */
  readonly places: Places
}

export type Places = { readonly [arg: string]: string }

export interface Review {
  /** In the order in which they began. */
  readonly waits: readonly WaitPeriod[]
  /** By step, from 1: as in `WaitPeriod`, of the step's own call. The entry of step 0 is empty. */
  readonly places: readonly Places[]
  /** The processes and threads that were there from the start. */
  readonly threads: readonly Id[]
}

type Open = { -readonly [K in keyof WaitPeriod]: WaitPeriod[K] }

/**
 * Makes the run of a trace once more and watches it. `given` is the scenario that the trace was recorded from.
 * @param watch who else watches: asked before the first step, what it returns is told of every one
 * @param recorder told, under a policy, of who did what when
 */
export function review(
  trace: Trace,
  given: LoadedScenario | Scenario,
  watch: (simulation: Simulation) => Observer = () => () => {},
  recorder: Recorder | null = null,
): Review {
  const { scenario, probe } = sourceOf(given)
  const { params, wakeOrder, maxSteps } = trace.header
  const decider = deciderOf(trace, recorder)
  const simulation = boot(scenario, { params, wakeOrder, door: decider, sites: probe, once: true })
  simulation.start()
  decider.begin(simulation, 0)

  const threads = [...simulation.machine.tasks.keys()]
  const watcher = new Watcher(simulation)
  watcher.look()
  run(simulation, decider, { maxSteps, observers: [() => watcher.look(), watch(simulation)] })
  return { waits: watcher.waits, places: watcher.places, threads }
}

/** With more threads than this nobody looks at each of them after each step, and no waits are told. */
const THREADS_MAX = 256

class Watcher {
  readonly waits: Open[] = []
  readonly places: Places[] = []
  readonly #simulation: Simulation
  readonly #open = new Map<Id, { readonly period: Open; readonly pending: Task['pending'] }>()
  /** Of the call that each thread stands before or is in. */
  readonly #coming = new Map<Id, Places>()

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    for (const id of simulation.machine.tasks.keys()) this.#note(id)
  }

  look(): void {
    const { machine } = this.#simulation
    const { actor, steps, kernel } = machine
    this.places.push(steps === 0 || actor === null ? {} : (this.#coming.get(actor.id) ?? {}))
    if (actor !== null) this.#note(actor.id)
    for (const id of kernel.woken) this.#note(id)
    for (const { thread } of kernel.spawned) this.#note(thread)
    if (machine.tasks.size <= THREADS_MAX) this.#lookAtWaits()
  }

  #note(id: Id): void {
    const { tasks, state } = this.#simulation.machine
    const task = tasks.get(id)
    const thread = state.threads[id]
    if (task === undefined || thread === undefined || thread.call === null) this.#coming.delete(id)
    else this.#coming.set(id, placesOf(thread.call.args, thread.process, state))
  }

  #lookAtWaits(): void {
    const { tasks, steps, kernel } = this.#simulation.machine
    const waiting = new Set<Task>()
    for (const task of tasks.values()) if (mustWait(task)) waiting.add(task)
    for (const [id, { period, pending }] of this.#open) {
      const task = tasks.get(id)
      // Woken, and waits all the same: for something else, as for its mutex after a condition.
      if (task !== undefined && waiting.has(task) && task.pending === pending && !kernel.woken.includes(id)) continue
      period.to = steps
      this.#open.delete(id)
    }
    if ([...waiting].every(({ id }) => this.#open.has(id))) return
    for (const one of whoWaits(this.#simulation, lineOf)) {
      if (this.#open.has(one.thread)) continue
      const period: Open = { ...one, from: steps, to: null, places: this.#coming.get(one.thread) ?? {} }
      this.waits.push(period)
      this.#open.set(one.thread, { period, pending: tasks.get(one.thread)?.pending ?? null })
    }
  }
}

const mustWait = (task: Task): boolean => task.slot < 0 && !task.ended && task.program !== null
