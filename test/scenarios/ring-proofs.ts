import { join } from 'node:path'
import { type Exploration, explore } from '../../explore/index.ts'
import type { AnyValues } from '../../kernel/index.ts'
import { loadScenarioFile } from '../../trace/scenario-file.ts'

/**
 * What is proved of the algorithms of ipc/ring, as scenarios/ring has them: every schedule of these sizes is made, but for those
 * that differ only in the order of independent steps. `npm run stress -- proofs` makes all of them, `npm test` the short ones.
 */
export interface Proof {
  readonly name: string
  readonly params: AnyValues
  /** `dpor:preemptions=k` proves what there is up to so many preemptions. Default: `dpor`. */
  readonly strategy?: string
  /** Somebody dies: before its first call, its second, and so on, each of them a search of its own. */
  readonly dies?: string
  /** In `npm test`, too. */
  readonly short?: boolean
}

const short = (name: string, params: AnyValues, dies?: string): Proof => ({
  name,
  params,
  short: true,
  ...(dies === undefined ? {} : { dies }),
})
const long = (name: string, params: AnyValues, dies?: string): Proof => ({ ...short(name, params, dies), short: false })
const bounded = (preemptions: number, name: string, params: AnyValues, dies?: string): Proof => ({
  ...long(name, params, dies),
  strategy: `dpor:preemptions=${preemptions}`,
})

export const proofs: readonly Proof[] = [
  short('protocol', { closes: 'publisher', positions: 2 }),
  short('protocol', { closes: 'another', positions: 1 }),
  short('ends', { others: 2 }),
  short('spsc', { messages: 3, closes: 'nobody' }),
  short('spsc', { closes: 'nobody', slots: 1, lump: 1, start: -2 }),
  short('spsc', { messages: 3, closes: 'consumer', held: 2 }),
  short('spsc', { messages: 1, closes: 'outside' }),
  short('spsc', { closes: 'nobody', messages: 1 }, 'producer'),
  short('spsc', { closes: 'nobody', messages: 1 }, 'consumer'),
  short('records', { records: 2, closes: true }),
  short('records', { records: 1, longest: 1, words: 2 }, 'producer'),
  short('records', { records: 1, longest: 1, words: 2 }, 'consumer'),
  short('mpsc', { lanes: 1, closes: true }),
  short('mpsc', { lanes: 1 }, 'producer1'),
  short('mpmc', { slots: 2, start: -2 }),
  short('mpmc', { slots: 2, start: 2 ** 21 - 1 }),
  short('mpmc', { slots: 2, messages: 2 }),
  { ...bounded(1, 'mpmc', { closes: true }, 'producer1'), short: true },
  { ...bounded(1, 'mpmc', { closes: true }, 'consumer1'), short: true },

  long('mpmc', { closes: true }, 'producer1'),
  long('mpmc', { closes: true }, 'consumer1'),
  long('spsc', { messages: 3 }),
  long('spsc', { messages: 2, closes: 'nobody', slots: 1, lump: 1 }, 'producer'),
  long('spsc', { messages: 2, closes: 'nobody', slots: 1, lump: 1 }, 'consumer'),
  long('spsc', { messages: 1 }, 'producer'),
  long('spsc', { messages: 1 }, 'consumer'),
  long('records', { closes: true }),
  long('records', { records: 2, closes: true }, 'producer'),
  long('records', { records: 2, closes: true }, 'consumer'),
  long('mpsc', {}),
  long('mpsc', { closes: true }),
  long('mpsc', {}, 'producer1'),
  long('mpmc', { slots: 2, messages: 3 }),
  long('mpmc', { messages: 2, closes: true }),
  long('mpmc', { slots: 2, messages: 2, closes: true }),
  bounded(3, 'spsc', { messages: 4, closes: 'outside' }),
  bounded(3, 'records', { records: 4, closes: true }),
  bounded(2, 'mpsc', { messages: 2, slots: 2, closes: true }),
  bounded(3, 'mpmc', { slots: 2, messages: 3, closes: true }),
  bounded(2, 'mpmc', { producers: 2, consumers: 2, slots: 2, closes: true }),
]

const folder = join(import.meta.dirname, '../../scenarios/ring')

export interface Proved {
  readonly runs: number
  /** The search that did not come to what was to be proved; `null`: all did. */
  readonly wrong: Exploration | null
  /** Before so many calls somebody died. */
  readonly deaths: number
}

/** @param runsMax of each search */
export async function prove({ name, params, strategy = 'dpor', dies }: Proof, runsMax: number): Promise<Proved> {
  const { scenario } = await loadScenarioFile(join(folder, `${name}.ts`))
  const search = (more: AnyValues): Promise<Exploration> =>
    explore(scenario, { strategy, params: { ...params, ...more }, executions: runsMax })
  const isProved = ({ verdict }: Exploration): boolean => verdict === (strategy === 'dpor' ? 'proved' : 'bounded')
  if (dies === undefined) {
    const found = await search({})
    const isRight = isProved(found) && found.neverReached.length === 0
    return { runs: found.executions, wrong: isRight ? null : found, deaths: 0 }
  }
  let runs = 0
  for (let at = 1; ; at++) {
    const found = await search({ dies, at })
    runs += found.executions
    if (!isProved(found)) return { runs, wrong: found, deaths: at }
    // Behind its last call.
    if (found.neverReached.length > 0) return { runs, wrong: null, deaths: at - 1 }
  }
}
