import stringWidth from 'fast-string-width'
import type { Story } from '../../explore/index.ts'
import { isPick } from '../../scheduler/index.ts'
import { nameOfFile } from '../../trace/index.ts'
import { storyLines } from '../draw/story.ts'
import { cut, pad } from '../draw/table.ts'
import { endingLines, waitingLines } from '../draw/verdict.ts'
import type { Colors } from '../terminal.ts'
import { type Ahead, aheadLines } from './ahead.ts'
import { clip } from './clip.ts'
import { keyOfThread } from './options.ts'
import { count, drawn, metLine, optionRow, questionOf, shortened, shortLine } from './report.ts'
import type { Session } from './session.ts'
import { type TableName, tableLines } from './tables.ts'

/** What is on the screen: lines for a session and what the user looks at, as many and as wide as there is room. */

export interface View {
  /** Which option the cursor is on. */
  readonly cursor: number
  /** What is looked at, above who could go next. */
  readonly panel: 'steps' | 'help' | 'ahead' | 'story' | TableName
  /** Lines that are scrolled away: of the steps the last, of a table the first. */
  readonly scrolled: number
  readonly ahead: Ahead | null
  readonly story: Story | null
  /** What there is to say of the last key. */
  readonly message: string
  /** A line that is being typed. */
  readonly prompt: { readonly label: string; readonly text: string } | null
}

export interface Size {
  readonly rows: number
  readonly columns: number
}

/** Of the screen's rows so many at least are the panel's, unless it has very few, and so many are for the choice. */
const PANEL_MIN = 5
const CHOICE_MIN = 3
/** With fewer rows none is left blank. */
const ROOMY = 20
/** Of so many rows one may be for keys. */
const ROWS_PER_KEYS = 8

export function frame(session: Session, view: View, size: Size, colors: Colors): string[] {
  const { head, panel, room, below, foot, gap } = layOut(session, view, size, colors)
  const shown = view.panel === 'steps' ? tail(panel, view, room) : window(panel, view, room, colors)
  const filling = Array.from({ length: room - shown.length }, () => '')
  const lines = [...head, ...shown, ...filling, ...gap, ...below, ...foot]
  return lines.slice(0, size.rows).map((line) => clip(line, size.columns))
}

/** By how many lines what is looked at can be scrolled. */
export function scrollMax(session: Session, view: View, size: Size, colors: Colors): number {
  const { panel, room } = layOut(session, view, size, colors)
  return Math.max(0, panel.length - Math.max(1, room - 1))
}

interface Layout {
  readonly head: readonly string[]
  /** All of it. */
  readonly panel: readonly string[]
  /** Rows that there are for it. */
  readonly room: number
  readonly below: readonly string[]
  readonly foot: readonly string[]
  /** What keeps them apart. */
  readonly gap: readonly string[]
}

function layOut(session: Session, view: View, { rows, columns }: Size, colors: Colors): Layout {
  const paper = { colors, width: columns }
  const gap = rows < ROOMY ? [] : ['']
  const head = [...headLines(session, colors), ...gap]
  const foot = [...gap, ...footLines(session, view, paper, rows)]
  const left = rows - head.length - gap.length - foot.length
  const most = Math.max(CHOICE_MIN, left - PANEL_MIN)
  const all = session.isOver ? endingPart(session, view, colors) : choosing(session, view, most, colors)
  const below = all.slice(0, most)
  return { head, panel: panelText(session, view, paper), room: Math.max(0, left - below.length), below, foot, gap }
}

function headLines(session: Session, { bold, dim, yellow }: Colors): string[] {
  const { loaded, settings, steps, preemptions, ahead } = session
  const { title, expect } = loaded.scenario
  const given = Object.entries(settings.params).map(([name, value]) => `${name}=${value}`)
  const about = [`expects ${expect}`, ...given].join(' · ')
  const more =
    ahead.length === 0 ? '' : yellow(`  → ${count(ahead.filter((choice) => !isPick(choice)).length, 'step')} on`)
  return [
    `${bold(title)}  ${dim(nameOfFile(loaded.file))}`,
    `${bold(`step ${steps}`)} · ${count(preemptions, 'preemption')}${more}  ${dim(about)}`,
  ]
}

