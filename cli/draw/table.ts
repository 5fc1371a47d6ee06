import stringWidth from 'fast-string-width'

/** Columns, aligned. */

/** Pads to a width as terminals count it; longer texts stay as they are. */
export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)))

/** Cuts to a width as terminals count it, with `…` for what is missing. Only for text without colours. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let kept = ''
  for (const sign of text) {
    if (stringWidth(kept + sign) > width - 1) break
    kept += sign
  }
  return `${kept}…`
}

/** Of any number of them, and 0 of none. */
export const largest = (numbers: readonly number[]): number => numbers.reduce((most, one) => Math.max(most, one), 0)

/** Rows under their headings; a column in which no row has anything is left out. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (heading: string) => string = (heading) => heading,
): string[] {
  const used = headings.map((_, at) => rows.some((row) => (row[at] ?? '') !== ''))
  const keep = (row: readonly string[]): string[] => row.filter((_, at) => used[at])
  const widths = keep(
    headings.map((heading, at) =>
      String(largest([heading, ...rows.map((row) => row[at] ?? '')].map((text) => stringWidth(text)))),
    ),
  ).map(Number)
  const line = (row: readonly string[]): string =>
    row
      .map((text, at) => pad(text, widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return [paint(line(keep(headings))), ...rows.map((row) => line(keep(row)))]
}

export const indent = (lines: readonly string[]): string[] => lines.map((line) => (line === '' ? '' : `  ${line}`))
