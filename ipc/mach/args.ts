import { BadInput } from '../../kernel/index.ts'

/** Arguments as C takes them: 32 bits of whatever number a program passes. What is no whole number is 0. */

export const unsigned = (value: unknown): number => (Number.isInteger(value) ? (value as number) >>> 0 : 0)
export const signed = (value: unknown): number => (Number.isInteger(value) ? (value as number) | 0 : 0)

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** What is no text is none that anything is called by. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** @throws BadInput when it is no list */
export function listOf(value: unknown, what: string, call: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new BadInput(`${call}: ${what} is a list, not ${shown(value)}`)
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
