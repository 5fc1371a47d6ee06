import stringWidth from 'fast-string-width'
import { endsOf } from '../../compare/ends.ts'
import type { Cell } from '../../compare/matrix.ts'
import type { Colors } from '../../terminal.ts'
import { table } from '../table.ts'
import type { Column, Entry } from './columns.ts'

/** A comparison as a table: a row for each policy on each number of CPUs, and below it how far its seeds lie apart. */
export function comparisonTable(cells: readonly Cell[], columns: readonly Column[], colors: Colors): string[] {
  const rows: Row[] = []
  cells.forEach((cell, at) => {
    if (at > 0 && cells[at - 1]?.cpus !== cell.cpus) rows.push({ texts: [], dim: false })
    const entries = columns.flatMap(({ entries }) => entries[at] ?? [])
    const marked = entries.map((entry) => mark(entry, colors))
    rows.push({ texts: [cell.policy, String(cell.cpus), ...marked, endsOf(cell).join(', ')], dim: false })
    const ranges = entries.map(({ range }) => (range === null ? '' : `${range} `))
    if (ranges.some((range) => range !== '')) rows.push({ texts: ['  quartiles', '', ...ranges], dim: true })
  })
  const headings = ['policy', 'CPUs', ...columns.map(({ figure }) => `${figure} `), 'ends']
  const [first = [], ...others] = aligned([headings, ...rows.map(({ texts }) => texts)])
  const [heading = '', ...lines] = table(first, others)
  return [colors.bold(heading), ...lines.map((line, at) => (rows[at]?.dim === true ? colors.dim(line) : line))]
}

interface Row {
  readonly texts: readonly string[]
  readonly dim: boolean
}

/** A place behind each figure is for the mark of the best one. */
function mark({ text, best }: Entry, colors: Colors): string {
  if (!best) return `${text} `
  return colors.isColorSupported ? `${colors.bold(text)} ` : `${text}*`
}

/** All but the first and the last column end under each other. */
function aligned(rows: readonly (readonly string[])[]): string[][] {
  const last = Math.max(...rows.map((row) => row.length)) - 1
  const width = (at: number): number => Math.max(...rows.map((row) => stringWidth(row[at] ?? '')))
  const widths = Array.from({ length: last }, (_, at) => (at === 0 ? 0 : width(at)))
  const right = (text: string, at: number): string =>
    ' '.repeat(Math.max(0, (widths[at] ?? 0) - stringWidth(text))) + text
  return rows.map((row) => row.map((text, at) => (text === '' ? '' : right(text, at))))
}
