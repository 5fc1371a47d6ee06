import { BadInput } from '../kernel/index.ts'
import { type Choice, type Decider, type Dfs, decider, dfs, type Logged, logged, prefixed } from '../scheduler/index.ts'
import type { Unit } from './search/unit.ts'

/** A search in parts: each has its strategy and its share of the budget. */
export interface Phase {
  readonly name: string
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

/** Runs of each sampler before the default turns to depth-first search. */
const BURST = 500

/** Of its budget depth-first search has a tenth to show that it will get through. */
const TRIAL = 10

/**
 * The phases of a strategy. `portfolio`, the default: a burst of random walks and one of pct, as most bugs are shallow;
 * then every schedule, depth first, which proves; and when that is seen to be too many, those with few preemptions.
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

  if (strategy !== 'portfolio') {
    const made = decider(strategy, seed, ['portfolio'])
    if (made.keepsTime && prefix.length > 0)
      throw new BadInput(`${strategy} keeps time, and can't go on from a schedule that others began; use a strategy`)
    if (made.samples === true) return [sampler(strategy, executionsMax)]
    if (isDfs(made)) return [depthFirst(strategy, made, executionsMax)]
    return [whole(strategy, executionsMax)]
  }
  const burst = Math.min(BURST, Math.ceil(executionsMax / 20))
  const rest = executionsMax - 2 * burst
  const trial = Math.ceil(rest / TRIAL)
  const goOn = ({ share }: Decider): boolean => (share ?? 1) * TRIAL >= 1
  const few = dfs({ preemptions: Number.MAX_SAFE_INTEGER })
  return [
    sampler('random', burst),
    sampler('pct', burst),
    whole('dfs', rest, { after: trial, goOn }),
    depthFirst('dfs:preemptions', few, rest - trial),
  ]
}

const isDfs = (made: Decider): made is Dfs => 'rest' in made
