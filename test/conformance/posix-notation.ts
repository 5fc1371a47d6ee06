import * as posix from 'ipclab/posix'

/** How the recordings of POSIX calls write flags, modes and data: test/oracles/posix/README.md. */

const constants: ReadonlyMap<string, unknown> = new Map(Object.entries(posix))

/** `O_CREAT|O_RDWR`; `"0"` is none. */
export function flags(names: unknown): number {
  if (typeof names !== 'string') throw new Error(`flags are a string, not ${JSON.stringify(names)}`)
  if (names === '0') return 0
  return names.split('|').reduce((sum, name) => sum | constant(name), 0)
}

function constant(name: string): number {
  if (/^0[0-7]*$/.test(name)) return octal(name) // permission bits
  const value = constants.get(name)
  if (typeof value !== 'number') throw new Error(`${name} is no constant of ipclab/posix`)
  return value
}

/** Permission bits are octal. */
export const octal = (bits: unknown): number => Number.parseInt(String(bits), 8)
export const asOctal = (bits: number): string => bits.toString(8).padStart(4, '0')

/** Tokens joined by `+`: `c*N` is a character N times, `~` a NUL byte, anything else literal. */
export function expand(notation: unknown): string {
  return String(notation)
    .split('+')
    .map((token) => (/^.\*\d+$/su.test(token) ? token.slice(0, 1).repeat(Number(token.slice(2))) : token))
    .join('')
    .replaceAll('~', '\0')
}

/** Names use that notation only when they have a `*`. */
export const nameOf = (name: unknown): string => (String(name).includes('*') ? expand(name) : String(name))

/** Bytes that can't be printed are `?` in results. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const printed = (bytes: string): string => bytes.replace(/[\x00-\x1f\x7f-\xff]/g, '?')
