/**
 * How wide text may be at most. Who looks at a picture has whatever `sans-serif` is there: so each sign counts as it is in
 * the wide ones, Verdana and DejaVu Sans, and a little over.
 */

const NARROW = 0.46
const SLIM = 0.5
const USUAL = 0.65
const CAPITAL = 0.8
const WIDE = 1.1
const BOLD = 1.14

/** Greatest width of a sign, in parts of the font's size. */
function signWidth(sign: string): number {
  const code = sign.codePointAt(0) ?? 0
  if (/[ijlI|'!.,:; ]/.test(sign)) return NARROW
  if (/[ftr()[\]/\\"-]/.test(sign)) return SLIM
  if (/[mwMWQ@%…]/.test(sign)) return WIDE
  if (/[A-Z+<>=~&#×†]/.test(sign)) return CAPITAL + (/[+<>=~#×]/.test(sign) ? 0.05 : 0)
  if (code < 0x7f || sign === '–' || sign === '·') return USUAL
  return code < 0x300 ? CAPITAL : WIDE
}

export function textWidth(text: string, size: number, bold = false): number {
  let width = 0
  for (const sign of text) width += signWidth(sign)
  return width * size * (bold ? BOLD : 1)
}

const ROUNDING = 1e-6

/** Cut to a width, with `…` for what is missing. */
export function fitted(text: string, size: number, width: number, bold = false): string {
  if (textWidth(text, size, bold) <= width + ROUNDING) return text
  const signs = [...text]
  while (signs.length > 0 && textWidth(`${signs.join('')}…`, size, bold) > width) signs.pop()
  return `${signs.join('')}…`
}

/** Broken between words into lines of a width; a word that is wider alone is cut. */
export function broken(text: string, size: number, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(fitted(word, size, width))
  }
  return lines
}
