import { DONE, definitionOf, GONE } from './call.ts'
import { disarmTimer, isArmed, timerOf } from './clock.ts'
import { invariant } from './errors.ts'
import { READ, SEQ_CST, WRITE } from './footprint.ts'
import { processOf, threadOf } from './kernel.ts'
import type { Faults } from './scenario.ts'
import { disregards, receiverOf, sendSignal } from './signal.ts'
import { type Id, type KernelState, type Process, type Signal, signals } from './state.ts'
import { earlier } from './timers.ts'
import { Turns } from './turns.ts'

/**
 * Faults: what may go wrong from outside at any moment, where a scenario allows it. Each is a choice like who goes next,
 * and a step of its own that befalls a thread. It takes no turn: the thread that was running still is.
 */

/** A fault that could strike now. */
export type Fault =
  /** The process is ended as SIGKILL does it. */
  | { readonly kind: 'kill'; readonly process: Id; readonly thread: Id }
  /** The process is sent the signal; what it does is a matter of the process's. */
  | { readonly kind: 'sent'; readonly process: Id; readonly signal: Signal; readonly thread: Id }
  /** The thread's wait is over, and nobody has woken it. */
  | { readonly kind: 'spurious'; readonly thread: Id }
  /** The thread's timer fires before others that are due earlier. */
  | { readonly kind: 'timeout'; readonly thread: Id }

export const NO_FAULTS: readonly Fault[] = []

/** The footprint of what all faults have in common: there may only be so many of them. */
export const FAULTS = 'faults'

/** Which faults a scenario allows, and how many of them have struck in the run under way. */
export class FaultBook {
  readonly #allowed: Faults
  /** The processes that may be killed; `null` for all. */
  readonly #mortal: ReadonlySet<Id> | null
  #left: number
  /** What was possible after so many steps: it is asked for more than once. */
  #possible: readonly Fault[] = NO_FAULTS
  #listedAt = -1

  constructor(allowed: Faults, mortal: ReadonlySet<Id> | null) {
    this.#allowed = allowed
    this.#mortal = mortal
    this.#left = most(allowed)
  }

  /** A run begins. */
  reset(): void {
    this.#left = most(this.#allowed)
    this.#listedAt = -1
  }

  /** None may strike any more. */
  get exhausted(): boolean {
    return this.#left === 0
  }

  strikes(): void {
    this.#left -= 1
  }

  /** What could strike now, after so many steps: in the order of the tables, which is that in which things came to be. */
  possible(state: KernelState, steps: number): readonly Fault[] {
    if (this.#left === 0) return NO_FAULTS
    if (this.#listedAt !== steps) {
      this.#possible = this.#list(state)
      this.#listedAt = steps
    }
    return this.#possible
  }

  #list(state: KernelState): Fault[] {
    const { kill, signal, spuriousWakeup, timeout } = this.#allowed
    const list: Fault[] = []
    if (kill !== undefined && kill !== false) this.#addKills(list, state)
    if (signal !== undefined && signal !== false) addSignals(list, state, signal)
    if (spuriousWakeup === true) addWakeUps(list, state)
    if (timeout === true) addTimeouts(list, state)
    return list
  }

  #addKills(list: Fault[], state: KernelState): void {
    for (const id in state.processes) {
      const thread = firstThread(state.processes[id])
      if (thread === null || this.#mortal?.has(id) === false) continue
      list.push({ kind: 'kill', process: id, thread })
    }
  }
}

const most = ({ most = 1 }: Faults): number => most

/** The first thread of a process that lives; `null` of one that does not, and of `init`, which has none. */
function firstThread(process: Process | undefined): Id | null {
  return process?.status === 'alive' ? (process.threads[0] ?? null) : null
}

/** @param wished one signal for all, or for each those that it has a handler for */
function addSignals(list: Fault[], state: KernelState, wished: true | Signal): void {
  for (const id in state.processes) {
    const process = state.processes[id]
    if (process === undefined || firstThread(process) === null) continue
    for (const signal of wished === true ? signals : [wished]) {
      if (wished === true ? process.dispositions[signal]?.how !== 'handler' : disregards(process, signal)) continue
      const receiver = receiverOf(state, process, signal)
      // One that is pending already is not noted twice.
      if (receiver === undefined || receiver.pending.includes(signal)) continue
      list.push({ kind: 'sent', process: id, signal, thread: receiver.id })
    }
  }
}

function addWakeUps(list: Fault[], { threads }: KernelState): void {
  for (const id in threads) {
    const thread = threads[id]
    if (thread === undefined || thread.call === null || thread.status !== 'sleeping') continue
    const { call } = thread
    if (definitionOf(call)?.stages[call.stage]?.wakesSpuriously === true) list.push({ kind: 'spurious', thread: id })
  }
}

/** All armed timers but the one that fires next in any case. */
function addTimeouts(list: Fault[], state: KernelState): void {
  const armed = state.timers.filter((timer) => isArmed(state, timer)).sort(earlier)
  for (const { thread } of armed.slice(1)) list.push({ kind: 'timeout', thread })
}

/** Turns, and faults among them. */
export abstract class Faultable extends Turns {
  /** One transition: the fault strikes. */
  protected strike(fault: Fault): void {
    const { kernel } = this
    const { kind } = fault
    const task = this.tasks.get(fault.thread)
    invariant(task !== undefined, "a fault's victim has a task", fault.thread)
    const thread = threadOf(kernel, fault.thread)
    kernel.footprint.add(FAULTS, 0, READ | WRITE, SEQ_CST)
    if (kind === 'timeout') return this.timer(timerOf(kernel, thread))
    this.kind = kind
    this.befall(task, thread)
    switch (kind) {
      case 'kill':
        this.outcome = GONE
        this.result = undefined
        return sendSignal(kernel, processOf(kernel, thread), 'SIGKILL')
      case 'sent':
        this.outcome = DONE
        this.result = fault.signal
        return sendSignal(kernel, processOf(kernel, thread), fault.signal)
      case 'spurious':
        disarmTimer(kernel, thread) // as a real wake-up does
        return this.giveUp(task, thread, 'spurious')
      default:
        kind satisfies never
    }
  }
}
