import { isExpected } from '../../explore/index.ts'
import { BadInput, type Id, parameters } from '../../kernel/index.ts'
import { type Choice, Departure, isPick, MAX_STEPS, replay, type Waiting, whoWaits } from '../../scheduler/index.ts'
import {
  History,
  type LoadedScenario,
  lineOf,
  type Review,
  record,
  review,
  type Shown,
  show,
  Trace,
  type TraceVerdict,
} from '../../trace/index.ts'
import { madeCall, type Option, optionsOf } from './options.ts'
import { type Place, placeAfter, type Question, type Settings } from './place.ts'

/** A thread that spins is stopped after so many steps. */
const ONWARD_MAX = 500

/**
 * A run in the user's hands: where it stands, who could go next, and the way there and back. It knows nothing of
 * terminals. Going back makes the run again from its start.
 */
export class Session {
  readonly loaded: LoadedScenario
  readonly settings: Settings
  /** All choices, those that were gone back behind too. */
  #choices: readonly Choice[]
  #place: Place
  #looked: Looked | null = null

  /** Stands after these choices. @throws BadInput when they are not possible */
  constructor(loaded: LoadedScenario, wished: Partial<Settings> = {}, choices: readonly Choice[] = []) {
    const { scenario } = loaded
    this.loaded = loaded
    this.settings = {
      params: parameters(scenario, wished.params),
      wakeOrder: wished.wakeOrder ?? scenario.wakeOrder ?? 'any',
      maxSteps: wished.maxSteps ?? scenario.maxSteps ?? MAX_STEPS,
    }
    this.#place = this.#placeAfter(choices)
    this.#choices = this.#place.choices
  }

  /** Steps taken so far; one in which a question is open is not. */
  get steps(): number {
    return this.#place.simulation.machine.steps
  }

  /** The choices that led here. */
  get choices(): readonly Choice[] {
    return this.#place.choices
  }

  get preemptions(): number {
    return this.#place.preemptions
  }

  /** Choices that were made before somebody went back, and can be made again. */
  get ahead(): readonly Choice[] {
    return this.#choices.slice(this.choices.length)
  }

  /** Every thread there ever was, in order of appearance. */
  get threads(): readonly Id[] {
    return this.#place.threads
  }

  /** Who went last. */
  get running(): Id | null {
    return this.#place.simulation.machine.actor?.id ?? null
  }

  /** A choice inside the step under way, which has to be made first. */
  get question(): Question | null {
    return this.#place.question
  }

