import { explore } from '../explore/index.ts'
import type { Scenario } from '../kernel/index.ts'
import type { Params } from '../test/conformance/explorer-programs.ts'
import { programOf } from '../test/conformance/explorer-scenario.ts'
import { median, processorSeconds, ratio, table, thousands } from './table.ts'

/**
 * The explorer beside others, whose figures were measured on such a machine as issue 4 says: one core, quiet, ±30 %.
 * Ours go through `explore`, checks for deadlock on, in processor time, which other work on the machine changes little.
 * What is compared is measured in turns.
 */

const SAMPLED_ROUNDS = 5
const EXHAUSTED_ROUNDS = 3

/** Whoever can never go on is looked for in every run; data races, which those others take no look at, are not. */
const program = (name: string, params: Params): Scenario => ({
  ...programOf(name, params),
  deadlocks: 'all',
  races: 'ignore',
})

interface Sampled {
  readonly name: string
  readonly scenario: Scenario
  readonly executions: number
  readonly loom: string
  readonly shuttle: string
  readonly relacy: string
  /** Executions a second. */
  readonly toReach: number
}

const SAMPLED: readonly Sampled[] = [
  {
    name: 'counter-rw N=3 K=2',
    scenario: program('counter-rw', { N: 3, K: 2 }),
    executions: 60_000,
    loom: '3k',
    shuttle: '114k',
    relacy: '1010k',
    toReach: 500_000,
  },
  {
    name: 'boundedbuf P=2 K=2',
    scenario: program('boundedbuf', { P: 2, K: 2, CAP: 4 }),
    executions: 40_000,
    loom: '–',
    shuttle: '91k',
    relacy: '620k',
    toReach: 350_000,
  },
  {
    name: 'philosophers ordered, 5',
    scenario: program('philo-ordered', { N: 5 }),
    executions: 30_000,
    loom: '–',
    shuttle: '49k',
    relacy: '540k',
    toReach: 250_000,
  },
  {
    name: 'lastzero N=8',
    scenario: program('lastzero', { N: 8 }),
    executions: 20_000,
    loom: '–',
    shuttle: '46k',
    relacy: '330k',
    toReach: 150_000,
  },
]

interface Exhausted {
  readonly name: string
  readonly scenario: Scenario
  readonly traces: number
  readonly others: string
  /** Seconds; `null` where only the number of executions counts. */
  readonly toReach: number | null
}

const EXHAUSTED: readonly Exhausted[] = [
  {
    name: 'boundedbuf P=2 K=2 CAP=4',
    scenario: program('boundedbuf', { P: 2, K: 2, CAP: 4 }),
    traces: 45_152,
    others: 'nidhugg optimal 6.4 s, GenMC 1.6 s',
    toReach: 0.4,
  },
  {
    name: 'counter-rw N=2 K=5',
    scenario: program('counter-rw', { N: 2, K: 5 }),
    traces: 34_904,
    others: 'nidhugg 3.2 s, GenMC 0.9 s',
    toReach: 0.22,
  },
  {
    name: 'lastzero N=12',
    scenario: program('lastzero', { N: 12 }),
    traces: 15_360,
    others: 'GenMC 2.9 s',
    toReach: 0.6,
  },
  { name: 'readers N=13', scenario: program('readers', { N: 13 }), traces: 8_192, others: '', toReach: 0.12 },
  { name: 'indexer N=15', scenario: program('indexer', { N: 15 }), traces: 4_096, others: '', toReach: 0.8 },
  {
    name: 'philosophers ordered, 4',
    scenario: program('philo-ordered', { N: 4 }),
    traces: 14,
    others: 'Loom takes 514 executions for 3',
    toReach: null,
  },
]

/** Seconds that it takes. @throws where it is not explored to the end that is expected, which would be no measure */
async function timed(scenario: Scenario, strategy: string, executions: number, traces: number | null): Promise<number> {
  const from = processorSeconds()
  const made = await explore(scenario, { strategy, executions })
  const seconds = processorSeconds() - from
  const asExpected = traces === null ? made.executions === executions : made.traces === traces
  if (!asExpected || made.failure !== null) throw new Error(`${scenario.title}, ${strategy}: ${made.text}`)
  return seconds
}

export async function samplers(): Promise<void> {
  const strategies = ['random', 'pct']
  const rates = SAMPLED.map(() => strategies.map((): number[] => []))
  for (let round = 0; round < SAMPLED_ROUNDS; round++) {
    for (const [at, { scenario, executions }] of SAMPLED.entries()) {
      for (const [which, strategy] of strategies.entries())
        rates[at]?.[which]?.push(executions / (await timed(scenario, strategy, executions, null)))
    }
  }
  const rows = SAMPLED.map(({ name, loom, shuttle, relacy, toReach }, at) => {
    const ours = (rates[at] ?? []).map(median).flatMap((rate) => [thousands(rate), ratio(rate, toReach)])
    return [name, loom, shuttle, relacy, thousands(toReach), ...ours]
  })
  const head = ['', 'Loom', 'Shuttle random', 'Relacy random', 'to reach', 'random', 'of that', 'pct', 'of that']
  table('samplers, executions a second of processor time', [head, ...rows])
}

export async function exhaustive(): Promise<void> {
  const times = EXHAUSTED.map((): number[] => [])
  for (let round = 0; round < EXHAUSTED_ROUNDS; round++) {
    for (const [at, { scenario, traces }] of EXHAUSTED.entries())
      times[at]?.push(await timed(scenario, 'dpor', traces + 1, traces))
  }
  const rows = EXHAUSTED.map(({ name, traces, others, toReach }, at) => {
    const took = median(times[at] ?? [])
    const limit = toReach === null ? [`${traces} executions`, ''] : [`${toReach} s`, ratio(took, toReach)]
    const ours = toReach === null ? `${traces} executions` : `${took.toFixed(2)} s`
    return [name, traces.toLocaleString('en'), others, limit[0] ?? '', ours, limit[1] ?? '']
  })
  table('exhaustive, dpor, in processor time', [['', 'traces', 'others', 'to reach', 'dpor', 'of that'], ...rows])
}
