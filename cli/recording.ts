import { type Finding, findings, guarded, SILENCE_MS_MAX } from '../explore/index.ts'
import { boot, type Machine, type Simulation } from '../kernel/index.ts'
import type { Decider } from '../scheduler/index.ts'
import { type LoadedScenario, type RecordOptions, type Review, record, review, type Trace } from '../trace/index.ts'

/** Recording for the commands: with an eye on programs that never make a call. */

/** Of a run that has come to its end once: it only stops what would never end. */
const SECOND_MS_MAX = 120_000

/** Steps that a recording is sure to make in a millisecond. */
export const STEPS_PER_MS = 20

/** As `record`. @throws BadInput for a program that loops without making a call */
export function recordGuarded(loaded: LoadedScenario, options: RecordOptions): Trace {
  let machine: Machine | null = null
  const { params, wakeOrder } = options
  // On a machine of its own, so that a program that is silent from the start can be named.
  guarded(
    () => machine,
    () => {
      const trial = boot(loaded.scenario, {
        door: { pick: () => 0 },
        once: true,
        ...(params === undefined ? {} : { params }),
        ...(wakeOrder === undefined ? {} : { wakeOrder }),
      })
      machine = trial.machine
      trial.start()
      return true
    },
  )
  const watched = noting(options.decider, (simulation) => {
    machine = simulation.machine
  })
  const ms = SILENCE_MS_MAX + (options.maxSteps ?? loaded.scenario.maxSteps ?? 0) / STEPS_PER_MS
  return guarded(
    () => machine,
    () => record(loaded, { ...options, decider: watched }),
    ms,
  )
}

/** The decider, with a word on which machine it is asked to begin. */
function noting(decider: Decider, note: (simulation: Simulation) => void): Decider {
  return {
    name: decider.name,
    keepsTime: decider.keepsTime,
    ...(decider.wakeOrder === undefined ? {} : { wakeOrder: decider.wakeOrder }),
    ...(decider.reduces === undefined ? {} : { reduces: decider.reduces }),
    ...(decider.settings === undefined ? {} : { settings: decider.settings }),
    get complete() {
      return decider.complete
    },
    begin(simulation, index) {
      note(simulation)
      return decider.begin(simulation, index)
    },
    next: (machine) => decider.next(machine),
    pick: (kind, thread, count, label) => decider.pick(kind, thread, count, label),
  }
}

const reviews = new WeakMap<Trace, Review>()

/** The second look at a run, for drawing: taken once. */
export function reviewGuarded(trace: Trace, loaded: LoadedScenario): Review {
  const known = reviews.get(trace)
  if (known !== undefined) return known
  const seen = guarded(
    () => null,
    () => review(trace, loaded),
    SECOND_MS_MAX + trace.header.maxSteps / STEPS_PER_MS,
  )
  reviews.set(trace, seen)
  return seen
}

/** What of a run has a name of its own. */
export const findingsGuarded = (trace: Trace, loaded: LoadedScenario): Finding[] =>
  guarded(
    () => null,
    () => findings(loaded, trace),
    SECOND_MS_MAX + trace.header.maxSteps / STEPS_PER_MS,
  )