/** The last of the steps, or those before them, under the names of the threads. */
function tail([head = '', ...rows]: readonly string[], { scrolled }: View, room: number): string[] {
  const hidden = Math.max(0, rows.length - Math.max(1, room - 1))
  const from = Math.max(0, hidden - scrolled)
  return [head, ...rows.slice(from, from + room - 1)].slice(0, room)
}

function window(lines: readonly string[], { scrolled }: View, room: number, { dim }: Colors): string[] {
  if (lines.length <= room) return [...lines]
  const from = Math.min(scrolled, lines.length - room + 1)
  const kept = lines.slice(from, from + room - 1)
  return [...kept, dim(`lines ${from + 1} to ${from + kept.length} of ${lines.length}; PgUp, PgDn`)].slice(0, room)
}

function panelText(
  session: Session,
  { panel, ahead, story }: View,
  paper: { colors: Colors; width: number },
): readonly string[] {
  const { bold } = paper.colors
  switch (panel) {
    case 'steps':
      return drawn(session, paper)
    case 'help':
      return [bold('keys'), ...KEYS_HELP]
    case 'ahead': {
      if (ahead === null) return ['looking ahead …']
      const lines = aheadLines(ahead, { wrong: 't shows the way', well: 'h shows the way' })
      return lines.map((line) => (line.startsWith(' ') ? line : bold(line)))
    }
    case 'story':
      return story === null ? ['looking into it …'] : storyLines(story, paper)
    default:
      return tableLines(panel, session, paper)
  }
}

interface Row {
  /** Or what else can come. */
  readonly thread: string
  readonly cells: readonly string[]
  /** Which of the options it is; `null` for who can't go on. */
  readonly at: number | null
}

/** Who can go next, each at its place; between them who can't. */
function choosing(session: Session, view: View, rowsMax: number, colors: Colors): string[] {
  const { options } = session
  const rows: Row[] = options.map((option, at) => ({ thread: option.choice, cells: optionRow(option), at }))
  if (session.question === null) {
    const order = new Map(session.threads.map((thread, index) => [thread, index]))
    const placeOf = ({ thread }: Row): number => order.get(thread) ?? order.size
    for (const { thread, call, object, line } of session.waiting) {
      const cells = [
        keyOfThread(session.threads, thread),
        thread,
        `waits in ${call} for ${object}`,
        shortLine(line),
        '',
      ]
      const row: Row = { thread, cells, at: null }
      const next = rows.findIndex((one) => placeOf(one) > placeOf(row))
      rows.splice(next < 0 ? rows.length : next, 0, row)
    }
  }
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map(({ cells }) => stringWidth(cells[column] ?? ''))))
  const lines = rows.map(({ cells, at }) => {
    const text = cells
      .map((cell, column) => pad(cut(cell, DOES_MAX), Math.min(DOES_MAX, widths[column] ?? 0)))
      .join('  ')
    if (at === null) return colors.dim(`  ${text.trimEnd()}`)
    return at === view.cursor ? colors.bold(colors.cyan(`▸ ${text.trimEnd()}`)) : `  ${text.trimEnd()}`
  })
  const cursorRow = rows.findIndex(({ at }) => at === view.cursor)
  return [colors.bold(questionOf(session)), ...around(lines, cursorRow, rowsMax - 1, colors)]
}

const DOES_MAX = 48

