import stringWidth from 'fast-string-width'
import type { Stretch } from '../../scheduler/index.ts'
import type { Colors } from '../terminal.ts'
import {
  byThread,
  type Column,
  columnsOf,
  noTime,
  type OverTime,
  partsOf,
  roundStep,
  type Scale,
  SWITCHING,
} from './over-time.ts'
import { cut, largest, pad } from './table.ts'
import { time } from './time.ts'

/** A run over time: a row for each CPU, and for each thread, what it did shown by shade. */

export interface Chart extends OverTime {
  readonly width: number
  readonly colors: Colors
}

const RUNNING = '█'
const READY = '▒'
/** For time to pass, for a device, and for what has no letter. */
const BLOCKED = '·'
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Objects that have a letter, unless all is to be drawn. */
const OBJECTS_MAX = 8
/** A CPU that is never, seldom, half, mostly and always taken in the time that a column stands for. */
const LOADS = [' ', '░', '▒', '▓', '█'] as const
const NAME_MAX = 24
/** Columns that a unit of time has at most. */
const STRETCH_MAX = 4
/** Columns between two marks on the scale, at least. */
const MARK = 10

export function gantt(chart: Chart): string[] {
  const { stretches, from, to, cpus, width, colors, coarse, rowsMax } = chart
  const span = to - from
  if (span <= 0) return [noTime(coarse)]
  const threads = [...byThread(stretches, chart.threads)]
  const several = cpus.length > 1
  const shown = threads.slice(0, rowsMax)
  const names = [...shown.map(([thread]) => thread), ...(several ? cpus.map(({ cpu }) => `CPU ${cpu}`) : [])]
  const margin = Math.min(NAME_MAX, largest(names.map((name) => stringWidth(name)))) + 2
  const room = Math.max(10, width - margin)
  const columns = span <= room ? span * Math.min(STRETCH_MAX, Math.floor(room / span)) : room
  const scale = { from, per: span / columns, columns }
  const label = (name: string): string => pad(cut(name, margin - 2), margin)

  const lines = [`${label('')}${marks(span, columns, from, coarse)}`]
  if (several)
    for (const { cpu } of cpus.slice(0, rowsMax)) {
      const own = stretches.filter((one) => one.activity === 'running' && one.cpu === cpu)
      const cells = columnsOf(
        own.flatMap((one) => partsOf(one, 'busy')),
        scale,
      ).map((column) => cpuSign(column, scale))
      lines.push(`${colors.bold(label(`CPU ${cpu}`))}${cells.join('')}`.trimEnd())
    }
  const letters = lettersOf(stretches, rowsMax === Number.POSITIVE_INFINITY ? LETTERS.length : OBJECTS_MAX)
  for (const [thread, own] of shown) {
    const cells = columnsOf(
      own.flatMap((one) => partsOf(one, shade(one, several, letters))),
      scale,
    )
    const drawn = cells.map((column) => most(column)).map((sign) => paint(sign, colors))
    lines.push(`${label(thread)}${drawn.join('')}`.trimEnd())
  }
  const switches = lines.some((line) => line.includes(SWITCHING))
  if (threads.length > rowsMax) lines.push(`${label('⋮')}${threads.length - rowsMax} more (--full draws them)`)
  const running = several ? '0 1 2 … running, on that CPU' : `${RUNNING} running`
  const signs = [running, `${READY} ready`, ...(switches ? [`${SWITCHING} switching`] : []), `${BLOCKED} blocked`]
  lines.push('', signs.join('   '), ...objectLines(letters, width))
  return lines
}

/** Objects by their letters, those first that were waited for first; of many those that were waited for the longest. */
function lettersOf(stretches: readonly Stretch[], most: number): Map<string, string> {
  const waited = new Map<string, number>()
  for (const { activity, object, from, to } of stretches.toSorted((a, b) => a.from - b.from))
    if (activity === 'waiting' && object !== null && !isTime(object))
      waited.set(object, (waited.get(object) ?? 0) + to - from)
  const least = [...waited.values()].toSorted((a, b) => b - a)[most - 1] ?? 0
  const kept = [...waited].filter(([, ns]) => ns >= least).slice(0, most)
  return new Map(kept.map(([object], at) => [object, LETTERS[at] ?? BLOCKED]))
}

/** As sleep, io and wait_period call what they wait for. */
const isTime = (object: string): boolean => / to pass$|^I\/O$|^the next period$/.test(object)

function objectLines(letters: ReadonlyMap<string, string>, width: number): string[] {
  const lines: string[] = []
  for (const [object, letter] of letters) {
    const text = `${letter} on ${object}`
    const last = lines.at(-1)
    if (last === undefined || stringWidth(last) + stringWidth(text) + 3 > width) lines.push(text)
    else lines[lines.length - 1] = `${last}   ${text}`
  }
  return lines
}

/** Of CPUs with more than one sign to their number the last counts. */
function shade({ activity, cpu, object }: Stretch, several: boolean, letters: ReadonlyMap<string, string>): string {
  switch (activity) {
    case 'running':
      return several ? (String(cpu).at(-1) ?? RUNNING) : RUNNING
    case 'ready':
      return READY
    case 'waiting':
      return (object === null ? undefined : letters.get(object)) ?? BLOCKED
    default:
      return activity satisfies never
  }
}

function paint(sign: string, colors: Colors): string {
  if (sign === ' ') return sign
  if (sign === READY) return colors.yellow(sign)
  if (sign === SWITCHING) return colors.red(sign)
  if (sign === BLOCKED) return colors.dim(sign)
  return LETTERS.includes(sign) ? colors.cyan(sign) : colors.green(sign)
}

const load = (part: number): string => LOADS[part <= 0 ? 0 : Math.min(4, Math.ceil(part * 4 - 1e-9))] ?? ' '

/** How much of it the CPU was taken; with another sign where that was mostly for switching. */
function cpuSign(column: Column, { per }: Scale): string {
  const busy = column.get('busy') ?? 0
  const switching = column.get(SWITCHING) ?? 0
  return switching > busy ? SWITCHING : load((busy + switching) / per)
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
