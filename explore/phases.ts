import { BadInput } from '../kernel/index.ts'
import {
  byTurns,
  type Choice,
  type Decider,
  type Dfs,
  decider,
  dfs,
  type Logged,
  logged,
  prefixed,
} from '../scheduler/index.ts'
import type { Unit } from './search/unit.ts'

/** A search in parts: each has its strategy and its share of the budget. */
export interface Phase {
  readonly name: string
  /** Its runs are made by several, and the decider's name says by which. */
  readonly mixed?: true
  /** Of its strategy, for what there is to know about that. */
  readonly decider: Decider
  /** The same, where it is a depth-first search: those can be made in parts. */
  readonly dfs: Dfs | null
  readonly executionsMax: number
  /** Asked after so many of its runs, once: whether there is sense in going on with it. */
  readonly review: { readonly after: number; readonly goOn: (decider: Decider) => boolean } | null
  /** What decides in the runs of a unit of this phase. */
  make(unit: Unit): Making
}

export interface Making {
  readonly decider: Logged
  readonly dfs: Dfs | null
}

/** What the default draws from: each has a bias of its own, and none is the best for every bug. */
const SAMPLERS = ['random', 'pos', 'surw', 'pct'] as const

/** By which search that proves it goes on. */
const PORTFOLIOS: { readonly [name: string]: string } = { portfolio: 'dpor', 'portfolio:refined': 'dpor:refined' }

/** Runs of each sampler before the default turns to a search that proves. */
const SAMPLES = 250

/** Of its budget a search that proves has a tenth to show that it will get through. */
const TRIAL = 10

/**
 * The phases of a strategy. `portfolio`, the default: the samplers by turns; then one schedule of each kind that order
 * makes a difference to, which proves; and when those are seen to be too many, schedules with few preemptions, fewest first.
 * @param prefix choices that every run begins with
 */
export function phasesOf(strategy: string, seed: string, executionsMax: number, prefix: readonly Choice[]): Phase[] {
  const from = (made: Decider): Logged => logged(prefix.length === 0 ? made : prefixed(prefix, made))

  /** Each block of a sampler's runs has numbers of its own, and can be made without those before it. */
  function sampler(name: string, executionsMax: number): Phase {
    const make = ({ from: first }: Unit): Making => ({
      decider: from(decider(name, first === 0 ? seed : `${seed}/${first}`)),
      dfs: null,
    })
    return { name, decider: decider(name, seed), dfs: null, executionsMax, review: null, make }
  }

  function samplers(executionsMax: number): Phase {
    const all = (of: string): Decider => byTurns(SAMPLERS.map((name) => decider(name, of)))
    const make = ({ from: first }: Unit): Making => ({
      decider: from(all(first === 0 ? seed : `${seed}/${first}`)),
      dfs: null,
    })
    return { name: 'samplers', mixed: true, decider: all(seed), dfs: null, executionsMax, review: null, make }
  }

  function depthFirst(name: string, all: Dfs, executionsMax: number): Phase {
    function make({ part }: Unit): Making {
      const inner = all.of(part)
      return { decider: from(inner), dfs: inner }
    }
    return { name, decider: all, dfs: all, executionsMax, review: null, make }
  }

  function whole(name: string, executionsMax: number, review: Phase['review'] = null): Phase {
    const make = (): Making => ({ decider: from(decider(name, seed)), dfs: null })
    return { name, decider: decider(name, seed), dfs: null, executionsMax, review, make }
  }

  const proving = PORTFOLIOS[strategy]
  if (proving === undefined) {
    const made = decider(strategy, seed, ['portfolio'])
    if (made.keepsTime && prefix.length > 0)
      throw new BadInput(`${strategy} keeps time, and can't go on from a schedule that others began; use a strategy`)
    if (made.samples === true) return [sampler(strategy, executionsMax)]
    if (isDfs(made)) return [depthFirst(strategy, made, executionsMax)]
    return [whole(strategy, executionsMax)]
  }
  const samples = SAMPLERS.length * Math.min(SAMPLES, Math.ceil(executionsMax / (TRIAL * SAMPLERS.length)))
  const rest = Math.max(0, executionsMax - samples)
  const trial = Math.ceil(rest / TRIAL)
  const goOn = ({ share }: Decider): boolean => (share ?? 1) * TRIAL >= 1
  const few = dfs({ preemptions: Number.MAX_SAFE_INTEGER })
  return [
    samplers(Math.min(samples, executionsMax)),
    whole(prefix.length === 0 ? proving : 'dfs', rest, { after: trial, goOn }),
    depthFirst('dfs:preemptions', few, rest - trial),
  ]
}

const isDfs = (made: Decider): made is Dfs => 'rest' in made
