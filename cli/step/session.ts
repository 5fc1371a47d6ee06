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
  #looked: Looked

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
    this.#looked = new Looked(loaded, this.settings, this.#place)
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
    return this.#looked.trace
  }

  get review(): Review {
    return this.#looked.review
  }

  /** Processes, threads, queues, objects, and what the last step changed. */
  get shown(): Shown {
    return this.#looked.shown
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

  /** Goes back by one step, or by one answer where a question is open. Says whether there was one. */
  back(): boolean {
    const { choices, question } = this
    if (choices.length === 0) return false
    let length = choices.length - 1
    while (question === null && isPick(choices[length] ?? '')) length -= 1
    this.#go(choices.slice(0, length), this.#choices)
    return true
  }

  /** Goes forward again by one step. Says whether there was one. */
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
    this.#looked = new Looked(this.loaded, this.settings, this.#place)
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
}

/** What looking needs and going on does not: each is made when it is asked for. */
class Looked {
  readonly #loaded: LoadedScenario
  readonly #settings: Settings
  readonly #place: Place
  #recorded: Trace | null = null
  #trace: Trace | null = null
  #review: Review | null = null
  #shown: Shown | null = null

  constructor(loaded: LoadedScenario, settings: Settings, place: Place) {
    this.#loaded = loaded
    this.#settings = settings
    this.#place = place
  }

  /** A run that goes on is recorded up to here, as if it might have no more steps. */
  get #cut(): Trace {
    const { choices, begins, question, outcome, simulation } = this.#place
    const decider = replay(question === null ? choices : choices.slice(0, begins.at(-1)), 'by hand')
    const { maxSteps } = this.#settings
    const steps = outcome === null ? simulation.machine.steps : maxSteps
    this.#recorded ??= record(this.#loaded, { ...this.#settings, decider, maxSteps: steps })
    return this.#recorded
  }

  get trace(): Trace {
    if (this.#trace !== null) return this.#trace
    const { header, choices, startLog, lines, verdict } = this.#cut
    const goesOn: TraceVerdict = { ...verdict, ending: 'step limit', failure: null }
    const { maxSteps } = this.#settings
    this.#trace =
      this.#place.outcome !== null ? this.#cut : new Trace({ ...header, maxSteps }, choices, startLog, lines, goesOn)
    return this.#trace
  }

  get review(): Review {
    this.#review ??= review(this.#cut, this.#loaded)
    return this.#review
  }

  get shown(): Shown {
    this.#shown ??= show(new History(this.#cut, this.#loaded.scenario), this.#cut.steps)
    return this.#shown
  }
}
