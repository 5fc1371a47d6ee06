import { isExpected } from '../../explore/index.ts'
import { BadInput, type Scenario } from '../../kernel/index.ts'
import {
  type Costs,
  type Dispatcher,
  dispatcher,
  type Ending,
  type Failure,
  measuresOf,
  type OnMachine,
  type TotalMeasures,
} from '../../scheduler/index.ts'
import { type TimedRunOptions, timedRun } from '../timed-run.ts'
import { type Figures, figuresOf } from './figures.ts'

/** One scenario under each policy, on each number of CPUs, with each seed. */

export interface Asked {
  /** As `--policy` names them. */
  readonly policies: readonly string[]
  readonly cpus: readonly number[]
  /** So many, '1', '2' … */
  readonly seeds: number
  readonly on: Omit<OnMachine, 'cpus' | 'recorder'> & { readonly costs: Costs }
  readonly boot: TimedRunOptions
}

export interface Run {
  readonly seed: string
  readonly ending: Ending
  readonly failure: Failure | null
  /** It came to its end, or failed as the scenario says that it does. Only such runs are compared. */
  readonly counts: boolean
  readonly steps: number
  readonly figures: Figures
  readonly totals: TotalMeasures
}

export interface Cell {
  /** As it was asked for, and with all its parameters. */
  readonly policy: string
  readonly name: string
  readonly cpus: number
  /** One for each seed; but one alone where nothing was drawn, as all others would be the same. */
  readonly runs: readonly Run[]
  readonly drawn: boolean
}

/**
 * Rows by number of CPUs, then by policy, as they were asked for.
 * @param onRun told after each run how many are done, of how many at most
 * @throws BadInput before the first run for a policy or a machine that there is not
 */
export function compare(
  scenario: Scenario,
  asked: Asked,
  onRun: (done: number, most: number) => void = () => {},
): Cell[] {
  const { policies, cpus, seeds } = asked
  const places = cpus.flatMap((number) => policies.map((policy) => ({ policy, cpus: number })))
  const made = places.map((place) => ({ ...place, under: under(place, '1', asked) }))
  const names = new Map<string, string>()
  for (const { policy, under } of made) {
    const other = names.get(under.name) ?? policy
    if (other !== policy) throw new BadInput(`'${other}' and '${policy}' are the same policy; name it once`)
    names.set(under.name, policy)
  }
  let done = 0
  const told = (more: number): void => {
    done += more
    onRun(done, places.length * seeds)
  }
  return made.map(({ policy, cpus, under: first }) => {
    const runs = [oneRun(scenario, first, '1', asked)]
    const drawn = first.random.drawn
    told(drawn ? 1 : seeds)
    for (let seed = 2; drawn && seed <= seeds; seed++) {
      runs.push(oneRun(scenario, under({ policy, cpus }, String(seed), asked), String(seed), asked))
      told(1)
    }
    return { policy, name: first.name, cpus, runs, drawn }
  })
}

const under = ({ policy, cpus }: { policy: string; cpus: number }, seed: string, { on }: Asked): Dispatcher =>
  dispatcher(policy, seed, { ...on, cpus })

function oneRun(scenario: Scenario, decider: Dispatcher, seed: string, { boot }: Asked): Run {
  const { ending, failure, steps } = timedRun(scenario, decider, boot)
  const counts = failure === null ? ending === 'done' : isExpected(scenario.expect, failure)
  const measures = measuresOf(decider)
  return { seed, ending, failure, counts, steps, figures: figuresOf(measures), totals: measures.totals }
}
