import { guarded } from '../../explore/index.ts'
import { type AnyValues, boot, type Id, KernelPanic, type Simulation, type WakeOrder } from '../../kernel/index.ts'
import {
  CHOSEN,
  type Choice,
  choiceOf,
  choicesOf,
  type Decider,
  Departure,
  isPick,
  isPreemption,
  Ledger,
  type Observer,
  type Outcome,
  optionOf,
  run,
  WOKEN,
} from '../../scheduler/index.ts'
import { type LoadedScenario, lineOf } from '../../trace/index.ts'
import { sourceOf } from '../../trace/names.ts'

/** What a scenario is run with, all of it known. */
export interface Settings {
  readonly params: AnyValues
  readonly wakeOrder: WakeOrder
  readonly maxSteps: number
}

/** Where a run stands after some choices: it is made from its start up to there, which costs microseconds. */
export interface Place {
  /** Before its next step, or where the run ended. While a question is open: before the step that asks it. */
  readonly simulation: Simulation
  /** Those that led here, with whatever was picked inside steps without being told. */
  readonly choices: readonly Choice[]
  /** For each step where among the choices it begins. */
  readonly begins: readonly number[]
  readonly preemptions: number
  /** Every thread that there ever was, in order of appearance. */
  readonly threads: readonly Id[]
  /** Asked inside the step that was chosen last. */
  readonly question: Question | null
  /** How the run ended, if it has. */
  readonly outcome: Outcome | null
}

/** A choice inside a step: which number `choose` gives, who is woken. */
export interface Question {
  readonly kind: 'choose' | 'wake'
  /** The thread that chooses, or the queue whose sleepers they are. */
  readonly about: Id
  /** The step under way. */
  readonly step: Choice
  readonly answers: readonly Choice[]
}

/** The choices are used up, and the run stands before its next step. */
class Standing extends Error {}

/** The choices are used up inside a step. */
class Asked extends Error {
  readonly kind: Question['kind']
  readonly about: Id
  readonly answers: readonly Choice[]

  constructor(kind: Question['kind'], about: Id, answers: readonly Choice[]) {
    super('a choice inside a step is open')
    this.kind = kind
    this.about = about
    this.answers = answers
  }
}

/**
 * Makes the run of these choices. A pick that the schedule leaves out is the first there is, as in `run --schedule`;
 * but where nothing comes after it, it is a question.
 * @param onward then the running thread goes on for so many steps, while it can
 * @throws Departure for a choice that is not possible, also one after the run's end
 */
export function placeAfter(loaded: LoadedScenario, settings: Settings, choices: readonly Choice[], onward = 0): Place {
  const made = new Made(choices, onward)
  let simulation: Simulation | null = null
  return guarded(
    () => simulation?.machine ?? null,
    () => {
      try {
        const { params, wakeOrder } = settings
        simulation = boot(loaded.scenario, { params, wakeOrder, door: made, sites: sourceOf(loaded).probe, once: true })
        return placeOf(simulation, made, settings.maxSteps)
      } catch (error) {
        if (error instanceof KernelPanic && error.decisions.length === 0) error.decisions = made.choices
        if (!(error instanceof Asked)) throw error
        const { kind, about, answers } = error
        const begin = made.begins.at(-1) ?? 0
        const before = placeAfter(loaded, settings, made.choices.slice(0, begin))
        const question: Question = { kind, about, answers, step: made.choices[begin] ?? '' }
        return { ...before, choices: made.choices, begins: made.begins, preemptions: made.preemptions, question }
      }
    },
  )
}

function placeOf(simulation: Simulation, made: Made, maxSteps: number): Place {
  simulation.start()
  const threads = new Set(simulation.machine.tasks.keys())
  const noteNew: Observer = ({ machine }) => {
    for (const { thread } of machine.kernel.spawned) threads.add(thread)
  }
  let outcome: Outcome | null = null
  try {
    outcome = run(simulation, made, {
      maxSteps,
      lineOf,
      ledger: new Ledger(simulation),
      observers: [noteNew],
    })
  } catch (error) {
    if (!(error instanceof Standing)) throw error
  }
  const { choices, begins, preemptions, left } = made
  if (left !== undefined) throw new Departure(simulation.machine.steps + 1, left, [])
  return { simulation, choices, begins, preemptions, threads: [...threads], question: null, outcome }
}

/** Reads the choices, and notes those that it makes. */
class Made implements Decider {
  readonly name = 'by hand'
  readonly keepsTime = false
  readonly complete = false
  readonly choices: Choice[] = []
  readonly begins: number[] = []
  preemptions = 0
  readonly #given: readonly Choice[]
  #at = 0
  #onward: number

  constructor(given: readonly Choice[], onward: number) {
    this.#given = given
    this.#onward = onward
  }

  /** The first choice that the run had no use for. */
  get left(): Choice | undefined {
    return this.#given[this.#at]
  }

  begin(): boolean {
    return true
  }

  next(machine: Simulation['machine']): number {
    const choice = this.#given[this.#at] ?? this.#next(machine)
    const option = optionOf(machine, choice)
    if (option < 0) throw new Departure(machine.steps + 1, choice, choicesOf(machine))
    this.#at += 1
    if (isPreemption(machine, option)) this.preemptions += 1
    this.begins.push(this.choices.length)
    this.choices.push(choiceOf(machine, option))
    return option
  }

  /** Who goes on behind the end of what was given. */
  #next(machine: Simulation['machine']): Choice {
    if (this.#onward === 0 || !machine.runningGoesOn) throw new Standing()
    this.#onward -= 1
    return choiceOf(machine, 0)
  }

  pick(kind: Question['kind'], about: Id, count: number, label: (index: number) => string): number {
    const mark = kind === 'choose' ? CHOSEN : WOKEN
    const answers = Array.from({ length: count }, (_, index) => mark + label(index))
    const choice = this.#given[this.#at]
    if (choice === undefined && count > 1) throw new Asked(kind, about, answers)
    let index = 0
    if (choice !== undefined && isPick(choice)) {
      this.#at += 1
      index = answers.indexOf(choice)
      if (index < 0) throw new Departure(this.begins.length, choice, answers)
    }
    this.choices.push(answers[index] ?? '')
    return index
  }
}
