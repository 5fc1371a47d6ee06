import {
  type AnyValues,
  BadInput,
  boot,
  KernelPanic,
  type Scenario,
  type Simulation,
  unusable,
  type WakeOrder,
  type World,
} from '../kernel/index.ts'
import {
  type Decider,
  decider as deciderNamed,
  type Ending,
  type Failure,
  indexed,
  type Logged,
  logged,
  MAX_STEPS,
  type Observer,
  type Outcome,
  type RunOptions,
  run,
  type Schedule,
  type Witnessed,
  witnessed,
} from '../scheduler/index.ts'
import { type LoadedScenario, record, type Trace } from '../trace/index.ts'
import { seconds } from './budget.ts'
import { checkDeterminism, differently, stepInWords } from './determinism.ts'
import { guarded } from './guarded.ts'
import { type Met, meets, type Verdict } from './verdict.ts'
import { ENDLESS, inWords } from './words.ts'

/** The loop over schedules: makes runs until one fails, none is left, or a budget runs out. */

export interface ExploreOptions {
  /** `random`, `dfs`, a policy (`fifo`, `rr:quantum=2`), or `portfolio`, the default: some random runs, then dfs. */
  readonly strategy?: string
  readonly seed?: string | number
  /** At most so many runs. Default 100,000. */
  readonly executions?: number
  /** At most so many seconds, looked at between runs. Default: no limit. */
  readonly time?: number
  readonly maxSteps?: number
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
  /** Make every k-th run twice and compare; the first always is. */
  readonly checkDeterminism?: number
  /** Told now and then, over a second into the search. */
  readonly onProgress?: (progress: Progress) => void
  /** Ends the search, with what is known so far. */
  readonly signal?: { readonly aborted: boolean }
}

export interface Progress {
  readonly executions: number
  readonly executionsMax: number
  readonly steps: number
  readonly seconds: number
}

/** A failure that was found, and the schedule that leads to it. */
export interface Found extends Failure {
  readonly ending: Ending
  readonly schedule: Schedule
  /** Number of the failing run among all that were made, from 1. */
  readonly execution: number
  readonly strategy: string
  /** Where: the line of the assertion, or of the call that failed or broke the invariant. */
  readonly line: string | null
  /** The failing run, to be written, replayed and looked into. */
  readonly trace: Trace
}

export interface Exploration {
  readonly scenario: Scenario
  readonly params: AnyValues
  readonly wakeOrder: WakeOrder
  readonly strategy: string
  readonly seed: string
  readonly maxSteps: number
  readonly verdict: Verdict
  readonly met: Met
  readonly failure: Found | null
  readonly executions: number
  /** How many schedules there are, where every one was made. */
  readonly schedules: number | null
  readonly steps: number
  /** Runs given up by `assume`. */
  readonly pruned: number
  /** Names of *sometimes* conditions that no run reached. */
  readonly neverReached: readonly string[]
  /** What there is to say, in a few lines. */
  readonly text: string
}

export const EXECUTIONS = 100_000
/** Random runs before the default turns to depth-first search. */
const BURST = 1_000
/** How long the loop runs before it lets others have a turn, and how many steps pass from one look at the clock to the next. */
const SLICE_SECONDS = 0.1
const STEPS_PER_LOOK = 1_000

interface Phase {
  readonly name: string
  readonly decider: Logged
  readonly executionsMax: number
}

