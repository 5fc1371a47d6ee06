import { byThread, noTime, type OverTime, roundStep, SWITCHING } from '../over-time.ts'
import { time } from '../time.ts'
import { columnsIn, type Span, stacked } from './bands.ts'
import { legend, lines, PAGE, type Swatch } from './layout.ts'
import { element, number, picture, text } from './markup.ts'
import { beginnings, cpuRow, type Row, STATES, type State, threadRow } from './rows.ts'
import { BLOCKED, DARK, FAINT, INK, LINE, PALE, PATTERNS, READY, SWITCH } from './style.ts'
import { fitted, textWidth } from './width.ts'

/** A run over time as a picture: a row for each CPU, and for each thread, with a scale above and what it came to below. */

export interface Timeline extends OverTime {
  readonly title: string
  /** Policy, machine, costs. */
  readonly subtitle: string
  /** What is said below: how it ended, and what it came to. */
  readonly words: readonly string[]
}

const NAME = { size: 12, most: 200, gap: 14 }
const LABEL = 10
const SCALE = 10.5
/** What is narrower than this is seen as what follows it. */
const SEEN = 0.7
/** Marks on the scale are at least so far apart. */
const MARK = 88

export function timeline(chart: Timeline): string {
  const { title, subtitle, stretches, cpus, from, to, coarse, rowsMax, words } = chart
  const threads = [...byThread(stretches, chart.threads)]
  const several = cpus.length > 1
  const drawnCpus = cpus.slice(0, rowsMax).map(({ cpu }) => cpu)
  const drawnThreads = threads.slice(0, rowsMax)
  const names = [...drawnCpus.map((cpu) => `CPU ${cpu}`), ...drawnThreads.map(([thread]) => thread)]
  const nameWidth = Math.min(NAME.most, Math.max(0, ...names.map((name) => textWidth(name, NAME.size)))) + NAME.gap
  const left = PAGE.margin + nameWidth
  const span: Span = { from, to, x: left, width: PAGE.width - PAGE.margin - left }
  const least = ((to - from) / span.width) * SEEN
  const short = beginnings(threads.map(([thread]) => thread))
  const rows: Row[] = [
    ...drawnCpus.map((cpu) => cpuRow(cpu, stretches, short, least)),
    ...drawnThreads.map(([thread, own]) => threadRow(thread, own, several, least)),
  ]
  const byColumns = rows.some(({ pieces }) => pieces.length > columnsIn(span) / 2)
  const pitch = rows.length > 16 ? 21 : 27
  const top = PAGE.margin + 76

  const drawn: string[] = []
  let y = top + 8
  for (const [at, row] of rows.entries()) {
    if (at > 0 && row.of !== rows[at - 1]?.of) y += 12
    const place = { y: y + 3, height: pitch - 6 }
    drawn.push(text(PAGE.margin, y + pitch / 2 + 4.2, fitted(row.name, NAME.size, nameWidth - NAME.gap), NAME))
    drawn.push(...(byColumns ? inColumns(row, span, place) : inPieces(row, span, place)))
    y += pitch
  }
  const bottom = y
  const switches = rows.some(({ parts }) => parts.some(({ sign }) => sign === SWITCHING))
  const more = [
    ...(cpus.length > rowsMax ? [`${cpus.length - rowsMax} more CPUs`] : []),
    ...(threads.length > rowsMax ? [`${threads.length - rowsMax} more threads`] : []),
  ]
  const below = [
    ...(more.length === 0 ? [] : [`not drawn: ${more.join(', ')} (--full draws them)`]),
    ...(byColumns
      ? [
          `${time((to - from) / columnsIn(span), coarse)} to a column: how high each colour stands in it is how much of that time it was so`,
        ]
      : []),
    ...words,
  ]
  const keys = legend(swatches(byColumns ? 'parts' : several ? 'numbers' : 'alone', switches), bottom + 30)
  const said = lines(below, keys.bottom + 22)
  return picture({
    title: `${title}: ${subtitle}`,
    description: `A chart over time of ${cpus.length} ${cpus.length === 1 ? 'CPU' : 'CPUs'} and ${threads.length} ${threads.length === 1 ? 'thread' : 'threads'}: who ran when, and who was ready or blocked. ${words.join('. ')}.`,
    width: PAGE.width,
    height: said.bottom + PAGE.margin - 8,
    definitions: PATTERNS,
    parts: [
      text(PAGE.margin, PAGE.margin + 16, fitted(title, 20, PAGE.inner, true), { size: 20, bold: true }),
      text(PAGE.margin, PAGE.margin + 38, fitted(subtitle, 12.5, PAGE.inner), { size: 12.5, fill: FAINT }),
      ...scale(span, coarse, top, bottom),
      ...drawn,
      ...keys.parts,
      ...said.parts,
    ],
  })
}