/** As many lines as there is room for, the cursor's among them. */
function around(lines: readonly string[], cursor: number, rows: number, { dim }: Colors): string[] {
  if (lines.length <= rows) return [...lines]
  const room = Math.max(1, rows - 1)
  const from = Math.max(0, Math.min(cursor - Math.floor(room / 2), lines.length - room))
  return [...lines.slice(from, from + room), dim(`  … ${lines.length - room} more; ↑ ↓`)]
}

function endingPart(session: Session, { panel }: View, colors: Colors): string[] {
  const { ending, review } = session
  if (ending === null) return []
  const waits = panel === 'steps' ? waitingLines(shortened(ending.failure?.waiting ?? []), review, colors) : []
  return [...endingLines(ending, colors), metLine(session, colors), ...(waits.length === 0 ? [] : ['', ...waits])]
}

function footLines(
  session: Session,
  view: View,
  { colors, width }: { colors: Colors; width: number },
  rows: number,
): string[] {
  const { prompt, message } = view
  const said = prompt === null ? colors.yellow(message) : `${prompt.label}${prompt.text}█`
  const keys = keysOf(session, view)
  const all = keyLines(keys, width, colors)
  if (all.length <= Math.max(1, Math.floor(rows / ROWS_PER_KEYS))) return [said, ...all]
  return [said, ...keyLines([...keys.slice(0, 1), ...keys.filter(([key]) => ESSENTIAL.has(key))], width, colors)]
}

type KeyWord = readonly [key: string, word: string]

/** Where there is no room for all; the first, who goes, is one of them anyway. */
const ESSENTIAL: ReadonlySet<string> = new Set(['←', '?', 'x'])

function keysOf({ isOver, options, question, ending }: Session, { prompt, panel }: View): KeyWord[] {
  const isFailure = ending !== null && ending.failure !== null
  if (prompt !== null)
    return [
      ['Enter', 'save'],
      ['Esc', 'do not'],
    ]
  const keys = options.map(({ key }) => key).filter((key) => key !== '')
  const span = keys.length > 2 ? `${keys[0]}…${keys.at(-1)}` : keys.join(' ')
  const words: (KeyWord | false)[] = [
    !isOver && [`${span} ↑↓ Enter`, question === null ? 'who goes' : 'which'],
    question === null && !isOver && ['Space', 'running goes on'],
    question === null && !isOver && ['g', 'until it waits'],
    ['←', 'back'],
    ['→', 'again'],
    ['p', 'processes'],
    ['u', 'queues'],
    ['o', 'objects'],
    ['c', 'changed'],
    ['w', 'waits'],
    panel !== 'steps' && ['Esc', 'steps'],
    !isOver && ['e', 'can it go wrong?'],
    isFailure && ['y', 'why?'],
    ['s', 'save'],
    ['?', 'help'],
    ['x', 'leave'],
  ]
  return words.filter((word) => word !== false)
}

/** The keys, in as many lines as they need. */
function keyLines(keys: readonly KeyWord[], width: number, { bold, dim }: Colors): string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const [key, word] of keys) {
    const wide = stringWidth(`${key} ${word}`) + 2
    if (used > 0 && used + wide - 2 > width) {
      lines.push(line.trimEnd())
      line = ''
      used = 0
    }
    line += `${bold(key)} ${dim(word)}  `
    used += wide
  }
  return [...lines, line.trimEnd()]
}

const KEYS_HELP: readonly string[] = [
  '1 2 3 …       that thread goes next; ↑ ↓ and Enter do it too',
  'Space         the running thread goes on',
  'g             who the cursor is on goes on until it has to wait',
  '← b  → f      back by a step, and forward again; Home, End: to the start, to the last',
  'p u o c w     processes, queues, objects, what changed, who waits; again or Esc: the steps',
  'PgUp PgDn     scroll',
  'e             can this still go wrong? can it still end well? t, h show the way, → goes along it',
  'y             why it failed: who waits for whom, and what would have avoided it',
  's             save the schedule, to be graded, or gone on with: ipclab step FILE.schedule.json',
  'x q Ctrl-C    leave',
]
