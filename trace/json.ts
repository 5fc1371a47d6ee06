/** Values as JSON text, quickly and the same everywhere: keys in the order in which they were set, no class survives. */

const DEPTH_MAX = 32
const QUOTED_MAX = 20_000
const quoted = new Map<string, string>()

/** A string as JSON; what was quoted before is remembered, since names and types come again and again. */
export function quote(text: string): string {
  const known = quoted.get(text)
  if (known !== undefined) return known
  const made = JSON.stringify(text)
  if (text.length > 100) return made
  if (quoted.size >= QUOTED_MAX) quoted.clear()
  quoted.set(text, made)
  return made
}

/**
 * Any value that a program can hold: `bigint` as decimal string, bytes as an array of numbers, `undefined` as null,
 * functions and numbers that JSON lacks by name.
 */
export function jsonOf(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? `${value}` : `"${value}"`
    case 'string':
      return quote(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return `"${value}"`
    case 'function':
      return quote(`function ${value.name}`)
    case 'symbol':
      return quote(String(value))
    default:
      return value === null || value === undefined ? 'null' : objectJson(value, depth)
  }
}

function objectJson(value: object, depth: number): string {
  if (depth > DEPTH_MAX) return '"…"'
  if (Array.isArray(value)) return listJson(value, depth)
  if (ArrayBuffer.isView(value)) return listJson(elements(value), depth)
  if (value instanceof Map) return listJson([...value], depth)
  if (value instanceof Set) return listJson([...value], depth)
  if (value instanceof Error) return quote(`${value.name}: ${value.message}`)
  let text = '{'
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined) continue
    text += text === '{' ? `${quote(key)}:${jsonOf(item, depth + 1)}` : `,${quote(key)}:${jsonOf(item, depth + 1)}`
  }
  return `${text}}`
}

export function listJson(items: readonly unknown[], depth = 0): string {
  let text = '['
  for (let i = 0; i < items.length; i++)
    text += i === 0 ? jsonOf(items[i], depth + 1) : `,${jsonOf(items[i], depth + 1)}`
  return `${text}]`
}

function elements(view: ArrayBufferView): unknown[] {
  if (view instanceof DataView) return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]
  return Array.from(view as Uint8Array) // every other view is a typed array, and can be iterated
}