interface Place {
  readonly y: number
  readonly height: number
}

function inPieces({ pieces }: Row, { from, to, x: left, width: room }: Span, { y, height }: Place): string[] {
  const at = (when: number): number => left + ((when - from) / (to - from)) * room
  const parts: string[] = []
  for (const { state, from, to, labels } of pieces) {
    const x = at(from)
    const full = at(to) - x
    // Neighbours on a CPU stand apart; what is short is seen all the same.
    const width = state === 'running' ? Math.max(SEEN, full - (full > 3 ? 0.8 : 0)) : full
    parts.push(element('rect', { x, y, width, height, fill: FILL[state] }))
    const words = labels.find((one) => textWidth(one, LABEL) + 6 <= width)
    if (words === undefined) continue
    const wide = textWidth(words, LABEL)
    const [middle, base] = [x + width / 2, y + height / 2 + 3.6]
    if (state === 'waiting')
      parts.push(element('rect', { x: middle - wide / 2 - 2, y, width: wide + 4, height, fill: PALE }))
    parts.push(
      text(middle, base, words, { size: LABEL, anchor: 'middle', fill: state === 'running' ? '#ffffff' : INK }),
    )
  }
  return parts
}

const FILL: { readonly [S in State]: string } = { running: DARK, [SWITCHING]: SWITCH, ready: READY, waiting: BLOCKED }

function inColumns({ parts }: Row, span: Span, place: Place): string[] {
  const paths = stacked(parts, STATES, span, place)
  return STATES.flatMap((state) => {
    const d = paths.get(state)
    return d === undefined ? [] : [element('path', { d, fill: FILL[state] })]
  })
}

/** Times above the rows at round distances, and a thin line down from each. */
function scale({ from, to, x: left, width }: Span, coarse: boolean, top: number, bottom: number): string[] {
  const ends = left + width
  if (to <= from) return [text(left, top, noTime(coarse), { size: SCALE, fill: FAINT })]
  const step = roundStep(((to - from) / width) * MARK)
  const parts = [
    element('path', { d: `M${number(left)} ${number(top + 4)}H${number(ends)}`, stroke: FAINT, 'stroke-width': 1 }),
  ]
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = left + ((at - from) / (to - from)) * width
    const words = at === 0 ? '0' : time(at, coarse)
    parts.push(
      element('path', { d: `M${number(x)} ${number(top)}V${number(bottom)}`, stroke: LINE, 'stroke-width': 0.8 }),
    )
    const anchor = x + textWidth(words, SCALE) / 2 > ends ? 'end' : 'middle'
    parts.push(text(anchor === 'end' ? ends : x, top - 5, words, { size: SCALE, fill: FAINT, anchor }))
  }
  return parts
}

/** What the fills mean: where there is room for words in them, and what these are. */
function swatches(words: 'parts' | 'numbers' | 'alone', switches: boolean): Swatch[] {
  return [
    { fill: DARK, words: words === 'numbers' ? 'running, on the CPU of that number' : 'running' },
    ...(switches ? [{ fill: SWITCH, words: 'switching to it' }] : []),
    { fill: READY, words: 'ready, and not running' },
    { fill: BLOCKED, words: words === 'parts' ? 'blocked' : 'blocked, on what is named in it' },
  ]
}
