import { BadInput } from '../kernel/index.ts'
import { type Choice, type Decider, decider, dfs, type Logged, logged, prefixed } from '../scheduler/index.ts'

/** A search in parts: each has its decider and its share of the budget. */
export interface Phase {
  readonly name: string
  readonly decider: Logged
  readonly executionsMax: number
  /** Asked after so many of its runs, once: whether there is sense in going on with it. */
  readonly review: { readonly after: number; readonly goOn: () => boolean } | null
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
  if (strategy !== 'portfolio') {
    const made = decider(strategy, seed, ['portfolio'])
    if (made.keepsTime && prefix.length > 0)
      throw new BadInput(`${strategy} keeps time, and can't go on from a schedule that others began; use a strategy`)
    return [{ name: strategy, decider: from(made), executionsMax, review: null }]
  }
  const burst = Math.min(BURST, Math.ceil(executionsMax / 20))
  const rest = executionsMax - 2 * burst
  const every = dfs()
  const trial = Math.ceil(rest / TRIAL)
  const goOn = (): boolean => (every.share ?? 1) * TRIAL >= 1
  const sampler = (name: string): Phase => ({
    name,
    decider: from(decider(name, seed)),
    executionsMax: burst,
    review: null,
  })
  return [
    sampler('random'),
    sampler('pct'),
    { name: 'dfs', decider: from(every), executionsMax: rest, review: { after: trial, goOn } },
    {
      name: 'dfs:preemptions',
      decider: from(dfs({ preemptions: Number.MAX_SAFE_INTEGER })),
      executionsMax: rest - trial,
      review: null,
    },
  ]
}
