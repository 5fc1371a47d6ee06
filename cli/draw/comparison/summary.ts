import type { Figure } from '../../compare/figures.ts'
import type { Cell } from '../../compare/matrix.ts'
import { better, type Column, type Entry, takesPart } from './columns.ts'

/** What a comparison shows, in a line for each figure that people ask for first. */

const ASKED: readonly Figure[] = ['turnaround', 'response', 'fairness']

/** Told of one whose quartiles and another's overlap. */
export const HARDLY = 'hardly before'

/** `by turnaround: eevdf 42.2ms, hardly before mlfq, last fifo 60.0ms`, on each number of CPUs; nothing where there is nothing to compare. */
export function summaryLines(cells: readonly Cell[], columns: readonly Column[]): string[] {
  const groups = [...new Set(cells.map(({ cpus }) => cpus))]
  return ASKED.flatMap((figure) => {
    const column = columns.find((one) => one.figure === figure)
    if (column === undefined) return []
    const said = groups.flatMap((cpus) => {
      const rivals = rivalsOf(column, cells, cpus)
      const where = groups.length === 1 ? '' : ` on ${cpus} CPU${cpus === 1 ? '' : 's'}`
      return rivals.length < 2 ? [] : [`${where}: ${verdict(rivals)}`]
    })
    return said.length === 0 ? [] : [`by ${figure}${said.join(';')}`]
  })
}

interface Rival extends Entry {
  readonly policy: string
}

/** Who can be compared, the best first. */
function rivalsOf({ figure, entries }: Column, cells: readonly Cell[], cpus: number): Rival[] {
  const median = (rival: Rival): number => rival.spread?.median ?? 0
  return cells
    .flatMap((cell, at) => {
      const entry = entries[at]
      const there = cell.cpus === cpus && takesPart(cell) && entry !== undefined && entry.spread !== null
      return there ? [{ ...entry, policy: cell.policy }] : []
    })
    .sort((a, b) => better(figure, median(a), median(b)))
}

function verdict(rivals: readonly Rival[]): string {
  const first = rivals[0] as Rival // of at least two
  const last = rivals.at(-1) as Rival
  if (first.text === last.text) return `all alike, ${first.text}`
  const [alike, behind] = [
    rivals.filter(({ text }) => text === first.text),
    rivals.filter(({ text }) => text !== first.text),
  ]
  const close = behind.filter((rival) => overlap(first, rival))
  const hedge = close.length === 0 ? '' : `, ${HARDLY} ${named(close)}`
  const lasts = behind.filter(({ text }) => text === last.text)
  return `${named(alike)} ${first.text}${hedge}, last ${named(lasts)} ${last.text}`
}

/** Half of the runs of each lie where half of the other's do, and at least one has runs that differ. */
function overlap({ spread: one }: Rival, { spread: other }: Rival): boolean {
  if (one === null || other === null || (one.low === one.high && other.low === other.high)) return false
  return one.low <= other.high && other.low <= one.high
}

/** `a`, `a and b`, `a, b and c`. */
function named(rivals: readonly Rival[]): string {
  const names = rivals.map(({ policy }) => policy)
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
