import type { CpuMeasures, Stretch } from '../../scheduler/index.ts'

/** What threads did over time, as charts need it. */

/** The run that a chart is of, on a terminal or as a picture. */
export interface OverTime {
  readonly stretches: readonly Stretch[]
  /** In the order in which they are drawn; one that did nothing has no row. */
  readonly threads: readonly string[]
  readonly cpus: readonly CpuMeasures[]
  readonly from: number
  readonly to: number
  /** Times are units, not ns. */
  readonly coarse: boolean
  /** At most so many rows of threads are drawn. */
  readonly rowsMax: number
}

/** Said instead of a chart. Where each step takes a unit nobody has come to the end of one. */
export const noTime = (coarse: boolean): string =>
  coarse ? 'no time passed' : 'no time passed; where costs are zero only compute takes any, so try --cost unit'

/** The stretches of each thread that did something. */
export function byThread(stretches: readonly Stretch[], threads: readonly string[]): Map<string, Stretch[]> {
  const found = new Map<string, Stretch[]>(threads.map((thread) => [thread, []]))
  for (const one of stretches) found.get(one.thread)?.push(one)
  for (const [thread, own] of found) if (own.length === 0) found.delete(thread)
  return found
}

/** What one thread, or one CPU, did in a column: how much of it each thing took. */
export type Column = Map<string, number>

/** Columns that stand for so much time each. */
export interface Scale {
  readonly from: number
  readonly per: number
  readonly columns: number
}

/** The sign of a CPU that goes over to a thread. */
export const SWITCHING = '╱' as const

/** A part of a row that has one sign. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly sign: string
}

/** Of a stretch: what it was switched for, and the rest. */
export function partsOf({ from, to, switching }: Stretch, sign: string): Part[] {
  if (switching === 0) return [{ from, to, sign }]
  return [
    { from, to: from + switching, sign: SWITCHING },
    { from: from + switching, to, sign },
  ]
}

export function columnsOf(parts: readonly Part[], { from, per, columns }: Scale): Column[] {
  const cells: Column[] = Array.from({ length: columns }, () => new Map())
  for (const one of parts) {
    const { sign } = one
    const first = Math.floor((one.from - from) / per)
    const last = Math.min(columns - 1, Math.ceil((one.to - from) / per) - 1)
    for (let at = Math.max(0, first); at <= last; at++) {
      const begin = Math.max(one.from - from, at * per)
      const end = Math.min(one.to - from, (at + 1) * per)
      const cell = cells[at]
      if (end > begin && cell !== undefined) cell.set(sign, (cell.get(sign) ?? 0) + end - begin)
    }
  }
  return cells
}

/** The next 1, 2 or 5 of a power of ten. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  for (const times of [1, 2, 5]) if (times * power >= least) return times * power
  return 10 * power
}
