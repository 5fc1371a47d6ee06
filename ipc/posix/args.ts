import { type CallError, cheaply, type Data, MemoryFault, PosixError } from '../../kernel/index.ts'

/**
 * Arguments as the calls take them. JavaScript lets a program pass what C could not; whatever can't be represented
 * becomes a value of the right type that the call itself refuses, so that the program gets an errno and not a crash.
 */

/** A number of any kind: a length, an offset, flags. What is none becomes -1. */
export function integer(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) + 0 : -1 // isSafeInteger is no type guard; + 0 makes -0 a 0
}

/** An address. What can't be one becomes an odd one, which no object in memory can have. */
export function address(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) + 0 : 1 // as above
}

/** A name or path. What is no string becomes the empty one, which is no name; a C string ends at its first NUL. */
export function text(value: unknown): string {
  if (typeof value !== 'string') return ''
  const nul = value.indexOf('\0')
  return nul < 0 ? value : value.slice(0, nul)
}

/** A socket's address: a path; or, behind a NUL, a name outside the file system, of any bytes. */
export const socketAddress = (value: unknown): string =>
  typeof value === 'string' && isAbstract(value) ? value : text(value)

export const isAbstract = (path: string): boolean => path.startsWith('\0')

/** Bytes: a string with one character a byte. `null` for anything else, as for any bad buffer: EFAULT. */
export const bytes = (data: unknown): string | null => (isBytes(data) ? data : null)

// biome-ignore lint/suspicious/noControlCharactersInRegex: any byte is fine, also NUL
const isBytes = (data: unknown): data is string => typeof data === 'string' && /^[\x00-\xff]*$/.test(data)

/** Errors of these calls: a signal that an access raised and the program caught is a MemoryFault, anything else an errno. */
export function posixError(code: string, call: string, detail: Data): CallError {
  return cheaply(() =>
    code === 'SIGSEGV' || code === 'SIGBUS' ? new MemoryFault(code, call, detail) : new PosixError(code, call, detail),
  )
}
