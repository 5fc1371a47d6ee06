import { BadInput, type Data } from '../../kernel/index.ts'

/**
 * Messages are plain data, and are copied: nothing that the sender does to its own afterwards is seen by the receiver.
 * What a link can't carry is refused where the call is made, as the scenario's mistake and not the simulated system's.
 */

const DEPTH_MAX = 100
const VALUES_MAX = 100_000

/** A copy of the message. @throws BadInput saying which part of it isn't plain data */
export function plainCopy(message: unknown, call: string): Data {
  if (typeof message === 'string' || typeof message === 'boolean' || message === null) return message
  return copyValue(message, 'the message', call, { left: VALUES_MAX }, 0)
}

function copyValue(value: unknown, path: string, call: string, budget: { left: number }, depth: number): Data {
  budget.left -= 1
  if (budget.left < 0) throw refusal(call, 'the message', `more than ${VALUES_MAX} values`)
  if (depth > DEPTH_MAX) throw refusal(call, 'the message', `deeper than ${DEPTH_MAX} levels, or contains itself`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refusal(call, path, String(value))
      return value === 0 ? 0 : value // -0 would not survive a trace
    case 'object':
      break
    case 'bigint':
      throw refusal(call, path, 'a bigint; send it as a string')
    default:
      throw refusal(call, path, value === undefined ? 'undefined; null says nothing, too' : `a ${typeof value}`)
  }
  if (value === null) return null
  if (Array.isArray(value)) {
    const list: Data[] = []
    for (let i = 0; i < value.length; i++) list.push(copyValue(value[i], `${path}[${i}]`, call, budget, depth + 1))
    return list
  }
  return copyObject(value, path, call, budget, depth)
}

function copyObject(value: object, path: string, call: string, budget: { left: number }, depth: number): Data {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refusal(call, path, `a ${className(prototype)}`)
  const object: Record<string, Data> = {}
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw refusal(call, path, 'an object with a key __proto__')
    object[key] = copyValue(item, `${path}.${key}`, call, budget, depth + 1)
  }
  return object
}

function className(prototype: unknown): string {
  const maker = (prototype as { constructor?: { name?: unknown } }).constructor // of an object that is not null
  return typeof maker?.name === 'string' && maker.name !== '' ? maker.name : 'class instance'
}

function refusal(call: string, path: string, what: string): BadInput {
  return new BadInput(
    `${call}: ${path} is ${what}; a message is plain data: numbers, strings, true, false, null, arrays and plain objects of them`,
  )
}

/** @throws BadInput */
export function nameGiven(name: unknown, what: string, call: string): string {
  if (typeof name === 'string' && name !== '') return name
  throw new BadInput(`${call}: ${what} is given by its name, a string, not ${shown(name)}`)
}

/** A capacity as the state holds it: `null` for no limit. @throws BadInput */
export function capacityGiven(capacity: unknown, call: string): number | null {
  if (capacity === Infinity) return null
  if (typeof capacity === 'number' && Number.isSafeInteger(capacity) && capacity >= 0) return capacity
  throw new BadInput(`${call}: capacity is 0 (sender and receiver meet), a count, or Infinity, not ${shown(capacity)}`)
}

/** What the options say about blocking. @throws BadInput */
export function blockingGiven(options: { readonly blocking?: boolean }, call: string): boolean {
  const blocking: unknown = optionsGiven(options, call).blocking ?? true
  if (typeof blocking === 'boolean') return blocking
  throw new BadInput(`${call}: blocking is true or false, not ${shown(blocking)}`)
}

/** @throws BadInput when they are no object */
export function optionsGiven<T extends object>(options: T, call: string): T {
  if (typeof options === 'object' && options !== null) return options
  throw new BadInput(`${call}: options are an object, such as { blocking: false }, not ${shown(options)}`)
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
