import { type AnyValues, BadInput, type Machine, type Scenario, type WakeOrder } from '../kernel/index.ts'
import type { Choice } from '../scheduler/index.ts'
import { type LoadedScenario, sourceOf } from '../trace/index.ts'
import { seconds } from './budget.ts'
import type { Coverage, Vacuity } from './coverage/coverage.ts'
import { lookAt, type Sighted } from './findings/sightings.ts'
import { guarded } from './guarded.ts'
import { type Found, investigate } from './investigate.ts'
import { atLeastOne, wishesOf } from './search/wishes.ts'
import { type Left, Search } from './search.ts'
import { type Met, meets, type Verdict } from './verdict.ts'
import { coverageInWords, ENDLESS, inWords, seenInWords } from './words.ts'
import { Pool } from './workers/pool.ts'

/** Exploring a scenario: makes runs until one fails, none is left, or a budget runs out; and says what that means. */

export interface ExploreOptions {
  /** `random`, `pct`, `pos`, `surw`, `dfs`, `dpor`, a policy (`fifo`, `rr:quantum=2`), or `portfolio`, the default: samplers by turns, then dpor. */
  readonly strategy?: string
  /**
   * Which steps `dpor` takes to hang on each other's order: `object`, the default, those on the same object, unless both
   * read; `refined` leaves out two posts to a semaphore, and two `storeAdd`s. It makes fewer runs and sees the same.
   */
  readonly dependency?: 'object' | 'refined'
  readonly seed?: string | number
  /** At most so many runs. Default 100,000. */
  readonly executions?: number
  /** At most so many seconds, looked at between runs. Default: no limit. */
  readonly time?: number
  readonly maxSteps?: number
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
  /** Choices that every run begins with: what can still come of a run that has come so far? */
  readonly prefix?: readonly Choice[]
  /** Look for the smallest run that fails in the same way. Default: yes, but not behind a prefix. */
  readonly shrink?: boolean
  /** Make every k-th run twice and compare; the first always is. */
  readonly checkDeterminism?: number
  /** Say what the runs cover: it takes about twice as long. Default: no; for `onProgress` as many are looked at as cost little. */
  readonly coverage?: boolean
  /** Say which calls nothing has put to the test, and what the runs cover: it takes about ten times as long. Default: no. */
  readonly vacuity?: boolean
  /** Told now and then, over a second into the search. */
  readonly onProgress?: (progress: Progress) => void
  /** So many worker threads share the search, once it takes longer than a moment. The answer is the same for any number of them. Default 1: none but this thread. */
  readonly workers?: number
  /** Ends the search, with what is known so far. */
  readonly signal?: { readonly aborted: boolean }
}

export interface Progress {
  readonly executions: number
  readonly executionsMax: number
  readonly steps: number
  readonly seconds: number
  /** What those runs cover that were looked at: few, unless `coverage` is asked for. What workers are at is not in it yet. */
  readonly coverage: Coverage | null
  /** An estimate of how far partial-order reduction has come, while that is at work. */
  readonly left: Left | null
  /** A failure was found, and is being shrunk and looked into. */
  readonly failed: boolean
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
  /** How many of them differ in more than the order of independent steps, where one of each was made (dpor). */
  readonly traces: number | null
  /** Every schedule with at most so many preemptions was made; `null` where the search was not bounded like that. */
  readonly bound: number | null
  readonly steps: number
  /** Runs given up by `assume`. */
  readonly pruned: number
  /** What is published of the methods that were used, a sentence each. */
  readonly promises: readonly string[]
  /** Names of *sometimes* conditions that no run reached. */
  readonly neverReached: readonly string[]
  /** Data races and lock-order inversions in runs that were watched, also in such as ended well; each pair of lines once. */
  readonly findings: readonly Sighted[]
  /** So many runs were watched for them: of each strategy the first 500, and every 50th after that. */
  readonly watched: number
  /** What the runs cover; `null` where that was not asked for. */
  readonly coverage: Coverage | null
  /** Calls that nothing has put to the test; `null` where that was not asked for. */
  readonly vacuity: Vacuity | null
  /** What there is to say, in a few lines. */
  readonly text: string
}

/** How long it works before it lets others have a turn, and how many steps pass from one look at the clock to the next. */
const SLICE_SECONDS = 0.1
const STEPS_PER_LOOK = 1_000

/** Explores a scenario; given as a loaded file, its trace names the file and lines. @throws BadInput for a parameter, strategy or program that can't be used */
export async function explore(given: Scenario | LoadedScenario, options: ExploreOptions = {}): Promise<Exploration> {
  const exploring = new Exploring(given, options)
  await exploring.search()
  await exploring.investigate()
  return exploring.result()
}

class Exploring {
  readonly #given: Scenario | LoadedScenario
  readonly #options: ExploreOptions
  readonly #search: Search
  readonly #began = seconds()
  /** Called in when the search takes longer than a moment. */
  #pool: Pool | null = null
  #found: Found | null = null
  #findings: readonly Sighted[] = []
  #reported = 1
  #stopped = false

  constructor(given: Scenario | LoadedScenario, options: ExploreOptions) {
    this.#given = given
    this.#options = options
    const scenario = 'file' in given ? given.scenario : given
    this.#search = new Search(scenario, wishesOf(scenario, options), sourceOf(given).probe)
    if (atLeastOne('workers', options.workers ?? 1) > 1 && !('file' in given)) throw new BadInput(NO_FILE)
  }

