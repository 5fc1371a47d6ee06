import { BETTER } from '../../compare/figures.ts'
import type { Column, Entry } from '../comparison/columns.ts'
import { type Block, legend, lines, PAGE, type Swatch, span } from './layout.ts'
import { element, number, picture, text } from './markup.ts'
import { DARK, EDGE, FAINT, INK, LIGHT, LINE } from './style.ts'
import { fitted, textWidth } from './width.ts'

/** A comparison as a picture: a small chart for each figure, with the same rows in each, so that rows can be followed across. */

export interface Multiples {
  readonly title: string
  readonly subtitle: string
  readonly rows: readonly MultiplesRow[]
  /** With an entry for each row. */
  readonly columns: readonly Column[]
  /** What the lines through the bars are; `null` where there are none. */
  readonly ranges: string | null
  /** What is said below: what it shows, and how it is to be read. */
  readonly words: readonly string[]
  readonly notes: readonly string[]
}

export interface MultiplesRow {
  readonly name: string
  /** Rows of one group stand together under its name; `null` where there is but one. */
  readonly group: string | null
  /** What is to be known of the row besides its figures: it is marked, and this is said below. */
  readonly note: string | null
}

/** Charts side by side. */
const ACROSS = 4
const GAP = 26
const NAME = { size: 12, most: 230, gap: 16 }
const VALUE = 11
const PITCH = 23
const BAR = 13
/** A shorter interval is not drawn. */
const SEEN = 1.5
/** Room for the heading of a chart, and for the name of a group. */
const HEAD = 30
const GROUP = 24

export function multiples(chart: Multiples): string {
  const { title, subtitle, rows, columns, ranges, words, notes } = chart
  const bands: Column[][] = []
  for (let at = 0; at < columns.length; at += ACROSS) bands.push(columns.slice(at, at + ACROSS))
  const parts: string[] = []
  let y = PAGE.margin + 62
  for (const band of bands) {
    const { parts: drawn, bottom } = bandOf(band, rows, y)
    parts.push(...drawn)
    y = bottom + 26
  }
  const keys = legend(
    swatches(
      columns,
      ranges,
      rows.some(({ group }) => group !== null),
    ),
    y + 6,
  )
  const marks = rows.flatMap((row) => (row.note === null ? [] : [`† ${nameOf(row)}: ${row.note}`]))
  const said = lines([...marks, ...words], keys.bottom + 26)
  const read = lines(notes, said.bottom + 24, FAINT)
  return picture({
    title: `${title}: ${subtitle}`,
    description: `Bar charts of ${columns.map(({ figure }) => figure).join(', ')}, a bar for each of ${rows.map(nameOf).join(', ')}. ${words.join('. ')}.`,
    width: PAGE.width,
    height: read.bottom + PAGE.margin - 8,
    definitions: [],
    parts: [
      text(PAGE.margin, PAGE.margin + 16, fitted(title, 20, PAGE.inner, true), { size: 20, bold: true }),
      text(PAGE.margin, PAGE.margin + 38, fitted(subtitle, 12.5, PAGE.inner), { size: 12.5, fill: FAINT }),
      ...parts,
      ...keys.parts,
      ...said.parts,
      ...read.parts,
    ],
  })
}

const nameOf = ({ name, group }: MultiplesRow): string => (group === null ? name : `${name} on ${group}`)

