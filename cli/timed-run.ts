import { guarded, SILENCE_MS_MAX } from '../explore/index.ts'
import { type BootOptions, boot, type Machine, type Scenario } from '../kernel/index.ts'
import { type Costs, type Dispatcher, dispatcher, MAX_STEPS, type Outcome, run, unit, x86 } from '../scheduler/index.ts'
import { STEPS_PER_MS } from './recording.ts'

/** Runs under a policy of which no trace is kept. */

export type TimedRunOptions = Pick<BootOptions, 'params' | 'wakeOrder'> & { readonly maxSteps?: number }

export interface Made extends Outcome {
  readonly steps: number
}

/** @throws BadInput for a program that loops without making a call, or a policy under which time hardly goes on */
export function timedRun(scenario: Scenario, decider: Dispatcher, options: TimedRunOptions): Made {
  const maxSteps = options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS
  let machine: Machine | null = null
  const work = (): Made => {
    const simulation = boot(scenario, {
      ...(options.params === undefined ? {} : { params: options.params }),
      wakeOrder: options.wakeOrder ?? scenario.wakeOrder ?? decider.wakeOrder,
      door: decider,
      once: true,
    })
    machine = simulation.machine
    simulation.start()
    decider.begin(simulation, 0)
    return { ...run(simulation, decider, { maxSteps }), steps: simulation.machine.steps }
  }
  return guarded(() => machine, work, SILENCE_MS_MAX + maxSteps / STEPS_PER_MS)
}

const TRIAL_STEPS = 1_000
/** Who takes more units of time a step counts ns. */
const UNITS_MAX = 100

/** What things cost where nobody says: a unit a step, or what they do on x86-64 when programs compute and wait for longer. */
export function usualCosts(scenario: Scenario, options: TimedRunOptions): Costs {
  const trial = dispatcher('fifo', '1', { costs: unit })
  const { steps } = timedRun(scenario, trial, {
    ...options,
    maxSteps: Math.min(TRIAL_STEPS, options.maxSteps ?? TRIAL_STEPS),
  })
  return trial.totals.elapsed > UNITS_MAX * steps ? x86 : unit
}
