import { Cell } from './cell.ts'

/**
 * Ghost variables, watched. The machine knows nothing of them, so that no footprint tells who reads and who writes them;
 * but whether the order of two steps matters may hang on them. Here they are handed to the programs behind proxies that
 * note it: for a plain object by its keys, for arrays, sets and maps as one.
 */

type Key = string | symbol

/** Which of a set's and a map's methods change it. */
const CHANGING: ReadonlySet<Key> = new Set(['add', 'set', 'delete', 'clear'])
const LOOKING: ReadonlySet<Key> = new Set(['has', 'get'])
const LISTING: ReadonlySet<Key> = new Set(['keys', 'values', 'entries', Symbol.iterator])

export class Ghosts {
  /** Something was seen that can't be watched: an object with a class or code of its own. */
  opaque = false
  /** What was touched since `clear`, and whether it was written. */
  readonly cells: Cell[] = []
  readonly written: boolean[] = []
  #watched = false
  #proxies = new WeakMap<object, object>()
  #targets = new WeakMap<object, object>()

  /** A run begins, in which they are watched or not. */
  begin(watched: boolean): void {
    this.#watched = watched
    this.clear()
  }

  clear(): void {
    this.cells.length = 0
    this.written.length = 0
  }

  /** The ghost of a run, watched if the run is. */
  wrap<T>(value: T): T {
    return this.#watched ? (this.#wrapped(value) as T) : value // a proxy is of its target's type
  }

  /** What is behind a proxy: for invariants, which are of no interest, and to be kept in what is watched itself. */
  bare<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value
    return (this.#targets.get(value) as T | undefined) ?? value // a proxy is of its target's type
  }

  #touch(cell: Cell, written: boolean): void {
    this.cells.push(cell)
    this.written.push(written)
  }

  #wrapped(value: unknown): unknown {
    if (typeof value === 'function') this.opaque = true
    if (typeof value !== 'object' || value === null || this.#targets.has(value)) return value
    const known = this.#proxies.get(value)
    if (known !== undefined) return known
    const handler = this.#handlerOf(value)
    if (handler === null) {
      this.opaque = true
      return value
    }
    const proxy = new Proxy(value, handler)
    this.#proxies.set(value, proxy)
    this.#targets.set(proxy, value)
    return proxy
  }

  #handlerOf(value: object): ProxyHandler<object> | null {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#ofObject()
    if (prototype === Array.prototype) return this.#ofArray()
    if (prototype === Set.prototype || prototype === Map.prototype) return this.#ofCollection()
    return null
  }

  #ofObject(): ProxyHandler<object> {
    const keys = new Map<Key, Cell>()
    const shape = new Cell() // which keys there are
    const touch = (target: object, key: Key, written: boolean): void => {
      const known = Object.hasOwn(target, key)
      this.#touch(shape, written && !known)
      if (!known) return
      let cell = keys.get(key)
      if (cell === undefined) {
        cell = new Cell()
        keys.set(key, cell)
      }
      this.#touch(cell, written)
    }
    return this.#traps(touch, (written) => this.#touch(shape, written))
  }

  #ofArray(): ProxyHandler<object> {
    const all = new Cell()
    const touch = (written: boolean): void => this.#touch(all, written)
    return this.#traps((_target, _key, written) => touch(written), touch)
  }

  #traps(touch: (target: object, key: Key, written: boolean) => void, whole: (written: boolean) => void) {
    const handler: ProxyHandler<object> = {
      get: (target, key, receiver) => {
        touch(target, key, false)
        const value: unknown = Reflect.get(target, key, receiver)
        if (!Object.hasOwn(target, key)) return value // inherited: what an array's methods touch comes here again
        if (isPlain(target, key)) return this.#wrapped(value)
        if (typeof value === 'object') this.opaque = true
        return value
      },
      set: (target, key, value) => {
        touch(target, key, true)
        if (!isPlain(target, key)) this.opaque = true
        return Reflect.set(target, key, this.bare(value))
      },
      deleteProperty: (target, key) => {
        touch(target, key, true)
        whole(true)
        return Reflect.deleteProperty(target, key)
      },
      defineProperty: (target, key, descriptor) => {
        this.opaque = true
        return Reflect.defineProperty(target, key, descriptor)
      },
      has: (target, key) => {
        touch(target, key, false)
        return Reflect.has(target, key)
      },
      ownKeys: (target) => {
        whole(false)
        return Reflect.ownKeys(target)
      },
    }
    return handler
  }

  #ofCollection(): ProxyHandler<object> {
    const all = new Cell()
    return {
      get: (target, key, receiver) => {
        const collection = target as Map<unknown, unknown> & Set<unknown> // one of the two, as its methods say
        const method: unknown = Reflect.get(collection, key, collection)
        if (typeof method !== 'function') {
          this.#touch(all, false)
          return method
        }
        if (CHANGING.has(key) || LOOKING.has(key)) {
          return (...given: unknown[]) => {
            this.#touch(all, CHANGING.has(key))
            const result: unknown = Reflect.apply(
              method,
              collection,
              given.map((one) => this.bare(one)),
            )
            return result === collection ? receiver : this.#wrapped(result)
          }
        }
        if (LISTING.has(key)) {
          return () => this.#listed(all, Reflect.apply(method, collection, []))
        }
        if (key === 'forEach') {
          return (told: (value: unknown, key: unknown, all: unknown) => void) => {
            this.#touch(all, false)
            for (const [key, value] of collection.entries()) told(this.#wrapped(value), this.#wrapped(key), receiver)
          }
        }
        this.opaque = true
        return method.bind(collection)
      },
    }
  }

  *#listed(all: Cell, items: Iterator<unknown>): Generator<unknown> {
    for (;;) {
      this.#touch(all, false)
      const { done, value } = items.next()
      if (done === true) return
      yield this.#wrapped(value)
    }
  }
}

/** Whether it is a value that may be another's from one moment to the next: not code, and nothing that a proxy has to give out as it is. */
function isPlain(target: object, key: Key): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(target, key)
  if (descriptor === undefined) return true
  return descriptor.get === undefined && descriptor.set === undefined && descriptor.writable === true
}
