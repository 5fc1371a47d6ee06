import { type AnyValues, boot, type Scenario } from '../../kernel/index.ts'
import { type Decider, dfs, MAX_STEPS, run } from '../../scheduler/index.ts'

/** How often a scenario fails: in so many runs of a sampler, or over all schedules. */

/** The share of failing runs among so many, and the longest of them. */
export function rateOf(made: Scenario, params: AnyValues, decider: Decider, runs: number) {
  const simulation = boot(made, { door: decider, params })
  let failures = 0
  let longest = 0
  for (let index = 0; index < runs; index++) {
    simulation.start()
    decider.begin(simulation, index)
    if (run(simulation, decider, { maxSteps: MAX_STEPS }).failure !== null) failures += 1
    longest = Math.max(longest, simulation.machine.steps)
  }
  return { rate: failures / runs, longest }
}

/** How many schedules there are, how many fail, and with what probability a random walk makes one of these. */
export function exactly(made: Scenario, params: AnyValues) {
  const all = dfs()
  let probability = 1
  const walk: Decider = {
    ...all,
    begin(simulation, index) {
      probability = 1
      return all.begin(simulation, index)
    },
    next(machine) {
      probability /= machine.ordinary
      return all.next(machine)
    },
    pick(kind, thread, count) {
      probability /= count
      return all.pick(kind, thread, count)
    },
  }
  const simulation = boot(made, { door: walk, params })
  const seen = { schedules: 0, failing: 0, probability: 0 }
  for (;;) {
    simulation.start()
    if (!walk.begin(simulation, seen.schedules)) return seen
    seen.schedules += 1
    if (run(simulation, walk, { maxSteps: MAX_STEPS }).failure === null) continue
    seen.failing += 1
    seen.probability += probability
  }
}

/** How far two shares lie apart, in their combined standard errors. Of one that is exact `samples` is `Infinity`. */
export function apart(rate: number, samples: number, known: number, knownSamples: number): number {
  const share = knownSamples === Infinity ? known : (rate * samples + known * knownSamples) / (samples + knownSamples)
  const error = Math.sqrt(share * (1 - share) * (1 / samples + 1 / knownSamples))
  return rate === known ? 0 : Math.abs(rate - known) / error
}
