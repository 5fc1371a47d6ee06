import stringWidth from 'fast-string-width'
import {
  chanceLines,
  endersOf,
  type Finding,
  graphLines,
  roundLines,
  type Story,
  shortLine,
  WAITS_MAX,
  waitLines,
  wrapped,
  writeInWords,
} from '../../explore/index.ts'
import type { Colors } from '../terminal.ts'
import { indent, table } from './table.ts'

/** The story of a failure in the terminal: who waits on whom, what could have been, and what it is called. */

/** Sentences are easier to read in narrower columns than a wide terminal has. */
const SENTENCE_WIDTH = 100

export interface Canvas {
  readonly colors: Colors
  readonly width: number
}

/** In sections with an empty line between them. */
export function storyLines(story: Story, canvas: Canvas): string[] {
  const { colors } = canvas
  const sections = [
    headed('who waits on what', waits(story, canvas)),
    headed('who waits for whom', graph(story, canvas)),
    headed('who wrote what it went by', story.writes.map(writeInWords).flatMap(sentence(canvas))),
    headed('where it goes round', roundLines(story).flatMap(sentence(canvas))),
    headed('the last chance', chanceLines(story).flatMap(sentence(canvas))),
    findingLines(story.findings, canvas),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ['', ...lines])
    .slice(1)
    .map((line) => (line.startsWith('  until step') ? colors.yellow(line) : line))
}

/** What has a name of its own, a sentence or two each. */
export function findingLines(findings: readonly Finding[], canvas: Canvas): string[] {
  const lines = findings.flatMap(({ name, text }) => {
    const [first = '', ...rest] = sentence(canvas)(`${name}: ${text}`)
    return [canvas.colors.yellow(name) + first.slice(name.length), ...rest]
  })
  return headed('what this is called', lines)
}

const headed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...indent(lines)]

const sentence =
  ({ width }: Canvas) =>
  (text: string): string[] =>
    wrapped(text, Math.min(width, SENTENCE_WIDTH) - 2)

/** A table; where it is wider than the terminal, sentences. */
function waits(story: Story, canvas: Canvas): string[] {
  const { colors, width } = canvas
  const rows = story.waits.slice(0, WAITS_MAX).flatMap((wait) => {
    const [ender = '', ...more] = endersOf(wait, story.ended)
    const since = wait.step === null ? '' : String(wait.step)
    return [
      [wait.thread, wait.call, since, wait.line === null ? '' : shortLine(wait.line), ender],
      ...more.map((text) => ['', '', '', '', text]),
    ]
  })
  if (rows.length === 0) return []
  const lines = table(['thread', 'waits in', 'since step', 'at', 'what it needs is'], rows)
  if (lines.some((line) => stringWidth(line) > width - 2)) return waitLines(story).flatMap(sentence(canvas))
  const [head = '', ...body] = lines
  const left = story.waits.length - WAITS_MAX
  return [colors.dim(head), ...body, ...(left > 0 ? [`… and ${left} more`] : [])]
}

const graph = (story: Story, { colors, width }: Canvas): string[] =>
  graphLines(story, width - 2, { thread: colors.bold, arrow: colors.red })
