import stringWidth from 'fast-string-width'
import type { Id } from '../../kernel/index.ts'
import type { Review, Trace, WaitPeriod } from '../../trace/index.ts'
import type { Colors } from '../terminal.ts'
import { shortEvent, shortWait } from './call.ts'
import { cut, pad } from './table.ts'

/** A run as a picture: a column for each thread, a row for each step. */

export interface Drawing {
  readonly width: number
  readonly colors: Colors
  /** At most so many steps are drawn: the first few, and the last. */
  readonly stepsMax: number
  /** What the last row is called, in which those stand who wait. Default: `end`. */
  readonly last?: string
}

const READY = '│'
const WAITING = '┊'
const GAP = 2
const LANE_MIN = 12
/** Of a long run so many steps are drawn from its beginning. */
const HEAD = 10

interface Cell {
  readonly text: string
  readonly paint: (text: string) => string
}

interface Row {
  readonly step: string
  readonly cells: ReadonlyMap<Id, Cell>
}

/** Draws the run. Steps whose thread has no room for a column are told in a line across. */
export function swimlane(trace: Trace, review: Review, drawing: Drawing): string[] {
  const { colors } = drawing
  const lanes = lanesOf(trace, review)
  const rows = rowsOf(trace, review, lanes, drawing)
  const stepWidth = Math.max(4, String(trace.steps).length)
  const room = Math.floor((drawing.width - stepWidth) / Math.max(1, lanes.length)) - GAP
  if (room < LANE_MIN) return listed(trace, review, drawing)

  const width = (lane: Id): number => {
    const texts = rows.map(({ cells }) => stringWidth(cells.get(lane)?.text ?? ''))
    return Math.min(room, Math.max(stringWidth(lane), ...texts))
  }
  const widths = lanes.map(width)
  const line = (step: string, cells: readonly Cell[]): string => {
    const drawn = cells.map(({ text, paint }, at) => {
      const short = cutCall(text, widths[at] ?? 0)
      return paint(short) + ' '.repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(short)))
    })
    return [colors.dim(step.padStart(stepWidth)), ...drawn].join(' '.repeat(GAP)).trimEnd()
  }
  const nothing: Cell = { text: '', paint: (text) => text }
  const head = line(
    'step',
    lanes.map((lane) => ({ text: lane, paint: colors.bold })),
  )
  return [
    head,
    ...rows.map(({ step, cells }) =>
      line(
        step,
        lanes.map((lane) => cells.get(lane) ?? nothing),
      ),
    ),
  ]
}

/** Every thread that there was, in order of appearance. */
function lanesOf({ events }: Trace, { threads }: Review): Id[] {
  const lanes = new Set(threads)
  for (const { made = [] } of events) for (const id of made) lanes.add(id)
  return [...lanes]
}

function rowsOf(trace: Trace, review: Review, lanes: readonly Id[], { colors, stepsMax, last }: Drawing): Row[] {
  const { events, verdict } = trace
  const rows: Row[] = []
  const alive = new Set(review.threads)
  const waits = new WaitsByThread(review.waits)
  const failedAt = verdict.failure !== null && verdict.failure.waiting.length === 0 ? events.length : 0
  const left = leftOut(events.length, stepsMax)

  for (const event of events) {
    const { step, thread, woken = [], made = [], ended = [], log = [], failed } = event
    for (const id of made) alive.add(id)
    if (step === left.from) rows.push(gap(left.from, left.to, lanes, colors))
    if (step < left.from || step > left.to) {
      const cells = new Map<Id, Cell>()
      for (const id of lanes) {
        if (id === thread) continue
        if (alive.has(id)) cells.set(id, bystander(id, step, waits, woken, colors))
      }
      if (event.outcome === 'sleeps') waits.see(thread, step)
      const wrong = event.outcome === 'fails' || step === failedAt
      const paint = wrong ? colors.red : event.kind === 'call' ? (text: string) => text : colors.yellow
      cells.set(thread, { text: shortEvent(event, review.places[step] ?? {}), paint })
      rows.push({ step: String(step), cells })
      for (const text of log)
        rows.push(note(thread, { text: `“${text}”`, paint: colors.cyan }, lanes, alive, waits, step, colors))
      if (failed !== undefined)
        rows.push(note(thread, { text: `✗ ${failed.message}`, paint: colors.red }, lanes, alive, waits, step, colors))
    }
    for (const id of ended) alive.delete(id)
  }
  rows.push(...lastRow(trace, alive, waits, lanes, colors, last))
  return rows
}

/** Somebody who takes no part in the step: it could go on, or waits. */
function bystander(id: Id, step: number, waits: WaitsByThread, woken: readonly Id[], colors: Colors): Cell {
  const before = waits.during(id, step - 1)
  if (woken.includes(id) || (before !== null && before.to === step))
    return { text: `${READY} woken`, paint: colors.green }
  if (before === null) return { text: READY, paint: (text) => text }
  const begins = waits.isNew(before)
  return { text: begins ? `${WAITING} waits in ${shortWait(before)}` : WAITING, paint: colors.dim }
}

