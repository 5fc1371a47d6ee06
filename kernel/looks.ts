import type { Kernel } from './kernel.ts'
import { findMapping, type MemoryObject, PAGE_SIZE } from './paging.ts'
import type { Id } from './state.ts'

/**
 * What programs and checks look at that is in no footprint, for whoever has to know what the order of steps makes a
 * difference to: programs look at the ghost and change it, invariants and *sometimes* conditions look at the ghost, at
 * words of memory, at the state.
 */
export class Looks {
  /** Since they were last set to false, programs have looked at the ghost, or changed it. */
  ghostRead = false
  ghostWritten = false
  /** Threads that have something in hand that is the ghost's: whatever they do may look at it, or change it. */
  readonly holders = new Set<Id>()
  /** The ghost is nothing that can be seen looked at. */
  allHold = false
  /** What checks have looked at: the ghost; the state, and so anything; and words, each by frame and number. */
  checksGhost = false
  checksState = false
  readonly words = new Map<Id, Set<number>>()
  /** Whose program is being started. */
  starting: Id | null = null
  #wrapped = new WeakMap<object, object>()
  readonly #speaking: () => Id | null

  /** @param speaking whose program is running */
  constructor(speaking: () => Id | null) {
    this.#speaking = speaking
  }

  /** The ghost as programs are given it in a run that begins. */
  ghostFor(ghost: unknown): unknown {
    this.holders.clear()
    this.allHold = false
    this.ghostRead = false
    this.ghostWritten = false
    if (typeof ghost !== 'object' || ghost === null) return ghost
    this.#wrapped = new WeakMap()
    if (isPlain(ghost)) return this.#wrap(ghost)
    this.allHold = true
    return ghost
  }

  #wrap(object: object): object {
    let wrapped = this.#wrapped.get(object)
    if (wrapped === undefined) {
      wrapped = new Proxy(object, {
        get: (target, key) => {
          this.ghostRead = true
          return this.#given(Reflect.get(target, key), target, key)
        },
        set: (target, key, value: unknown) => {
          this.ghostWritten = true
          if (typeof value === 'object' && value !== null) this.#holds()
          return Reflect.set(target, key, value)
        },
        deleteProperty: (target, key) => {
          this.ghostWritten = true
          return Reflect.deleteProperty(target, key)
        },
        defineProperty: (target, key, property) => {
          this.ghostWritten = true
          this.#holds()
          return Reflect.defineProperty(target, key, property)
        },
        has: (target, key) => {
          this.ghostRead = true
          return Reflect.has(target, key)
        },
        ownKeys: (target) => {
          this.ghostRead = true
          return Reflect.ownKeys(target)
        },
      })
      this.#wrapped.set(object, wrapped)
    }
    return wrapped
  }

  /** What a program gets: tables and lists are seen looked at further, but not what is in a list, which may be searched for itself. */
  #given(value: unknown, target: object, key: string | symbol): unknown {
    if (typeof value === 'function') {
      if (Object.hasOwn(target, key)) this.#holds()
      return value
    }
    if (typeof value !== 'object' || value === null) return value
    if (!Array.isArray(target) && isPlain(value)) return this.#wrap(value)
    this.#holds()
    return value
  }

  #holds(): void {
    const thread = this.starting ?? this.#speaking()
    if (thread === null) this.allHold = true
    else this.holders.add(thread)
  }

  /** A check reads the word of a process's memory. */
  word(kernel: Kernel, process: Id, address: number): void {
    const memory = kernel.state.processes[process]
    const mapping = memory === undefined ? null : findMapping(memory, address)
    if (mapping === null) return
    const page = Math.floor((mapping.offset + address - mapping.start) / PAGE_SIZE)
    const object = kernel.state.objects[mapping.object] as MemoryObject | undefined // mappings are of memory objects
    const frame = object?.pages[page] ?? `${mapping.object}#${page}`
    let words = this.words.get(frame)
    if (words === undefined) {
      words = new Set()
      this.words.set(frame, words)
    }
    words.add((address % PAGE_SIZE) >> 2)
  }
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What there is in a ghost, as a text; `null` where not all of it can be seen. */
export function textOf(value: unknown, depth = 0): string | null {
  if (typeof value === 'function' || typeof value === 'symbol' || depth > DEPTH_MAX) return null
  if (typeof value !== 'object' || value === null) return `${typeof value}:${String(value).length}:${String(value)}`
  if (Array.isArray(value)) return all('[', value, depth)
  if (value instanceof Map) return all('{', [...value].flat(), depth)
  if (value instanceof Set) return all('(', [...value], depth)
  return isPlain(value) ? all('<', Object.entries(value).flat(), depth) : null
}

function all(begins: string, values: readonly unknown[], depth: number): string | null {
  let text = begins + values.length
  for (const value of values) {
    const one = textOf(value, depth + 1)
    if (one === null) return null
    text += one
  }
  return text
}

/** What lies deeper may be a circle. */
const DEPTH_MAX = 10
