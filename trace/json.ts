import { type Bytes, piece } from './bytes.ts'

/** Values as JSON text, quickly and the same everywhere: keys in the order in which they were set, no class survives. */

const DEPTH_MAX = 32
const QUOTED_MAX = 20_000
const quoted = new Map<string, Uint8Array>()

/** Writes a string as JSON; what was written before is remembered, since names and types come again and again. */
export function writeQuoted(bytes: Bytes, text: string): void {
  const known = quoted.get(text)
  if (known !== undefined) return bytes.piece(known)
  const made = JSON.stringify(text)
  if (text.length > 100) return bytes.text(made)
  if (quoted.size >= QUOTED_MAX) quoted.clear()
  const as = piece(made)
  quoted.set(text, as)
  bytes.piece(as)
}

/**
 * Writes any value that a program can hold: `bigint` as decimal string, bytes as an array of numbers, `undefined` as
 * null, functions and numbers that JSON lacks by name.
 */
export function writeJson(bytes: Bytes, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) bytes.number(value)
  else if (typeof value === 'string') writeQuoted(bytes, value)
  else bytes.text(jsonOf(value))
}

/** The same as text. */
export function jsonOf(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`
    case 'string':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return `"${value}"`
    case 'function':
      return JSON.stringify(`function ${value.name}`)
    case 'symbol':
      return JSON.stringify(String(value))
    default:
      return value === null || value === undefined ? 'null' : objectJson(value, depth)
  }
}

function objectJson(value: object, depth: number): string {
  if (depth > DEPTH_MAX) return '"…"'
  if (Array.isArray(value)) return listJson(value, depth)
  if (ArrayBuffer.isView(value)) return listJson(elements(value), depth)
  if (value instanceof Map || value instanceof Set) return listJson([...value], depth)
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`)
  const items: string[] = []
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) items.push(`${JSON.stringify(key)}:${jsonOf(item, depth + 1)}`)
  }
  return `{${items.join(',')}}`
}

function listJson(items: readonly unknown[], depth: number): string {
  return `[${items.map((item) => jsonOf(item, depth + 1)).join(',')}]`
}

function elements(view: ArrayBufferView): unknown[] {
  if (view instanceof DataView) return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]
  return Array.from(view as Uint8Array) // every other view is a typed array, and can be iterated
}
