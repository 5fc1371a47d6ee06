/** Turns of phrase that stories and findings have in common. */

/** The line without the folders of its file: `mutex-first.ts:36`. */
export const shortLine = (line: string): string => line.replace(/^.*[/:](?=[^/:]+:\d+$)/, '')

/** Behind a step, in brackets, where it is known. */
export const at = (line: string | null): string => (line === null ? '' : ` (${shortLine(line)})`)

/** `1,312 schedules` */
export const inWords = (n: number, what: string): string =>
  `${n.toString().replace(/\B(?=(\d{3})+$)/g, ',')} ${what}${n === 1 ? '' : 's'}`

/** Cut to so many columns. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

const LISTED_MAX = 6

/** `a, b and c`; of many the first few. */
export function list(names: readonly string[]): string {
  if (names.length > LISTED_MAX)
    return `${names.slice(0, LISTED_MAX - 1).join(', ')} and ${names.length - LISTED_MAX + 1} more`
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** `7`, `7 to 12`, `7, 9 and 14` */
export function stepsInWords(steps: readonly number[]): string {
  const [first = 0] = steps
  const last = steps.at(-1) ?? first
  if (steps.length > 2 && last - first === steps.length - 1) return `${first} to ${last}`
  return list(steps.map(String))
}
