import type { Figure } from './figures.ts'
import type { Cell } from './matrix.ts'

/** What many runs say of one figure. */
export interface Spread {
  readonly median: number
  /** The first and the third quartile: half of the runs lie between them. */
  readonly low: number
  readonly high: number
}

/** Over the runs that count and have the figure; `null` where there is none. */
export const spreadIn = ({ runs }: Cell, figure: Figure): Spread | null =>
  spreadOf(runs.flatMap(({ counts, figures }) => (counts && figures[figure] !== null ? [figures[figure]] : [])))

/** Quartiles with linear interpolation between neighbours (R's type 7, Excel's QUARTILE.INC); `null` of none. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] ?? 0
  const above = sorted[Math.ceil(place)] ?? 0
  return below + (above - below) * (place - Math.floor(place))
}
