import type { Stretch } from '../../../scheduler/index.ts'
import { columnsOf } from '../over-time.ts'
import { number } from './markup.ts'

/** What a row of a chart shows: pieces one after the other, or, where there are too many, what part each took of each column. */

export interface Span {
  readonly from: number
  readonly to: number
  readonly x: number
  readonly width: number
}

/** What was done without a break. */
export interface Piece {
  readonly kind: string
  readonly from: number
  readonly to: number
  readonly stretch: Stretch
}

/** Neighbours of one kind are one piece. */
export function piecesOf(stretches: readonly Stretch[], kindOf: (one: Stretch) => string): Piece[] {
  const pieces: Piece[] = []
  for (const stretch of stretches) {
    const { from, to } = stretch
    if (from === to) continue
    const kind = kindOf(stretch)
    const last = pieces.at(-1)
    if (last !== undefined && last.kind === kind && last.to === from) pieces[pieces.length - 1] = { ...last, to }
    else pieces.push({ kind, from, to, stretch })
  }
  return pieces
}

/** Width of a column that stands for as much time as falls into it. */
export const COLUMN = 3
/** A row with more pieces than half of its columns is drawn by columns. */
export const columnsIn = ({ width }: Span): number => Math.floor(width / COLUMN)

/**
 * A path for each kind: in each column the kinds stand on each other in the order given, each as high as its part.
 * @param kinds from the bottom up
 */
export function stacked(
  stretches: readonly Stretch[],
  kindOf: (one: Stretch) => string,
  kinds: readonly string[],
  span: Span,
  place: { readonly y: number; readonly height: number },
): Map<string, string> {
  const columns = columnsIn(span)
  const per = (span.to - span.from) / columns
  const cells = columnsOf(stretches, kindOf, { from: span.from, per, columns })
  const paths = new Map<string, string>()
  const bottom = place.y + place.height
  for (const kind of kinds) {
    let path = ''
    let open: { readonly at: number; readonly top: string; readonly base: string } | null = null
    for (let at = 0; at <= columns; at++) {
      const cell = cells[at]
      let under = 0
      for (const other of kinds.slice(0, kinds.indexOf(kind))) under += cell?.get(other) ?? 0
      const base = number(bottom - (under / per) * place.height)
      const top = number(bottom - ((under + (cell?.get(kind) ?? 0)) / per) * place.height)
      if (open !== null && open.top === top && open.base === base && cell !== undefined) continue
      if (open !== null && open.top !== open.base) path += box(span, columns, open.at, at, open.top, open.base)
      open = cell === undefined ? null : { at, top, base }
    }
    if (path !== '') paths.set(kind, path)
  }
  return paths
}

function box({ x, width }: Span, columns: number, from: number, to: number, top: string, base: string): string {
  const at = (column: number): string => number(x + (column / columns) * width)
  return `M${at(from)} ${base}V${top}H${at(to)}V${base}Z`
}
