import { type AnyValues, BadInput, boot, type Scenario, type Simulation, type WakeOrder } from '../../kernel/index.ts'
import { type Decider, type Failure, type RunOptions, run } from '../../scheduler/index.ts'
import { Ghosts } from './ghosts.ts'
import type { Failing } from './moves.ts'
import { GIVEN_UP, type Limits, Noted } from './noted.ts'

/** How a run must fail. */
export interface Sought {
  readonly kind: Failure['kind']
  readonly name: string
}

/** What has been done so far, by all trials together. */
export interface Spent {
  executions: number
  steps: number
}

export interface TrialOptions {
  readonly params: AnyValues
  readonly wakeOrder: WakeOrder
  readonly maxSteps: number
  readonly sought: Sought
  readonly spent: Spent
}

/** Runs of one scenario with one set of parameters, each judged as the search judges: does it fail in the same way? */
export class Trials {
  readonly options: TrialOptions
  /** Watched in runs that are. */
  readonly ghosts = new Ghosts()
  readonly #simulation: Simulation
  readonly #runOptions: RunOptions

  /** @throws BadInput for parameters that the scenario does not take */
  constructor(scenario: Scenario, options: TrialOptions) {
    this.options = options
    const { ghosts } = this
    const watched = {
      ...scenario,
      ...(scenario.ghost !== undefined && {
        ghost: (params: AnyValues) => ghosts.wrap(scenario.ghost?.(params as never)),
      }),
    }
    const { params, wakeOrder, maxSteps } = options
    this.#simulation = boot(watched, { params, wakeOrder, door: { pick: () => 0 } })
    this.#runOptions = { maxSteps }
  }

  /** Makes one run. Returns the failure, if it is the one that is sought. */
  judge(decider: Decider, { watch = false } = {}): Failure | null {
    const { sought, spent } = this.options
    const simulation = this.#simulation
    const { machine } = simulation
    const { ghosts } = this
    const watched = watch && !ghosts.opaque
    machine.kernel.door = decider
    try {
      ghosts.begin(watched)
      simulation.start()
      // Programs have it behind proxies by now; what invariants do with it is of no interest.
      simulation.ghost = ghosts.bare(simulation.ghost)
      ghosts.clear()
      if (!decider.begin(simulation, 0)) return null
      spent.executions += 1
      const { failure } = run(simulation, decider, this.#runOptions)
      return failure !== null && failure.kind === sought.kind && failure.name === sought.name ? failure : null
    } catch (error) {
      if (watched && error instanceof BadInput) ghosts.opaque = true // perhaps it was the watching
      // With other parameters, or in another order, a program may not be usable: that is not the failure.
      if (error === GIVEN_UP || error instanceof BadInput) return null
      throw error
    } finally {
      spent.steps += machine.steps
    }
  }

  /** Makes one run within limits. Returns what it was, if it fails as it should. */
  make(decider: Decider, limits: Limits): Failing | null {
    const noted = new Noted(decider, limits)
    const failure = this.judge(noted)
    if (failure === null) return null
    const { moves, preemptions, steps, strokes, switches, picks } = noted
    return { moves, failure, preemptions, steps, strokes, switches, picks }
  }
}
