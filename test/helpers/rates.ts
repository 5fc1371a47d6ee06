import type { AnyValues, Scenario } from '../../kernel/index.ts'
import { type Decider, dfs } from '../../scheduler/index.ts'
import { tally } from './schedules.ts'

/** How often a scenario fails: in so many runs of a sampler, or over all schedules. */

/** The share of failing runs among so many. */
export function rateOf(made: Scenario, params: AnyValues, decider: Decider, samples: number): number {
  const { runs, endings } = tally(made, decider, samples, { params })
  return (runs - (endings.done ?? 0)) / runs
}

/** How many schedules there are, how many of them fail, and with what probability a random walk makes one of these. */
export function exactly(made: Scenario, params: AnyValues) {
  const all = dfs()
  let walk = 1
  const weighed: Decider = {
    ...all,
    begin(simulation, index) {
      walk = 1
      return all.begin(simulation, index)
    },
    next(machine) {
      walk /= machine.ordinary
      return all.next(machine)
    },
    pick(kind, thread, count, options) {
      walk /= count
      return all.pick(kind, thread, count, options)
    },
  }
  let failing = 0
  let probability = 0
  const after = (_: unknown, ending: string): void => {
    if (ending === 'done') return
    failing += 1
    probability += walk
  }
  const { runs } = tally(made, weighed, Number.POSITIVE_INFINITY, { params, after })
  return { schedules: runs, failing, probability }
}

/** How far two shares lie apart, in their combined standard errors. Of one that is exact there are `Infinity` samples. */
export function apart(rate: number, samples: number, known: number, knownSamples: number): number {
  if (rate === known) return 0
  const share = knownSamples === Infinity ? known : (rate * samples + known * knownSamples) / (samples + knownSamples)
  return Math.abs(rate - known) / Math.sqrt(share * (1 - share) * (1 / samples + 1 / knownSamples))
}
