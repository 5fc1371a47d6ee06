import { BadInput } from '../../kernel/index.ts'
import { CHOSEN, type Choice, choicesOf, isPick, optionOf, WOKEN } from '../choice.ts'
import type { Decider } from '../decider.ts'

/** Where a schedule and the machine parted. */
export class Departure extends BadInput {
  /** The step at which it happened, from 1. */
  readonly step: number
  readonly expected: Choice
  readonly found: readonly Choice[]

  constructor(step: number, expected: Choice, found: readonly Choice[]) {
    super(
      `step ${step}: the schedule says '${expected}', which can't happen here; what can is ${found.join(', ') || 'nothing'}`,
    )
    this.step = step
    this.expected = expected
    this.found = found
  }
}

/** A decider that reads a list. */
export interface Replay extends Decider {
  /** Every choice of the list has been made. */
  readonly over: boolean
}

/**
 * Reads the choices from a list, and makes one run of them. Where the list is over, the running thread goes on, or the
 * first that can.
 */
export function replay(choices: readonly Choice[], name = 'replay'): Replay {
  let at = 0
  let step = 0

  return {
    name,
    keepsTime: false,
    complete: false,
    get over() {
      return at >= choices.length
    },
    begin(_simulation, index) {
      at = 0
      step = 0
      return index === 0
    },
    next(machine) {
      step += 1
      const choice = choices[at]
      if (choice === undefined) return 0
      at += 1
      const option = optionOf(machine, choice)
      if (option < 0) throw new Departure(step, choice, choicesOf(machine))
      return option
    },
    pick(kind, _thread, count, label) {
      const choice = choices[at]
      if (choice === undefined || !isPick(choice)) return 0 // a hand-written schedule need not name these
      at += 1
      const mark = kind === 'choose' ? CHOSEN : WOKEN
      for (let i = 0; i < count; i++) if (mark + label(i) === choice) return i
      throw new Departure(
        step,
        choice,
        Array.from({ length: count }, (_, i) => mark + label(i)),
      )
    },
  }
}
