import { Immer, type Patch } from 'immer'
import {
  BadInput,
  boot,
  type KernelState,
  type Machine,
  type Scenario,
  type Simulation,
  type Transact,
} from '../kernel/index.ts'
import { type Decider, Departure } from '../scheduler/index.ts'
import { deciderOf } from './again.ts'
import type { TraceEvent } from './format.ts'
import { patchesBetween } from './patches.ts'
import type { LoadedScenario } from './scenario-file.ts'
import type { Trace } from './trace.ts'

export type { Patch } from 'immer'

/**
 * The kernel state at every step of a trace, in any order. Programs can't be put back, so to look into the past a run is
 * made again from the start: in place and fast up to the window that is asked for, then on immer's drafts, which leave a
 * state of its own for every step, sharing what did not change. The latest few windows are kept.
 */

const WINDOW = 1024
const WINDOWS_MAX = 8

// One of our own, as settings are kept in it; freezing would only cost.
const immer = new Immer({ autoFreeze: false })

/** The state at its start, and those after each of its steps. */
interface Window {
  readonly base: KernelState
  readonly states: KernelState[]
}

export class History {
  readonly #trace: Trace
  readonly #scenario: Scenario
  /** By number; the one used last stands last. */
  readonly #windows = new Map<number, Window>()
  /** A run that stands where the window it filled last ends. */
  #run: Rerun | null = null

  constructor(trace: Trace, scenario: Scenario) {
    this.#trace = trace
    this.#scenario = scenario
  }

  /** How many steps there are; states are numbered from 0, before the first, to this. */
  get length(): number {
    return this.#trace.steps
  }

  /** The state after that many steps. It is shared with its neighbours and not to be changed. */
  at(step: number): KernelState {
    const { window, index } = this.#find(step, 0)
    return index < 0 ? window.base : (window.states[index] as KernelState) // `find` has filled it
  }

  /** What a step, from 1, changed: applied to the state before it, this gives the state after it. */
  patches(step: number): readonly Patch[] {
    const { window, index } = this.#find(step, 1)
    const before = index === 0 ? window.base : window.states[index - 1]
    return patchesBetween(before as KernelState, window.states[index] as KernelState) // as above
  }

  event(step: number): TraceEvent {
    return this.#trace.event(step)
  }

  #find(step: number, least: number): { window: Window; index: number } {
    if (!Number.isInteger(step) || step < least || step > this.length) {
      throw new BadInput(`there is no step ${step}; the trace has steps ${least} to ${this.length}`)
    }
    const number = Math.max(0, Math.floor((step - 1) / WINDOW))
    const window = this.#windows.get(number) ?? this.#fill(number)
    this.#windows.delete(number)
    this.#windows.set(number, window)
    if (this.#windows.size > WINDOWS_MAX) {
      const [oldest] = this.#windows.keys()
      if (oldest !== undefined) this.#windows.delete(oldest)
    }
    return { window, index: step - 1 - number * WINDOW }
  }

  #fill(number: number): Window {
    const from = number * WINDOW
    if (this.#run?.steps !== from) this.#run = new Rerun(this.#trace, this.#scenario, from)
    const window: Window = { base: this.#run.state, states: [] }
    const end = Math.min(from + WINDOW, this.length)
    for (let step = from; step < end; step++) {
      this.#run.step()
      window.states.push(this.#run.state)
    }
    return window
  }
}

/** A trace's run, made again. */
class Rerun {
  readonly #simulation: Simulation
  readonly #machine: Machine
  readonly #decider: Decider

  /** Makes the run up to after step `from`, in place. */
  constructor(trace: Trace, scenario: Scenario, from: number) {
    const { params, wakeOrder } = trace.header
    this.#decider = deciderOf(trace)
    this.#simulation = boot(scenario, { params, wakeOrder, door: this.#decider, once: true })
    this.#machine = this.#simulation.machine
    this.#simulation.start()
    this.#decider.begin(this.#simulation, 0)
    while (this.steps < from) this.step()
    this.#machine.transact = drafted
    this.#machine.kernel.walker = null // it points into the state that from here on stays as it is
  }

  get steps(): number {
    return this.#machine.steps
  }

  get state(): KernelState {
    return this.#machine.state
  }

  /** Takes one step. */
  step(): void {
    const machine = this.#machine
    const next = machine.options === 0 ? -1 : this.#next()
    if (next < 0 || next >= machine.options) throw changed(machine.steps + 1)
    machine.step(next)
  }

  #next(): number {
    try {
      return this.#decider.next(this.#machine)
    } catch (error) {
      if (error instanceof Departure) throw changed(error.step)
      throw error
    }
  }
}

const drafted: Transact = (state, recipe) =>
  immer.produce(state, (draft) => {
    recipe(draft)
  })

function changed(step: number): BadInput {
  return new BadInput(
    `step ${step} of the trace can't be made again: the scenario has changed since; replay the trace to see how`,
  )
}

/** The states of a trace's run, step by step. `scenario` is the one that the trace was recorded from. */
export function history(trace: Trace, scenario: LoadedScenario | Scenario): History {
  return new History(trace, 'files' in scenario ? scenario.scenario : scenario)
}
