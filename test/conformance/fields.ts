/** Reading what a file holds, with a message where it holds something else. */

export type Fields = { readonly [name: string]: unknown }

export function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`)
  return value as Fields // any object has fields
}

export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no list`)
  return value
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no text`)
  return value
}

export function whole(value: unknown, what: string): number {
  if (!Number.isInteger(value)) throw new Error(`${what} is no whole number`)
  return value as number // Number.isInteger says so
}
