import type { Machine, PickKind, Simulation } from '../../kernel/index.ts'
import { CHOSEN, type Choice, choiceOf, type Decider, isPreemption, WOKEN } from '../../scheduler/index.ts'
import { type Move, NO_PICKS, type Size } from './moves.ts'

/** Thrown by a decider out of a run that is of no interest any more. No error: nobody made one. */
export const GIVEN_UP: unique symbol = Symbol('a run is given up')

/** What a run has to keep to, or it is given up. */
export interface Limits {
  readonly preemptions: number
  /** At most so many steps with as many preemptions as that, … */
  readonly steps: number
  /** … and so many with fewer. */
  readonly stepsOfFewer: number
}

/** The limits of what is no larger than this. What has fewer preemptions is worth some more steps, but not any number. */
export const limitsOf = ({ preemptions, steps }: Size): Limits => ({
  preemptions,
  steps,
  stepsOfFewer: 2 * steps + 100,
})

export const NO_LIMITS: Limits = { preemptions: Infinity, steps: Infinity, stepsOfFewer: Infinity }

/** Lets another decide, writes down what becomes of it, and gives the run up when it gets too large. */
export class Noted implements Decider, Size {
  readonly name: string
  readonly keepsTime = false
  readonly complete = false
  readonly #inner: Decider
  readonly #limits: Limits
  readonly moves: Move[] = []
  preemptions = 0
  strokes = 0
  switches = 0
  picks = 0
  #last: Choice = ''
  #pickedIn: Choice[] = []

  constructor(inner: Decider, limits: Limits) {
    this.name = inner.name
    this.#inner = inner
    this.#limits = limits
  }

  get steps(): number {
    return this.moves.length
  }

  begin(simulation: Simulation, index: number): boolean {
    return this.#inner.begin(simulation, index)
  }

  next(machine: Machine): number {
    const { preemptions, steps, stepsOfFewer } = this.#limits
    const option = this.#inner.next(machine)
    if (isPreemption(machine, option)) this.preemptions += 1
    if (this.preemptions > preemptions) throw GIVEN_UP
    if (this.steps >= (this.preemptions < preemptions ? stepsOfFewer : steps)) throw GIVEN_UP
    if (option >= machine.ready.size) this.strokes += 1
    const choice = choiceOf(machine, option)
    if (choice !== this.#last) this.switches += 1
    this.#last = choice
    this.moves.push({ choice, picks: NO_PICKS })
    return option
  }

  pick(kind: PickKind, thread: string, count: number, label: (index: number) => string): number {
    const option = this.#inner.pick(kind, thread, count, label)
    const choice = (kind === 'choose' ? CHOSEN : WOKEN) + label(option)
    const last = this.moves.at(-1)
    if (last?.picks === NO_PICKS) {
      this.#pickedIn = [choice]
      this.moves[this.moves.length - 1] = { choice: last.choice, picks: this.#pickedIn }
    } else {
      this.#pickedIn.push(choice)
    }
    this.picks += option
    return option
  }
}
