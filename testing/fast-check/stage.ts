import { type AnyValues, boot, type Scenario, type Simulation, type WakeOrder } from '../../kernel/index.ts'
import { type Decider, MAX_STEPS, type Outcome, run, type Schedule, witnessed } from '../../scheduler/index.ts'
import type { LoadedScenario } from '../../trace/index.ts'

/** With what a scenario is run: as given here, else as the scenario says. */
export interface Staging {
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
  readonly maxSteps?: number
}

export interface Made extends Outcome {
  readonly schedule: Schedule
  /** Stands where the run ended, until the next is made. */
  readonly simulation: Simulation
}

const nobody = { pick: () => 0 }

/** A scenario on which one run is made after another. */
export class Stage {
  readonly #simulation: Simulation
  readonly maxSteps: number

  constructor(given: Scenario | LoadedScenario, { params, wakeOrder, maxSteps }: Staging) {
    const scenario = scenarioOf(given)
    this.maxSteps = maxSteps ?? scenario.maxSteps ?? MAX_STEPS
    this.#simulation = boot(scenario, {
      door: nobody,
      ...(params === undefined ? {} : { params }),
      ...(wakeOrder === undefined ? {} : { wakeOrder }),
    })
  }

  run(by: Decider): Made {
    const simulation = this.#simulation
    const decider = witnessed(by)
    simulation.machine.kernel.door = decider
    simulation.start()
    decider.begin(simulation, 0)
    const { ending, failure } = run(simulation, decider, { maxSteps: this.maxSteps })
    return { ending, failure, schedule: decider.schedule(), simulation }
  }
}

export const scenarioOf = (given: Scenario | LoadedScenario): Scenario => ('files' in given ? given.scenario : given)