/** Explores a scenario; given as a loaded file, its trace names the file and lines. @throws BadInput for a parameter, strategy or program that can't be used */
export async function explore(given: Scenario | LoadedScenario, options: ExploreOptions = {}): Promise<Exploration> {
  const search = new Search(given, options)
  for (;;) {
    const more = guarded(
      () => search.machine,
      () => search.goOn(),
    )
    if (!more) return search.result()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

class Search {
  readonly #given: Scenario | LoadedScenario
  readonly #scenario: Scenario
  readonly #options: ExploreOptions
  readonly #strategy: string
  readonly #seed: string
  readonly #maxSteps: number
  /** For a run that nobody watches: the same each time. */
  readonly #plain: RunOptions
  readonly #executionsMax: number
  readonly #phases: Phase[]
  readonly #began = seconds()
  readonly #unreached: Map<string, (world: World) => boolean>
  #simulation: Simulation | null = null
  #phase = 0
  #inPhase = 0
  #executions = 0
  #steps = 0
  #pruned = 0
  #found: Found | null = null
  #complete = false
  #stopped = false
  /** Depth-first search met a run without an end, and was given up. */
  #endless = false
  #reported = 1

  constructor(given: Scenario | LoadedScenario, options: ExploreOptions) {
    const scenario = 'file' in given ? given.scenario : given
    this.#given = given
    this.#scenario = scenario
    this.#options = options
    this.#strategy = options.strategy ?? 'portfolio'
    this.#seed = String(options.seed ?? 1)
    this.#maxSteps = atLeastOne('maxSteps', options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS)
    this.#executionsMax = atLeastOne('executions', options.executions ?? EXECUTIONS)
    this.#plain = { maxSteps: this.#maxSteps }
    this.#phases = phasesOf(this.#strategy, this.#seed, this.#executionsMax)
    this.#unreached = new Map(Object.entries(scenario.sometimes ?? {})) as Map<string, (world: World) => boolean>
  }

  get machine() {
    return this.#simulation?.machine ?? null
  }

  /** Makes runs for a while; says whether there is more to do. */
  goOn(): boolean {
    const { signal } = this.#options
    if (signal?.aborted === true) {
      this.#stopped = true
      return false
    }
    const until = seconds() + SLICE_SECONDS
    let look = 0
    while (this.#another()) {
      const done = this.#steps + this.#executions
      if (done < look) continue
      if (seconds() >= until) return this.#between()
      look = done + STEPS_PER_LOOK
    }
    return false
  }

  /** Between runs: progress is told, and budgets are looked at. */
  #between(): boolean {
    const now = seconds() - this.#began
    const { time, signal, onProgress } = this.#options
    if (now >= this.#reported) {
      onProgress?.({
        executions: this.#executions,
        executionsMax: this.#executionsMax,
        steps: this.#steps,
        seconds: now,
      })
      this.#reported = now + 0.2
    }
    this.#stopped = signal?.aborted === true || (time !== undefined && now >= time)
    return !this.#stopped
  }

  /** Makes one run; `false` when none is left. */
  #another(): boolean {
    const phase = this.#phases[this.#phase]
    if (phase === undefined) return false
    const simulation = this.#stage(phase.decider)
    if (!phase.decider.begin(simulation, this.#inPhase)) {
      this.#complete = phase.decider.complete
      return this.#complete ? false : this.#nextPhase()
    }
    // Only now: a budget that was just enough has been enough.
    if (this.#inPhase >= phase.executionsMax) return this.#nextPhase()
    this.#executions += 1
    const words: string[] | null = this.#isCompared() ? [] : null
    const outcome = this.#run(simulation, phase.decider, words)
    this.#inPhase += 1
    this.#steps += simulation.machine.steps
    this.#judge(phase, simulation, outcome, words)
    return this.#found === null
  }

  #run(simulation: Simulation, decider: Logged, words: string[] | null): Outcome {
    try {
      return run(simulation, decider, this.#runOptions(words))
    } catch (error) {
      if (error instanceof KernelPanic && error.decisions.length === 0) error.decisions = this.#decisions(decider)
      throw error
    }
  }

  /** The choices of a run that ended in a panic. */
  #decisions(decider: Logged): readonly string[] {
    const again = indexed(decider.taken())
    try {
      run(this.#stage(again), again, { maxSteps: this.#maxSteps })
    } catch (error) {
      if (!(error instanceof KernelPanic)) throw error
    }
    return again.schedule().choices
  }

  #nextPhase(): boolean {
    this.#phase += 1
    this.#inPhase = 0
    return this.#phase < this.#phases.length
  }

  /** The scenario, before its first step, with this decider at the door. */
  #stage(decider: Decider): Simulation {
    const { params, wakeOrder } = this.#options
    this.#simulation ??= boot(this.#scenario, {
      door: decider,
      ...(params === undefined ? {} : { params }),
      ...(wakeOrder === undefined ? {} : { wakeOrder }),
    })
    this.#simulation.machine.kernel.door = decider
    this.#simulation.start()
    return this.#simulation
  }

  /** Whether the run about to be made is made again and compared. */
  #isCompared(): boolean {
    const every = this.#options.checkDeterminism
    return this.#executions === 1 || (every !== undefined && this.#executions % every === 0)
  }

  #runOptions(words: string[] | null): RunOptions {
    if (this.#unreached.size === 0 && words === null) return this.#plain
    const observers: Observer[] = []
    if (this.#unreached.size > 0) observers.push(this.#watch)
    if (words !== null) observers.push((simulation) => words.push(stepInWords(simulation)))
    return { maxSteps: this.#maxSteps, observers }
  }

  /** Ticks off the *sometimes* conditions as they are reached. */
  readonly #watch = (simulation: Simulation): void => {
    for (const [name, reached] of this.#unreached) {
      try {
        const verdict: unknown = reached(simulation.world)
        if (typeof verdict !== 'boolean')
          throw new BadInput(`sometimes '${name}' must say true or false, not ${String(verdict)}`)
        if (verdict) this.#unreached.delete(name)
      } catch (error) {
        throw unusable(`sometimes '${name}'`, error)
      }
    }
  }

  #judge(phase: Phase, simulation: Simulation, { ending, failure }: Outcome, words: string[] | null): void {
    if (ending === 'pruned') this.#pruned += 1
    if (words === null && failure === null) return
    if (words !== null) checkDeterminism(simulation, this.#again(phase), words, this.#maxSteps)
    if (failure === null) return
    if (this.#isUnfair(phase, failure)) {
      this.#endless = true
      this.#phase = this.#phases.length
      return
    }
    const again = this.#again(phase)
    const staged = this.#stage(again)
    again.begin(staged, 0)
    const second = run(staged, again, { maxSteps: this.#maxSteps })
    if (second.failure?.message !== failure.message) throw differently(this.#scenario, failure, second.failure)
    const schedule = again.schedule()
    const trace = this.#record(phase)
    const { line, waiting } = trace.verdict.failure ?? { line: null, waiting: failure.waiting }
    const execution = this.#executions
    this.#found = { ...failure, ending, schedule, execution, strategy: phase.name, waiting, line, trace }
  }

  /** Depth first, a spinning thread goes on for ever: after fair runs that all ended, the search's limit and no fault. */
  #isUnfair(phase: Phase, failure: Failure): boolean {
    const fairCameFirst = this.#phases.length > 1 && phase.name === 'dfs'
    return fairCameFirst && failure.kind === 'step limit' && this.#scenario.expect !== 'step limit'
  }

  /** The run just made, as a trace. */
  #record(phase: Phase): Trace {
    const { params, wakeOrder } = this.#options
    return record(this.#given, {
      decider: this.#again(phase),
      maxSteps: this.#maxSteps,
      from: {
        decider: phase.decider.keepsTime ? phase.name : this.#strategy,
        seed: this.#seed,
        run: this.#executions - 1,
      },
      ...(params === undefined ? {} : { params }),
      ...(wakeOrder === undefined ? {} : { wakeOrder }),
    })
  }

  /** Decides as the run just made was decided. A policy keeps time, and only it makes its run again. */
  #again({ name, decider }: Phase): Witnessed {
    return decider.keepsTime ? witnessed(deciderNamed(name, this.#seed)) : indexed(decider.taken())
  }

  result(): Exploration {
    const scenario = this.#scenario
    const failure = this.#found
    const verdict = this.#verdict()
    const met = meets(scenario.expect, verdict, failure)
    const simulation = this.#simulation
    const neverReached = failure === null ? [...this.#unreached.keys()] : []
    const counts = {
      executions: this.#executions,
      schedules: this.#complete ? this.#inPhase : null,
      steps: this.#steps,
      pruned: this.#pruned,
    }
    return {
      scenario,
      params: simulation?.params ?? {},
      wakeOrder: simulation?.state.wakeOrder ?? 'any',
      strategy: this.#strategy,
      seed: this.#seed,
      maxSteps: this.#maxSteps,
      verdict,
      met,
      failure,
      ...counts,
      neverReached,
      text: inWords(verdict, failure, counts, neverReached, this.#limits()),
    }
  }

  /** What kept the search from going further, in words. */
  #limits(): string[] {
    return [
      ...(this.#stopped ? ['stopped before its budget of runs was used up'] : []),
      ...(this.#endless ? [ENDLESS] : []),
    ]
  }

  #verdict(): Verdict {
    if (this.#found !== null) return 'failed'
    if (this.#executions === this.#pruned) return 'inconclusive'
    return this.#complete ? 'proved' : 'sampled'
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new BadInput(`${name} takes a whole number of at least 1, not ${value}`)
  return value
}

function phasesOf(strategy: string, seed: string, executionsMax: number): Phase[] {
  if (strategy !== 'portfolio') {
    return [{ name: strategy, decider: logged(deciderNamed(strategy, seed, ['portfolio'])), executionsMax }]
  }
  const burst = Math.min(BURST, Math.ceil(executionsMax / 10))
  return [
    { name: 'random', decider: logged(deciderNamed('random', seed)), executionsMax: burst },
    { name: 'dfs', decider: logged(deciderNamed('dfs', seed)), executionsMax: executionsMax - burst },
  ]
}