/** Some charts side by side, with the names of their rows on the left. */
function bandOf(columns: readonly Column[], rows: readonly MultiplesRow[], top: number): Block {
  const labels = rows.map(({ name, note }) => (note === null ? name : `${name} †`))
  const widths = [
    ...labels.map((label) => textWidth(label, NAME.size)),
    ...rows.map(({ group }) => textWidth(group ?? '', NAME.size, true)),
  ]
  const nameWidth = Math.min(NAME.most, Math.ceil(Math.max(...widths))) + NAME.gap
  const left = PAGE.margin + nameWidth
  const width = (PAGE.width - PAGE.margin - left - GAP * (ACROSS - 1)) / ACROSS
  const parts: string[] = []
  const middles: number[] = []
  let y = top + HEAD
  rows.forEach(({ group }, at) => {
    if (at === 0 || group !== rows[at - 1]?.group) {
      const end = left + columns.length * (width + GAP) - GAP
      parts.push(element('path', { d: `M${PAGE.margin} ${y + 0.5}H${number(end)}`, stroke: LINE, 'stroke-width': 1 }))
      if (group !== null) {
        const words = fitted(group, NAME.size, nameWidth - NAME.gap, true)
        parts.push(text(PAGE.margin, y + 16, words, { size: NAME.size, bold: true }))
      }
      y += group === null ? 5 : GROUP
    }
    parts.push(text(PAGE.margin, y + PITCH / 2 + 4, fitted(labels[at] ?? '', NAME.size, nameWidth - NAME.gap), NAME))
    middles.push(y + PITCH / 2)
    y += PITCH
  })
  columns.forEach((column, at) => {
    parts.push(...panel(column, { x: left + at * (width + GAP), width, top, bottom: y }, middles))
  })
  return { parts, bottom: y }
}

interface Place {
  readonly x: number
  readonly width: number
  readonly top: number
  readonly bottom: number
}

function panel({ figure, entries }: Column, { x, width, top, bottom }: Place, middles: readonly number[]): string[] {
  const said = BETTER[figure] === 'less' ? 'less is better' : 'more is better'
  const room = width - Math.max(...entries.map((entry) => textWidth(entry.text, VALUE, true))) - 6
  const most = Math.max(...entries.map(({ spread }) => (spread === null ? 0 : Math.max(spread.high, spread.median))))
  const whole = figure === 'fairness' || figure === 'utilisation' ? 1 : most
  const scale = whole > 0 ? room / whole : 0
  return [
    text(x, top + 14, figure, { size: 13, bold: true }),
    text(x + width, top + 14, said, { size: 10.5, fill: FAINT, anchor: 'end' }),
    element('path', { d: `M${number(x)} ${top + HEAD}V${bottom}`, stroke: EDGE, 'stroke-width': 1 }),
    ...entries.flatMap((entry, at) => bar(entry, x, middles[at] ?? 0, scale)),
  ]
}

function bar({ spread, text: words, range, best }: Entry, x: number, middle: number, scale: number): string[] {
  if (spread === null) return [text(x + 6, middle + 4, words, { size: VALUE, fill: FAINT })]
  const { median, low, high } = spread
  const end = range === null ? median : Math.max(median, high)
  const fill = best ? { fill: DARK } : { fill: LIGHT, stroke: EDGE, 'stroke-width': 0.7 }
  return [
    element('rect', { x, y: middle - BAR / 2, width: Math.max(0.5, median * scale), height: BAR, ...fill }),
    ...(range === null || (high - low) * scale < SEEN ? [] : whisker(x + low * scale, x + high * scale, middle)),
    text(x + end * scale + 6, middle + 4, words, { size: VALUE, bold: best }),
  ]
}

/** On white, so that it is seen on dark bars as well. */
function whisker(from: number, to: number, y: number): string[] {
  const d = span(from, to, y)
  return [
    element('path', { d, stroke: '#ffffff', 'stroke-width': 3.2, fill: 'none' }),
    element('path', { d, stroke: INK, 'stroke-width': 1.2, fill: 'none' }),
  ]
}

function swatches(columns: readonly Column[], ranges: string | null, grouped: boolean): Swatch[] {
  const marked = columns.some(({ entries }) => entries.some(({ best }) => best))
  return [
    ...(marked ? [{ fill: DARK, words: grouped ? 'the best of its group' : 'the best' }] : []),
    ...(marked ? [{ fill: LIGHT, words: 'the others' }] : []),
    ...(ranges === null ? [] : [{ fill: null, words: ranges }]),
  ]
}
