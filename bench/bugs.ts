import { explore } from '../explore/index.ts'
import { type KnownBug, knownBugs, type Published } from '../test/helpers/known-bugs.ts'

/** How many executions each strategy takes to the first failure of each known bug, beside what others have published. */

const SEEDS = 20
const MOST = 10_000

const SAMPLERS = ['random', 'pct', 'pos', 'surw']
/** These make the same runs whatever the seed. */
const SEEDLESS = ['dfs', 'dpor']
const STRATEGIES = [...SAMPLERS, ...SEEDLESS, 'portfolio']

/** The mean over all seeds; a search that found nothing counts with all that it made. */
interface Mean {
  readonly executions: number
  readonly found: number
  readonly seeds: number
}

async function meanOf({ made, params }: KnownBug, strategy: string): Promise<Mean> {
  const seeds = SEEDLESS.includes(strategy) ? 1 : SEEDS
  let found = 0
  let all = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const { verdict, executions } = await explore(made, { params, strategy, seed, executions: MOST, shrink: false })
    all += executions
    if (verdict === 'failed') found += 1
  }
  return { executions: all / seeds, found, seeds }
}

/** `*`: not with every seed; `-`: with none. */
function inWords({ executions, found, seeds }: Mean): string {
  if (found === 0) return '-'
  return `${executions < 10 ? executions.toFixed(1) : Math.round(executions)}${found < seeds ? '*' : ''}`
}

const COLUMNS: readonly (readonly [heading: string, of: (published: Published) => string | number | undefined])[] = [
  ['random', ({ surw_artifact_mean_schedules_to_first_bug: surw }) => surw?.random],
  ['pct', ({ surw_artifact_mean_schedules_to_first_bug: surw }) => surw?.pct3],
  ['pos', ({ surw_artifact_mean_schedules_to_first_bug: surw }) => surw?.pos],
  ['surw', ({ surw_artifact_mean_schedules_to_first_bug: surw }) => surw?.surw],
  ['pct', ({ rff_artifact: rff }) => trials(rff?.pct3)],
  ['pos', ({ rff_artifact: rff }) => trials(rff?.pos)],
  ['rff', ({ rff_artifact: rff }) => trials(rff?.rff)],
  ['PERIOD', ({ period_reported_schedules: period }) => period],
  ['Maple', ({ maple_alg: maple }) => (maple === undefined ? undefined : maple.found ? maple.schedules : '-')],
]

type Trials = NonNullable<Published['rff_artifact']>[string]

function trials(made: Trials | undefined): string | undefined {
  if (made === undefined) return undefined
  const { found, trials, mean_schedules: mean } = made
  return mean === null ? '-' : `${Math.round(mean)}${found < trials ? '*' : ''}`
}

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(27) : cell.padStart(i <= STRATEGIES.length ? 9 : 7))).join(' ')

export async function bench(): Promise<void> {
  console.log(`  mean executions to the first failure over ${SEEDS} seeds, at most ${MOST} each`)
  console.log(
    '  * not with every seed, - with none; beside them, of the C programs: SURW artifact, RFF artifact, PERIOD, Maple',
  )
  console.log(`  ${row(['', ...STRATEGIES, 'ratio', ...COLUMNS.map(([heading]) => heading)])}`)
  const ratios: number[] = []
  for (const bug of knownBugs) {
    const means = new Map<string, Mean>()
    for (const strategy of STRATEGIES) means.set(strategy, await meanOf(bug, strategy))
    const of = (strategy: string): number => means.get(strategy)?.executions ?? Number.NaN
    const ratio = of('portfolio') / Math.min(...SAMPLERS.map(of))
    ratios.push(ratio)
    const published = COLUMNS.map(([, cell]) => String((bug.figures.published && cell(bug.figures.published)) ?? ''))
    console.log(`  ${row([bug.id, ...[...means.values()].map(inWords), ratio.toFixed(2), ...published])}`)
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  console.log(
    `  portfolio, beside the best sampler of each: at most ${Math.max(...ratios).toFixed(2)} times as many (limit ${SAMPLERS.length}), ` +
      `${mean.toFixed(2)} times in the geometric mean (limit 2)`,
  )
}