/** A row without a number, under a step. */
function note(
  thread: Id,
  cell: Cell,
  lanes: readonly Id[],
  alive: ReadonlySet<Id>,
  waits: WaitsByThread,
  step: number,
  colors: Colors,
): Row {
  const cells = new Map<Id, Cell>([[thread, cell]])
  for (const id of lanes) if (id !== thread && alive.has(id)) cells.set(id, bar(id, step, waits, colors))
  return { step: '', cells }
}

function bar(id: Id, step: number, waits: WaitsByThread, colors: Colors): Cell {
  return waits.during(id, step) === null ? { text: READY, paint: (text) => text } : { text: WAITING, paint: colors.dim }
}

/** What those who are still there do at the end. */
function lastRow(
  { steps, verdict }: Trace,
  alive: ReadonlySet<Id>,
  waits: WaitsByThread,
  lanes: readonly Id[],
  colors: Colors,
  name = 'end',
): Row[] {
  const cells = new Map<Id, Cell>()
  for (const id of lanes) {
    if (!alive.has(id)) continue
    const waiting = waits.during(id, steps)
    if (waiting !== null) {
      const paint = verdict.ending === 'deadlock' ? colors.red : colors.dim
      cells.set(id, { text: `${WAITING} waits in ${shortWait(waiting)}`, paint })
    }
  }
  return cells.size === 0 ? [] : [{ step: name, cells }]
}

function gap(from: number, to: number, lanes: readonly Id[], colors: Colors): Row {
  const [first] = lanes
  const text = `⋮ ${to - from + 1} steps left out (--full draws them)`
  return { step: '⋮', cells: new Map(first === undefined ? [] : [[first, { text, paint: colors.dim }]]) }
}

/** The steps that are not drawn; none when `from` is past the end. */
function leftOut(steps: number, stepsMax: number): { from: number; to: number } {
  if (steps <= stepsMax) return { from: steps + 1, to: steps + 1 }
  const head = Math.min(HEAD, Math.floor(stepsMax / 2))
  return { from: head + 1, to: steps - (stepsMax - head) }
}

/** A step a line, where columns don't fit. */
function listed(trace: Trace, review: Review, { colors, width, stepsMax }: Drawing): string[] {
  const left = leftOut(trace.steps, stepsMax)
  const stepWidth = Math.max(4, String(trace.steps).length)
  const nameWidth = Math.min(24, Math.max(6, ...trace.events.map(({ thread }) => stringWidth(thread))))
  const lines = [colors.bold(`${'step'.padStart(stepWidth)}  ${pad('thread', nameWidth)}  call`)]
  for (const event of trace.events) {
    const { step, thread, woken = [] } = event
    if (step === left.from)
      lines.push(
        colors.dim(`${'⋮'.padStart(stepWidth)}  ${left.to - left.from + 1} steps left out (--full draws them)`),
      )
    if (step >= left.from && step <= left.to) continue
    const wakes = woken.length === 0 ? '' : `, wakes ${woken.join(', ')}`
    const text = shortEvent(event, review.places[step] ?? {}) + wakes
    lines.push(
      `${String(step).padStart(stepWidth)}  ${pad(cut(thread, nameWidth), nameWidth)}  ${cut(text, width - stepWidth - nameWidth - 2 * GAP)}`,
    )
  }
  return lines
}

/** Cuts a call so that what came of it stays to be seen. */
function cutCall(text: string, width: number): string {
  const [, made, result] = /^(.*\))( \S.*)$/.exec(text) ?? []
  if (made === undefined || result === undefined || stringWidth(text) <= width) return cut(text, width)
  const room = width - stringWidth(result) - 1
  return room < LANE_MIN / 2 ? cut(text, width) : `${cut(made.slice(0, -1), room)})${result}`
}

class WaitsByThread {
  readonly #periods = new Map<Id, WaitPeriod[]>()
  readonly #seen = new Set<WaitPeriod>()

  constructor(waits: readonly WaitPeriod[]) {
    for (const period of waits) {
      const own = this.#periods.get(period.thread)
      if (own === undefined) this.#periods.set(period.thread, [period])
      else own.push(period)
    }
  }

  /** The period in which a thread is after that step. */
  during(thread: Id, step: number): WaitPeriod | null {
    const own = this.#periods.get(thread) ?? []
    return own.find(({ from, to }) => from <= step && (to === null || to > step)) ?? null
  }

  /** It has been said what the thread waits for after that step. */
  see(thread: Id, step: number): void {
    const period = this.during(thread, step)
    if (period !== null) this.#seen.add(period)
  }

  /** Whether the period is asked about for the first time. */
  isNew(period: WaitPeriod): boolean {
    if (this.#seen.has(period)) return false
    this.#seen.add(period)
    return true
  }
}
