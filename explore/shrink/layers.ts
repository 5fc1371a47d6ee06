import type { Machine, PickKind } from '../../kernel/index.ts'
import { type Decider, indexed, isPreemption } from '../../scheduler/index.ts'
import type { Failing } from './moves.ts'
import { GIVEN_UP, NO_LIMITS } from './noted.ts'
import { Past } from './past.ts'
import type { Trials } from './trials.ts'

/**
 * Every state that can be reached with no preemption, then every one that takes one, and so on, each once: for the least
 * failing schedule, and to know that there is no smaller. Two ways to a state that differ only in the order of steps
 * which have nothing to do with each other are the same way, if the same thread is running at their end.
 */

/** An option that was taken, or is to be, behind those that led there. */
interface Turn {
  readonly before: Turn | null
  readonly option: number
  /** How many steps are taken with it. */
  readonly steps: number
}

/** Of a decider inside the search below. */
class Walker implements Decider {
  readonly name = 'shrinking'
  readonly keepsTime = false
  readonly complete = false
  readonly #layers: Layers
  readonly #past: Past
  readonly #way: readonly number[]
  #turn: Turn | null
  #at = 0
  #steps = 0
  /** Every option taken. */
  readonly log: number[] = []

  constructor(layers: Layers, past: Past, way: Turn | null) {
    this.#layers = layers
    this.#past = past
    this.#turn = way
    this.#way = optionsOf(way)
  }

  begin(): boolean {
    this.#past.begin()
    return true
  }

  next(machine: Machine): number {
    if (machine.steps >= this.#layers.stepsMax) throw GIVEN_UP
    this.#past.after(machine)
    this.#steps = machine.steps + 1
    const option = this.#way[this.#at] ?? this.#enter(machine)
    this.#past.before(machine, option)
    return this.#took(option)
  }

  pick(kind: PickKind, _thread: string, count: number, label: (index: number) => string): number {
    const option = this.#way[this.#at] ?? this.#fork(count)
    this.#past.picked(kind, label(option))
    return this.#took(option)
  }

  #took(option: number): number {
    if (this.#at >= this.#way.length) this.#turn = this.#with(option)
    this.#at += 1
    this.log.push(option)
    return option
  }

  #with(option: number): Turn {
    return { before: this.#turn, option, steps: this.#steps }
  }

  /** A state that the search has not been in, unless it has. */
  #enter(machine: Machine): number {
    const { running, runningGoesOn, faultBook } = machine
    const matters = runningGoesOn || faultBook !== null // a fault may let it go on again
    if (!this.#layers.isNew(this.#past.key(matters ? (running?.id ?? null) : null))) throw GIVEN_UP
    for (let option = 1; option < machine.options; option++)
      this.#layers.add(this.#with(option), isPreemption(machine, option))
    return 0
  }

  #fork(count: number): number {
    for (let option = 1; option < count; option++) this.#layers.add(this.#with(option), false)
    return 0
  }
}

function optionsOf(last: Turn | null): number[] {
  const options: number[] = []
  for (let turn = last; turn !== null; turn = turn.before) options.push(turn.option)
  return options.reverse()
}

export class Layers {
  readonly #trials: Trials
  readonly #past: Past
  readonly #preemptionsMax: number
  readonly #states = new Set<number>()
  /** Ways not gone yet, within the bound, and those that take one preemption more. */
  #ways: (Turn | null)[] = [null]
  #at = 0
  #later: Turn[] = []
  /** Runs of more steps are given up. */
  stepsMax: number
  /** How many preemptions the ways that are gone take. */
  preemptions = 0

  constructor(trials: Trials, preemptionsMax: number, stepsMax: number) {
    this.#trials = trials
    this.#past = new Past(trials.ghosts)
    this.#preemptionsMax = preemptionsMax
    this.stepsMax = stepsMax
  }

  isNew(state: number): boolean {
    if (this.#trials.ghosts.opaque) return true
    const { size } = this.#states
    this.#states.add(state)
    return this.#states.size > size
  }

  add(way: Turn, preempts: boolean): void {
    if (!preempts) this.#ways.push(way)
    else if (this.preemptions < this.#preemptionsMax) this.#later.push(way)
  }

  /** Whether every way with so many preemptions has been gone. */
  get over(): boolean {
    while (this.#at < this.#ways.length && (this.#ways[this.#at]?.steps ?? 0) > this.stepsMax) this.#at += 1
    return this.#at >= this.#ways.length
  }

  /** How many ways are known that take no more preemptions, and are not gone yet. Each takes a run. */
  get left(): number {
    return this.#ways.length - this.#at
  }

  /** Turns to the ways that take one preemption more. */
  deeper(): void {
    this.preemptions += 1
    this.#ways = this.#later
    this.#later = []
    this.#at = 0
  }

  /** Goes one way. Returns the run, if it fails as it should. */
  go(): Failing | null {
    const way = this.#ways[this.#at] ?? null
    this.#at += 1
    const walker = new Walker(this, this.#past, way)
    const failure = this.#trials.judge(walker, { watch: true })
    if (failure === null) return null
    const made = this.#trials.make(indexed(walker.log), NO_LIMITS)
    // What is only seen while it is watched is not there.
    if (made === null) this.#trials.ghosts.opaque = true
    return made
  }
}