  /** What can come next. None: the run is over. */
  get options(): Option[] {
    return optionsOf(this.#place)
  }

  /** Who waits on what. */
  get waiting(): Waiting[] {
    return whoWaits(this.#place.simulation, lineOf)
  }

  /** The call that a thread is in or stands before; '' where there is none. */
  callOf(thread: Id): string {
    const { machine } = this.#place.simulation
    const task = machine.tasks.get(thread)
    return task === undefined ? '' : madeCall(machine, task)
  }

  get isOver(): boolean {
    return this.#place.outcome !== null
  }

  /** How the run ended; `null` while it goes on. */
  get ending(): TraceVerdict | null {
    return this.isOver ? this.trace.verdict : null
  }

  /** Whether that is what the scenario expects; `null` where it can't be said: the run goes on, or is one of many that hold. */
  get isAsExpected(): boolean | null {
    const { outcome } = this.#place
    const { expect } = this.loaded.scenario
    if (outcome === null || outcome.ending === 'pruned') return null
    if (outcome.failure !== null) return isExpected(expect, outcome.failure)
    return expect === 'holds' || expect === 'proved' ? true : null
  }

  /** The run so far. While it goes on, its verdict has no failure. */
  get trace(): Trace {
    return this.#look().trace
  }

  get review(): Review {
    return this.#look().review
  }

  /** Processes, threads, queues, objects, and what the last step changed. */
  get shown(): Shown {
    return this.#look().shown
  }

  /** Makes a choice. @throws BadInput when it is not possible here */
  take(choice: Choice): void {
    const same = this.ahead[0] === choice
    this.#go([...this.choices, choice], same ? this.#choices : null)
  }

  /** Makes these choices, one after the other. @throws BadInput, where one is not possible, and none is made */
  takeAll(choices: readonly Choice[]): void {
    this.#go([...this.choices, ...choices], null)
  }

  /** Makes a choice, and lets who goes on go on until it can't, or a question is open, or for very long. @throws BadInput */
  takeAndGoOn(choice: Choice): void {
    this.#go([...this.choices, choice], null, ONWARD_MAX)
  }

  /** Goes back by one step, or by one answer where a question is open. Says whether there was any. */
  back(): boolean {
    const { choices, question } = this
    if (choices.length === 0) return false
    let length = choices.length - 1
    while (question === null && isPick(choices[length] ?? '')) length -= 1
    this.#go(choices.slice(0, length), this.#choices)
    return true
  }

  /** Goes forward again by one step. Says whether there was any. */
  forward(): boolean {
    const { ahead } = this
    if (ahead.length === 0) return false
    let length = 1
    while (isPick(ahead[length] ?? '')) length += 1
    this.#go([...this.choices, ...ahead.slice(0, length)], this.#choices)
    return true
  }

  /** Goes to after so many steps, back or forward. @throws BadInput when there are not so many */
  goTo(steps: number): void {
    const begins = this.#choices.flatMap((choice, index) => (isPick(choice) ? [] : [index]))
    if (steps > begins.length) throw new BadInput(`there is no step ${steps}; there are ${begins.length}`)
    this.#go(this.#choices.slice(0, begins[steps] ?? this.#choices.length), this.#choices)
  }

  /** Goes forward as far as anybody has been. */
  goToEnd(): void {
    this.#go(this.#choices, this.#choices)
  }

  /** Puts choices in front, so that `forward` makes them. */
  propose(choices: readonly Choice[]): void {
    this.#choices = [...this.choices, ...choices]
  }

  #go(choices: readonly Choice[], all: readonly Choice[] | null, onward = 0): void {
    this.#place = this.#placeAfter(choices, onward)
    this.#looked = null
    this.#choices = all ?? this.#place.choices
  }

  #placeAfter(choices: readonly Choice[], onward = 0): Place {
    try {
      return placeAfter(this.loaded, this.settings, choices, onward)
    } catch (error) {
      if (!(error instanceof Departure) || error.found.length > 0) throw error
      throw new BadInput(
        `the run is over after step ${error.step - 1}, and the schedule goes on with '${error.expected}'`,
      )
    }
  }

  #look(): Looked {
    this.#looked ??= look(this.loaded, this.settings, this.#place)
    return this.#looked
  }
}

/** What drawing needs and going on does not. */
interface Looked {
  readonly trace: Trace
  readonly review: Review
  readonly shown: Shown
}

function look(loaded: LoadedScenario, settings: Settings, place: Place): Looked {
  const { machine } = place.simulation
  const { steps } = machine
  const choices = place.question === null ? place.choices : place.choices.slice(0, place.begins.at(-1))
  const decider = replay(choices, 'by hand')
  const over = place.outcome !== null
  // A run that goes on is recorded up to here.
  const recorded = record(loaded, { ...settings, decider, ...(over ? {} : { maxSteps: steps }) })
  const seen = review(recorded, loaded)
  const shown = show(new History(recorded, loaded.scenario), steps)
  if (over) return { trace: recorded, review: seen, shown }
  const { header, startLog, lines, verdict } = recorded
  const goesOn: TraceVerdict = { ...verdict, ending: 'step limit', failure: null }
  const trace = new Trace({ ...header, maxSteps: settings.maxSteps }, recorded.choices, startLog, lines, goesOn)
  return { trace, review: seen, shown }
}
