import fc from 'fast-check'
import { expectationOf } from '../../explore/index.ts'
import { BadInput, type Expectation, type Scenario, type World } from '../../kernel/index.ts'
import { type Ending, type Outcome, readSchedule, replay, writeSchedule } from '../../scheduler/index.ts'
import type { LoadedScenario } from '../../trace/index.ts'
import { type Deviation, deviating, noting } from './deviating.ts'
import { type Made, Stage, type Staging, scenarioOf } from './stage.ts'

/** Schedules as values of a property. */

/** A schedule as data, and what comes of it: it prints, is JSON, and its choices can be given to the command line. */
export interface ScheduleData {
  /** As `ipclab run FILE --schedule` takes it: `P*3 C !P`. */
  readonly choices: string
  /** Switches away from a thread that could have gone on. */
  readonly preemptions: number
  readonly steps: number
  readonly ending: Ending
  /** `deadlock`, `violates: NAME`, `error: CODE`, `step limit`, as in a scenario's `expect`; `null` when all holds. */
  readonly failure: Expectation | null
}

export interface ScheduleOptions extends Staging {
  /** A schedule departs from the plainest one within so many steps of each thread. Default: what trial runs have, and some more. */
  readonly lengthMax?: number
  /** How often a schedule departs from the plainest one, in fast-check's sizes. Default: fast-check's own. */
  readonly size?: fc.SizeForArbitrary
}

const TRIALS = 5
const TAKE_MAX = 0xffff

/**
 * An arbitrary whose values are schedules of the scenario. The plainest schedule lets the running thread go on as long
 * as it can; values shrink towards it, so that what is left of a failing one are the switches that it takes.
 * When every thread could have taken `lengthMax` steps chance decides, always the same, or one that spins would go on
 * for ever.
 */
export function schedules(given: Scenario | LoadedScenario, options: ScheduleOptions = {}): fc.Arbitrary<ScheduleData> {
  const stage = new Stage(given, options)
  const trial = tried(stage)
  const lengthMax = atLeastOne(options.lengthMax ?? trial.length)
  const deviation = fc.tuple(fc.nat(trial.threads), fc.nat(lengthMax - 1), fc.nat(TAKE_MAX))
  const { size } = options
  const deviations = fc.array<Deviation>(deviation, { size: size ?? '=' })
  const title = scenarioOf(given).title

  function read(value: unknown): Deviation[] {
    const { choices } = value as Partial<ScheduleData>
    if (typeof choices !== 'string') throw new BadInput(`no schedule of '${title}'`)
    const decider = noting(replay(readSchedule(choices)))
    stage.run(decider)
    return decider.deviations.filter(([, at]) => at < lengthMax)
  }
  return deviations.map((points) => dataOf(stage.run(deviating(points, lengthMax * trial.threads))), read)
}

/** How many threads there are, and how many steps one of them takes, and some more. */
function tried(stage: Stage): { readonly threads: number; readonly length: number } {
  let threads = 1
  let length = 1
  for (let trial = 0; trial <= TRIALS; trial++) {
    const decider = deviating([], trial === 0 ? Infinity : 0, `trial ${trial}`)
    const { ending } = stage.run(decider)
    threads = Math.max(threads, decider.progress.threads)
    // A run in which a thread spins for ever says nothing of those that end; when all do, the last has to do.
    const endless = ending === 'step limit' && (length > 1 || trial < TRIALS)
    if (!endless) length = Math.max(length, decider.progress.length)
  }
  return { threads, length: Math.ceil(length * 1.25) }
}

function atLeastOne(lengthMax: number): number {
  if (!Number.isInteger(lengthMax) || lengthMax < 1)
    throw new BadInput(`lengthMax takes a whole number of at least 1, not ${lengthMax}`)
  return lengthMax
}

function dataOf({ ending, failure, schedule: { choices, preemptions, steps } }: Made): ScheduleData {
  return {
    choices: writeSchedule(choices),
    preemptions,
    steps,
    ending,
    failure: failure === null ? null : expectationOf(failure),
  }
}

/** What came of following a schedule. */
export interface Followed extends Outcome {
  /** The schedule as it was followed to its end. */
  readonly schedule: ScheduleData
  /** The state in which it ended: parameters, what setup returned, ghost variables, memory. */
  readonly world: World
}

/**
 * Makes the run of a schedule: a value of `schedules`, or choices as a person writes them (`P*3 C`), behind whose end
 * the running thread goes on.
 * @throws Departure when the scenario can't go that way
 */
export function follow(
  given: Scenario | LoadedScenario,
  schedule: ScheduleData | string,
  options: Staging = {},
): Followed {
  const choices = typeof schedule === 'string' ? schedule : schedule.choices
  const made = new Stage(given, options).run(replay(readSchedule(choices)))
  const { ending, failure, simulation } = made
  return { ending, failure, schedule: dataOf(made), world: simulation.world }
}
