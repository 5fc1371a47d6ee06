import type { Histogram, QueueMeasures } from '../../scheduler/index.ts'
import type { Terminal } from '../terminal.ts'
import { table } from './table.ts'
import { short, time } from './time.ts'

/** How long calls, or messages, took: a row for each kind, with percentiles and a small histogram. */

/** Kinds that are drawn of many: those that took the most time in all. */
const ROWS_MAX = 12
/** Columns of a histogram. */
const COLUMNS = 24
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

type Kind = readonly [name: string, times: Histogram, ...more: string[]]

/** @param headings of the name, and of what each kind has behind its times */
export function latencyLines(
  kinds: readonly Kind[],
  [heading, ...more]: readonly [string, ...string[]],
  coarse: boolean,
  rowsMax: number,
  { colors }: Terminal,
): string[] {
  if (kinds.length === 0) return []
  const at = (ns: number): string => time(ns, coarse)
  const sorted = kinds.toSorted(([, a], [, b]) => b.sum - a.sum)
  const shown = sorted.slice(0, Math.max(ROWS_MAX, rowsMax === Number.POSITIVE_INFINITY ? sorted.length : 0))
  const from = Math.min(...shown.map(([, { min }]) => min))
  const to = Math.max(...shown.map(([, { max }]) => max))
  const rows = shown.map(([name, times, ...rest]) => [
    name,
    String(times.count),
    ...[500, 900, 990].map((thousandths) => at(times.percentile(thousandths))),
    at(times.max),
    ...rest,
    shape(times, from, to),
  ])
  if (sorted.length > shown.length) rows.push([`and ${sorted.length - shown.length} more`])
  const scale = to > from ? `${at(from)} … ${at(to)}` : ''
  return table([heading, 'count', 'p50', 'p90', 'p99', 'max', ...more, scale], rows, colors.bold)
}

/** Messages by the queue that they went through: from send to receive, and how many there were in it. */
export function messageLines(
  queues: readonly QueueMeasures[],
  coarse: boolean,
  rowsMax: number,
  terminal: Terminal,
): string[] {
  const kinds = queues
    .filter(({ latency }) => latency.count > 0)
    .map(({ name, unit, latency, lengthMean, lengthMax, dropped, left }): Kind => {
      const sign = unit === 'bytes' ? 'B' : ''
      const others = [dropped > 0 ? `${dropped} lost` : '', left > 0 ? `${left} not received` : '']
      const rest = others.filter((text) => text !== '').join(', ')
      return [name, latency, `${short(lengthMean)}${sign}`, `${lengthMax}${sign}`, rest]
    })
  return latencyLines(kinds, ['send to receive', 'in it', 'at most', ''], coarse, rowsMax, terminal)
}

/** Over times that double from column to column, or less: how many took so long; the highest is the most. */
function shape(times: Histogram, from: number, to: number): string {
  if (to === from) return ''
  const counts = Array.from({ length: COLUMNS }, () => 0)
  const low = log(from)
  const span = log(to) - low
  for (const [first, , count] of times.buckets) {
    const column = Math.min(COLUMNS - 1, Math.floor(((log(first) - low) / span) * COLUMNS))
    counts[Math.max(0, column)] = (counts[Math.max(0, column)] ?? 0) + count
  }
  const most = Math.max(...counts)
  return counts
    .map((count) => (count === 0 ? ' ' : (HEIGHTS[Math.ceil((count / most) * HEIGHTS.length) - 1] ?? '█')))
    .join('')
    .trimEnd()
}

const log = (ns: number): number => Math.log2(ns + 1)

/** The same as data. Times in virtual ns; buckets with both their ends, and how many. */
export const latencyAsData = (times: Histogram): object => ({
  count: times.count,
  mean: times.count === 0 ? null : times.sum / times.count,
  min: times.min,
  p50: times.percentile(500),
  p90: times.percentile(900),
  p99: times.percentile(990),
  max: times.max,
  buckets: times.buckets,
})
