import stringWidth from 'fast-string-width'
import type { CpuMeasures, Stretch } from '../../scheduler/index.ts'
import type { Colors } from '../terminal.ts'
import { cut, pad } from './table.ts'
import { time } from './time.ts'

/** A run over time: a row for each CPU, and for each thread, what it did shown by shade. */

export interface Chart {
  readonly stretches: readonly Stretch[]
  readonly cpus: readonly CpuMeasures[]
  readonly from: number
  readonly to: number
  /** Times are units, not ns. */
  readonly coarse: boolean
  readonly width: number
  readonly colors: Colors
  /** At most so many rows of threads are drawn. */
  readonly rowsMax: number
}

const RUNNING = '█'
const READY = '▒'
const BLOCKED = '·'
/** A CPU that is never, seldom, half, mostly and always taken in the time that a column stands for. */
const LOADS = [' ', '░', '▒', '▓', '█'] as const
const NAME_MAX = 24
/** Columns that a unit of time has at most. */
const STRETCH_MAX = 4
/** Columns between two marks on the scale, at least. */
const MARK = 10

/** What one thread, or one CPU, did in a column: how much of it each thing took. */
type Column = Map<string, number>

export function gantt(chart: Chart): string[] {
  const { stretches, from, to, cpus, width, colors, coarse, rowsMax } = chart
  const span = to - from
  if (span <= 0) return ['no time passed']
  const threads = [...byThread(stretches)]
  const several = cpus.length > 1
  const names = [...threads.map(([thread]) => thread), ...(several ? cpus.map(({ cpu }) => `CPU ${cpu}`) : [])]
  const margin = Math.min(NAME_MAX, Math.max(...names.map((name) => stringWidth(name)))) + 2
  const room = Math.max(10, width - margin)
  const columns = span <= room ? span * Math.min(STRETCH_MAX, Math.floor(room / span)) : room
  const scale = { from, per: span / columns, columns }
  const label = (name: string): string => pad(cut(name, margin - 2), margin)

  const lines = [`${label('')}${marks(span, columns, from, coarse)}`]
  if (several)
    for (const { cpu } of cpus.slice(0, rowsMax)) {
      const own = stretches.filter((one) => one.activity === 'running' && one.cpu === cpu)
      const cells = columnsOf(own, () => 'busy', scale).map((column) => load((column.get('busy') ?? 0) / scale.per))
      lines.push(`${colors.bold(label(`CPU ${cpu}`))}${cells.join('')}`.trimEnd())
    }
  for (const [thread, own] of threads.slice(0, rowsMax)) {
    const cells = columnsOf(own, ({ activity, cpu }) => shade(activity, cpu, several), scale)
    const drawn = cells.map((column) => most(column)).map((sign) => paint(sign, colors))
    lines.push(`${label(thread)}${drawn.join('')}`.trimEnd())
  }
  if (threads.length > rowsMax) lines.push(`${label('⋮')}${threads.length - rowsMax} more (--full draws them)`)
  const running = several ? '0 1 2 … running, on that CPU' : `${RUNNING} running`
  lines.push('', `${running}   ${READY} ready   ${BLOCKED} blocked`)
  return lines
}

function byThread(stretches: readonly Stretch[]): Map<string, Stretch[]> {
  const found = new Map<string, Stretch[]>()
  for (const one of stretches) {
    const own = found.get(one.thread)
    if (own === undefined) found.set(one.thread, [one])
    else own.push(one)
  }
  return found
}

/** Of CPUs with more than one sign to their number the last counts. */
function shade(activity: Stretch['activity'], cpu: number, several: boolean): string {
  switch (activity) {
    case 'running':
      return several ? (String(cpu).at(-1) ?? RUNNING) : RUNNING
    case 'ready':
      return READY
    case 'waiting':
      return BLOCKED
    default:
      return activity satisfies never
  }
}

function paint(sign: string, colors: Colors): string {
  if (sign === ' ') return sign
  if (sign === READY) return colors.yellow(sign)
  return sign === BLOCKED ? colors.dim(sign) : colors.green(sign)
}

const load = (part: number): string => LOADS[part <= 0 ? 0 : Math.min(4, Math.ceil(part * 4 - 1e-9))] ?? ' '

interface Scale {
  readonly from: number
  readonly per: number
  readonly columns: number
}

function columnsOf(stretches: readonly Stretch[], kind: (one: Stretch) => string, { from, per, columns }: Scale) {
  const cells: Column[] = Array.from({ length: columns }, () => new Map())
  for (const one of stretches) {
    const sign = kind(one)
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

/** What took the most of a column; of equals, what came first. */
function most(column: Column): string {
  let best = ' '
  let longest = 0
  for (const [sign, ns] of column)
    if (ns > longest) {
      best = sign
      longest = ns
    }
  return best
}

/** Times above the columns, at round distances. */
function marks(span: number, columns: number, from: number, coarse: boolean): string {
  const step = roundStep((span / columns) * MARK)
  let line = ''
  for (let at = Math.ceil(from / step) * step; at <= from + span; at += step) {
    const column = Math.round(((at - from) / span) * columns)
    const text = `│${time(at, coarse)}`
    if (column >= line.length && column + text.length <= columns) line = pad(line, column) + text
  }
  return line
}

/** The next 1, 2 or 5 of a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  for (const times of [1, 2, 5]) if (times * power >= least) return times * power
  return 10 * power
}
