import { BadInput, invariant, type Machine, type Simulation } from '../../kernel/index.ts'
import { CHOSEN, type Choice, choiceOf, isPreemption, WOKEN } from '../choice.ts'
import type { Decider } from '../decider.ts'
import { Around } from './around.ts'

/** A decider that writes down which options were taken, by number: the cheapest record from which a run can be made again. */
export interface Logged extends Decider {
  /** The options taken in the run under way, or just over. */
  taken(): number[]
}

export const logged = (inner: Decider): Logged => new Log(inner)

class Log extends Around implements Logged {
  readonly isTooLate?: (machine: Machine) => boolean
  readonly #log: number[] = []
  #length = 0

  constructor(inner: Decider) {
    super(inner)
    if (inner.isTooLate !== undefined) this.isTooLate = (machine) => inner.isTooLate?.(machine) === true
  }

  override begin(simulation: Simulation, index: number): boolean {
    this.#length = 0
    return super.begin(simulation, index)
  }

  override next(machine: Machine): number {
    const option = super.next(machine)
    return option < 0 ? option : this.#note(option)
  }

  override pick(kind: 'choose' | 'wake', thread: string, count: number, label: (index: number) => string): number {
    return this.#note(super.pick(kind, thread, count, label))
  }

  taken(): number[] {
    return this.#log.slice(0, this.#length)
  }

  #note(option: number): number {
    this.#log[this.#length] = option
    this.#length += 1
    return option
  }
}

/** What a schedule looks like from outside. */
export interface Schedule {
  /** The choices by their identities, those inside steps after the step's own. */
  readonly choices: readonly Choice[]
  /** Switches away from a thread that could have gone on. */
  readonly preemptions: number
  readonly steps: number
}

/** A decider that says afterwards what the schedule of its run was, by identities. */
export interface Witnessed extends Decider {
  schedule(): Schedule
}

/** The same decider, with its schedule written down; for one run. */
export function witnessed(inner: Decider): Witnessed {
  let steps = 0
  let preemptions = 0
  const choices: Choice[] = []
  return {
    name: inner.name,
    keepsTime: inner.keepsTime,
    complete: false,
    get needsEnds() {
      return inner.needsEnds ?? false
    },
    ...(inner.isTooLate === undefined ? {} : { isTooLate: (machine) => inner.isTooLate?.(machine) === true }),
    begin(simulation, index) {
      invariant(index === 0, 'a schedule is of one run')
      return inner.begin(simulation, index)
    },
    next(machine) {
      const option = inner.next(machine)
      if (option < 0) return option
      if (isPreemption(machine, option)) preemptions += 1
      steps += 1
      choices.push(choiceOf(machine, option))
      return option
    },
    pick(kind, thread, count, label) {
      const option = inner.pick(kind, thread, count, label)
      choices.push((kind === 'choose' ? CHOSEN : WOKEN) + label(option))
      return option
    },
    schedule: () => ({ choices, preemptions, steps }),
  }
}

/** Makes the run of a log again, as `like` made it, and says what the options were. Not for runs under a policy, which keeps time: make those again by the policy. */
export function indexed(log: readonly number[], like: Pick<Decider, 'needsEnds' | 'isTooLate'> = {}): Witnessed {
  let at = 0

  function take(count: number): number {
    const option = log[at]
    if (option === undefined || option >= count)
      throw new BadInput(
        'made again, the run goes another way: a program keeps state between runs, or draws random numbers of its own',
      )
    at += 1
    return option
  }

  return witnessed({
    name: 'indexed',
    keepsTime: false,
    complete: false,
    needsEnds: like.needsEnds ?? false,
    ...(like.isTooLate === undefined ? {} : { isTooLate: () => false }),
    begin: () => true,
    // Where nobody else can go on no fault need strike, and then none is in the log.
    next: (machine) => (machine.ordinary === 0 && at === log.length ? -1 : take(machine.options)),
    pick: (_kind, _thread, count) => take(count),
  })
}