  /** Makes runs until one fails, none is left, or a budget runs out. */
  async search(): Promise<void> {
    const search = this.#search
    if (this.#options.signal?.aborted === true) this.#stopped = true
    try {
      await this.#inTurns(() => !this.#stopped && this.#isNeeded() && search.another(), search.fail)
      if (this.#stopped) search.leave()
    } catch (error) {
      this.#pool?.fail(error)
      throw error
    } finally {
      await this.#together()
    }
    if (this.#stopped) search.stop()
  }

  /** Where workers are at it, runs are made here only until they can. */
  #isNeeded(): boolean {
    return this.#pool === null || !this.#pool.ready || this.#search.isMaking
  }

  /** Waits for the workers. */
  async #together(): Promise<void> {
    const pool = this.#pool
    if (pool === null) return
    const timer = setInterval(() => this.#between(), SLICE_SECONDS * 1000)
    if (this.#stopped) pool.stop()
    else pool.look()
    try {
      await pool.over
    } finally {
      clearInterval(timer)
    }
  }

  /** Makes of what was seen, and of the failure, what can be made of it. */
  async investigate(): Promise<void> {
    await this.#inTurns(() => {
      this.#findings = lookAt(this.#given, this.#search)
      return false
    })
    const { raw } = this.#search
    if (raw === null) return
    const work = investigate(this.#given, raw, this.#search, this.#options)
    await this.#inTurns(() => {
      const { done, value } = work.next()
      if (done === true) this.#found = value
      return done !== true
    })
  }

  /** Goes on as long as `step` says that there is more to do, and lets others have a turn now and then. */
  async #inTurns(step: () => boolean, failed: (error: unknown) => void = rethrow): Promise<void> {
    const machine = (): Machine | null => this.#search.simulation?.machine ?? null
    for (let more = true; more; ) {
      try {
        more = guarded(machine, () => this.#turn(step))
      } catch (error) {
        failed(error)
      }
      if (more) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #turn(step: () => boolean): boolean {
    const until = seconds() + SLICE_SECONDS
    const search = this.#search
    let look = 0
    for (;;) {
      if (!step()) return false
      const work = search.steps + search.executions
      if (search.raw === null && work < look) continue
      if (seconds() >= until) return this.#between()
      look = work + STEPS_PER_LOOK
    }
  }

  /** Between runs: progress is told, budgets are looked at, and workers given something to do. */
  #between(): boolean {
    const now = seconds() - this.#began
    const { time, signal } = this.#options
    if (now >= this.#reported) {
      this.#report(now)
      this.#reported = now + 0.2
    }
    if (signal?.aborted === true || (time !== undefined && now >= time)) this.#stopped = true
    this.#callWorkers()
    if (this.#stopped) this.#pool?.stop()
    else this.#pool?.look()
    return true
  }

  #report(now: number): void {
    const { executions, ahead, steps, raw, wishes, coverage, left } = this.#search
    const elsewhere = ahead + (this.#pool?.executions ?? 0)
    this.#options.onProgress?.({
      executions: Math.min(wishes.executions, executions + elsewhere),
      executionsMax: wishes.executions,
      steps: steps + (this.#pool?.steps ?? 0),
      seconds: now,
      coverage,
      left: left ?? this.#pool?.left ?? null,
      failed: raw !== null,
    })
  }

  #callWorkers(): void {
    const { workers = 1 } = this.#options
    if (workers === 1 || this.#pool !== null || this.#search.over || !('file' in this.#given)) return
    this.#pool = new Pool(this.#search, this.#given, workers)
  }

  result(): Exploration {
    const search = this.#search
    const { scenario, wishes, executions, schedules, traces, steps, pruned, bound, simulation } = search
    const { strategy, seed, maxSteps } = wishes
    const failure = this.#found
    const verdict = this.#verdict()
    const facts = { executions, schedules, traces, bound, steps, pruned }
    const neverReached = failure === null ? search.neverReached : []
    const promises = verdict === 'proved' ? [] : search.promises
    const coverage = wishes.surveyed === 'some' ? null : search.coverage
    const covered = coverage === null ? [] : coverageInWords(coverage)
    return {
      scenario,
      params: simulation?.params ?? {},
      wakeOrder: simulation?.state.wakeOrder ?? 'any',
      strategy,
      seed,
      maxSteps,
      verdict,
      met: meets(scenario.expect, verdict, failure),
      failure,
      ...facts,
      promises,
      neverReached,
      findings: this.#findings,
      watched: search.watched,
      coverage,
      vacuity: search.vacuity,
      text: inWords(verdict, failure, facts, neverReached, [
        ...this.#limits(),
        ...promises,
        ...covered,
        ...this.#seen(),
      ]),
    }
  }

  /** What was seen in runs, whatever they came to, and is no part of the failure's story. */
  #seen(): string[] {
    const { executions, watched } = this.#search
    const told = this.#found?.story?.findings ?? []
    const isTold = ({ name, object }: Sighted): boolean =>
      told.some((one) => one.name === name && one.object === object)
    const findings = this.#findings.filter((one) => !isTold(one))
    return findings.length === 0 ? [] : seenInWords(findings, watched, executions)
  }

  /** What kept the search from going further, in words. */
  #limits(): string[] {
    return [
      ...(this.#stopped && this.#found === null ? ['stopped before its budget of runs was used up'] : []),
      ...(this.#search.endless ? [ENDLESS] : []),
    ]
  }

  #verdict(): Verdict {
    const { raw, executions, pruned, complete, bound } = this.#search
    if (raw !== null) return 'failed'
    if (executions === pruned) return 'inconclusive'
    if (complete) return 'proved'
    return bound === null ? 'sampled' : 'bounded'
  }
}

const NO_FILE =
  'workers load the scenario from its file: give explore() what loadScenarioFile() returns, not its scenario alone, or leave workers out'

function rethrow(error: unknown): never {
  throw error
}
