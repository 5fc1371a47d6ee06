import { columnsOf, type Part } from '../over-time.ts'
import { number } from './markup.ts'

/** Rows with more pieces than can be told apart: what part each sign took of the time that a column stands for. */

export interface Span {
  readonly from: number
  readonly to: number
  readonly x: number
  readonly width: number
}

/** Width of a column that stands for as much time as falls into it. */
export const COLUMN = 3
/** A row with more pieces than half of its columns is drawn by columns. */
export const columnsIn = ({ width }: Span): number => Math.floor(width / COLUMN)

/**
 * A path for each sign: in each column the signs stand on each other in the order given, each as high as its part.
 * @param signs from the bottom up
 */
export function stacked(
  parts: readonly Part[],
  signs: readonly string[],
  span: Span,
  place: { readonly y: number; readonly height: number },
): Map<string, string> {
  const columns = columnsIn(span)
  const per = (span.to - span.from) / columns
  const cells = columnsOf(parts, { from: span.from, per, columns })
  const paths = new Map<string, string>()
  const bottom = place.y + place.height
  for (const sign of signs) {
    let path = ''
    let open: { readonly at: number; readonly top: string; readonly base: string } | null = null
    for (let at = 0; at <= columns; at++) {
      const cell = cells[at]
      let under = 0
      for (const other of signs.slice(0, signs.indexOf(sign))) under += cell?.get(other) ?? 0
      const base = number(bottom - (under / per) * place.height)
      const top = number(bottom - ((under + (cell?.get(sign) ?? 0)) / per) * place.height)
      if (open !== null && open.top === top && open.base === base && cell !== undefined) continue
      if (open !== null && open.top !== open.base) path += box(span, columns, open.at, at, open.top, open.base)
      open = cell === undefined ? null : { at, top, base }
    }
    if (path !== '') paths.set(sign, path)
  }
  return paths
}

function box({ x, width }: Span, columns: number, from: number, to: number, top: string, base: string): string {
  const at = (column: number): string => number(x + (column / columns) * width)
  return `M${at(from)} ${base}V${top}H${at(to)}V${base}Z`
}
