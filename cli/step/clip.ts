import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'fast-string-width'

/** Text with colours in it, cut to a width. */

const COLOR = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;]*m)`)

/** The line, with `…` where it is too long; its colours end as they should. */
export function clip(line: string, width: number): string {
  if (stringWidth(stripVTControlCharacters(line)) <= width) return line
  let room = width - 1
  let kept = ''
  for (const [index, piece] of line.split(COLOR).entries()) {
    if (index % 2 === 1) {
      kept += piece
      continue
    }
    for (const sign of piece) {
      const wide = stringWidth(sign)
      if (room >= 0 && wide > room) kept += '…'
      room = wide > room ? -1 : room - wide
      if (room < 0) break
      kept += sign
    }
  }
  return kept
}
