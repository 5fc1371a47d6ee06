import { BETTER, FIGURES, type Figure } from '../../compare/figures.ts'
import type { Cell } from '../../compare/matrix.ts'
import { type Spread, spreadIn } from '../../compare/spread.ts'
import { percent } from '../time.ts'
import { plain, range, times, type Write } from './written.ts'

/** What a comparison shows of one figure: for each row its median, and how far the seeds lie apart. */
export interface Column {
  readonly figure: Figure
  /** In the order of the cells. */
  readonly entries: readonly Entry[]
}

export interface Entry {
  /** Over the runs that count; `null` where there is none. */
  readonly spread: Spread | null
  /** The median, as it is written; `-` where there is none. */
  readonly text: string
  /** `1.8–2.4ms`: the quartiles; `null` where the seeds make no difference to be seen. */
  readonly range: string | null
  /** As good as the best on as many CPUs, where not all are. */
  readonly best: boolean
}

/** The figures that some row has. @param coarse times are units, not ns */
export function columnsOf(cells: readonly Cell[], coarse: boolean): Column[] {
  return FIGURES.map((figure) => column(figure, cells, coarse)).filter(({ entries }) =>
    entries.some(({ spread }) => spread !== null),
  )
}

function column(figure: Figure, cells: readonly Cell[], coarse: boolean): Column {
  const spreads = cells.map((cell) => spreadIn(cell, figure))
  const written = writtenAs(
    figure,
    spreads.flatMap((spread) => (spread === null ? [] : [spread.median])),
    coarse,
  )
  const texts = spreads.map((spread) => (spread === null ? '-' : written(spread.median)))
  const best = bestOf(figure, cells, spreads, texts)
  const entries = spreads.map((spread, at) => ({
    spread,
    text: texts[at] ?? '-',
    range: spread === null ? null : range(spread.low, spread.high, written),
    best: best[at] === true,
  }))
  return { figure, entries }
}

function writtenAs(figure: Figure, medians: readonly number[], coarse: boolean): Write {
  switch (figure) {
    case 'response':
    case 'turnaround':
    case 'waiting':
      return times(medians, coarse)
    case 'throughput':
      return plain(medians, coarse ? 1e-6 : 1)
    case 'utilisation':
      return percent
    case 'fairness':
      return (value) => value.toFixed(3)
    case 'switches':
    case 'missed':
      return plain(medians)
    default:
      return figure satisfies never
  }
}

/** Whoever is written as the best is: nobody is better by what can't be seen. Rows of which runs failed don't take part. */
function bestOf(figure: Figure, cells: readonly Cell[], spreads: readonly (Spread | null)[], texts: readonly string[]) {
  return cells.map(({ cpus }, at) => {
    const rivals = cells.flatMap((cell, other) =>
      cell.cpus === cpus && takesPart(cell) && spreads[other] !== null ? [other] : [],
    )
    const ranked = [...rivals].sort((a, b) => better(figure, spreads[a]?.median ?? 0, spreads[b]?.median ?? 0))
    const top = texts[ranked[0] ?? at]
    return rivals.includes(at) && texts[at] === top && rivals.some((other) => texts[other] !== top)
  })
}

/** Nothing of which a run failed can be called the best; what was given up speaks neither for nor against it. */
export const takesPart = ({ runs }: Cell): boolean =>
  runs.every(({ counts, failure }) => counts || failure === null) && runs.some(({ counts }) => counts)

/** Negative when `a` is the better one. */
export const better = (figure: Figure, a: number, b: number): number => (BETTER[figure] === 'less' ? a - b : b - a)
