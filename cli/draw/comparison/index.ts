import { wrapped } from '../../../explore/index.ts'
import { isCoarse } from '../../../scheduler/index.ts'
import { type LoadedScenario, nameOfFile } from '../../../trace/index.ts'
import { endsOf } from '../../compare/ends.ts'
import { FIGURES } from '../../compare/figures.ts'
import type { Asked, Cell } from '../../compare/matrix.ts'
import { spreadIn } from '../../compare/spread.ts'
import type { Terminal } from '../../terminal.ts'
import { section } from '../run.ts'
import { multiples } from '../svg/multiples.ts'
import { namedInTimes } from '../time.ts'
import { type Column, columnsOf, takesPart } from './columns.ts'
import { HARDLY, summaryLines } from './summary.ts'
import { comparisonTable } from './table.ts'

/** A comparison of policies: what it is of, its table, and what that shows. */

export interface Comparison {
  readonly loaded: LoadedScenario
  readonly asked: Asked
  readonly cells: readonly Cell[]
}

/** What it says, however it is shown. */
export interface Reading {
  readonly machine: string
  readonly columns: readonly Column[]
  readonly notes: readonly string[]
  readonly summary: readonly string[]
  /** Whether the seeds make a difference anywhere. */
  readonly ranges: boolean
}

export function readingOf(comparison: Comparison): Reading {
  const { cells } = comparison
  const columns = columnsOf(cells, isCoarse(comparison.asked.on.costs))
  const summary = summaryLines(cells, columns)
  const ranges = columns.some(({ entries }) => entries.some(({ range }) => range !== null))
  const machine = machineLine(comparison)
  return { machine, columns, summary, ranges, notes: notes(comparison, summary, ranges) }
}

export function drawComparison(comparison: Comparison, terminal: Terminal): void {
  const { loaded, asked, cells } = comparison
  const { colors, width } = terminal
  const { machine, columns, notes, summary } = readingOf(comparison)
  terminal.print([`${colors.bold(loaded.scenario.title)} ${colors.dim(`(${nameOfFile(loaded.file)})`)}`, ''])
  terminal.print([machine, '', ...comparisonTable(cells, columns, colors)])
  const marked = columns.some(({ entries }) => entries.some(({ best }) => best))
  section(
    [
      ...(marked && !colors.isColorSupported
        ? [asked.cpus.length === 1 ? '* the best' : '* the best on as many CPUs']
        : []),
      ...notes,
    ],
    terminal,
  )
  section(
    summary.flatMap((line) => wrapped(line, width)),
    terminal,
  )
}

/** The same as a picture. */
export function comparisonAsPicture(comparison: Comparison): string {
  const { loaded, cells } = comparison
  const { machine, columns, notes, summary, ranges } = readingOf(comparison)
  const several = new Set(cells.map(({ cpus }) => cpus)).size > 1
  const rows = cells.map((cell) => ({
    name: cell.policy,
    group: several ? `${cell.cpus} CPU${cell.cpus === 1 ? '' : 's'}` : null,
    note: endsOf(cell).join(', ') || null,
  }))
  return multiples({
    title: loaded.scenario.title,
    subtitle: machine,
    rows,
    columns,
    ranges: ranges ? 'from the first to the third quartile of the seeds' : null,
    words: summary,
    notes,
  })
}

/** `4 policies on 1, 2 and 4 CPUs, one run queue, costs x86-64`. */
function machineLine({ asked, cells }: Comparison): string {
  const { policies, cpus, on } = asked
  const several = Math.max(...cpus) > 1
  const numbers = cpus.length === 1 ? String(cpus[0]) : `${cpus.slice(0, -1).join(', ')} and ${cpus.at(-1)}`
  const queues = !several ? '' : on.queues === 'per-cpu' ? ', a run queue each' : ', one run queue'
  const seeds = cells.some(({ drawn }) => drawn) ? (asked.seeds === 1 ? ', seed 1' : `, seeds 1 to ${asked.seeds}`) : ''
  return `${counted(policies.length, 'policy', 'policies')} on ${numbers} CPU${several ? 's' : ''}${queues}, costs ${on.costs.name}${seeds}`
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** How the table is to be read. */
function notes(comparison: Comparison, summary: readonly string[], ranges: boolean): string[] {
  const { cells, asked } = comparison
  const rate = isCoarse(comparison.asked.on.costs) ? 'in 1000 units of time' : 'a second'
  const said = [
    ...defaults(cells, isCoarse(comparison.asked.on.costs)),
    `response, turnaround, waiting: means over the processes; throughput: processes ${rate}`,
  ]
  if (ranges)
    said.push(`medians of ${asked.seeds} seeds, and their quartiles; a row without is the same with every seed`)
  else if (asked.seeds > 1)
    said.push(
      cells.some(({ drawn }) => drawn) ? 'every seed that ends well gives the same' : 'every seed gives the same',
    )
  if (summary.some((line) => line.includes(HARDLY))) said.push(`${HARDLY}: their quartiles overlap`)
  if (cells.some((cell) => !takesPart(cell)))
    said.push('only runs that end as the scenario expects count, and a row with one that fails is not compared')
  return said
}

/** `by default eevdf:slice=3ms`: the parameters of policies that were named without any. */
function defaults(cells: readonly Cell[], coarse: boolean): string[] {
  const full = cells.filter(({ policy, name }) => !policy.includes(':') && name.includes(':')).map(({ name }) => name)
  return full.length === 0 ? [] : [`by default ${namedInTimes([...new Set(full)].join(', '), coarse)}`]
}

/** The same as data, for `--json`: the figures and all measures of each run. Times in virtual ns. */
export function comparisonAsData({ loaded, asked, cells }: Comparison): object {
  const { scenario, file } = loaded
  const { costs, queues = 'global' } = asked.on
  return {
    scenario: nameOfFile(file),
    title: scenario.title,
    params: asked.boot.params ?? {},
    costs,
    queues,
    seeds: asked.seeds,
    rows: cells.map((cell) => ({
      policy: cell.policy,
      name: cell.name,
      cpus: cell.cpus,
      sameWithEverySeed: !cell.drawn,
      spread: Object.fromEntries(FIGURES.map((figure) => [figure, spreadIn(cell, figure)])),
      runs: cell.runs.map(({ seed, ending, failure, counts, steps, figures, totals }) => ({
        seed,
        ending,
        failure: failure === null ? null : { kind: failure.kind, name: failure.name, message: failure.message },
        counts,
        steps,
        figures,
        totals,
      })),
    })),
  }
}
