import type { Id, KernelState } from './state.ts'

/**
 * Remembers what an execution changed, so that the next one starts from the same state for a price in proportion to
 * what was touched, not to how large the state is. Objects are restored whole, memory words one by one.
 */

export type Table = 'processes' | 'objects' | 'frames' | 'queues'

/** Stands in the place of a word's index: what was saved is the page's length. */
const GROWN = -1

export class Journal {
  readonly #pristine: KernelState
  readonly #saved = {
    processes: new Set<Id>(),
    objects: new Set<Id>(),
    frames: new Set<Id>(),
    queues: new Set<Id>(),
  }
  readonly #pages: number[][] = []
  readonly #words: number[] = []
  readonly #values: number[] = []
  #length = 0
  readonly #owners: object[] = []
  readonly #names: string[] = []
  readonly #olds: unknown[] = []
  #fields = 0
  /** True when something was restored that a cached address translation may point to. */
  mappingsChanged = false

  /** @param state the state to come back to; a copy is kept */
  constructor(state: KernelState) {
    this.#pristine = copy(state)
  }

  /** The object is about to be changed, made or removed. */
  save(table: Table, id: Id): void {
    this.#saved[table].add(id)
  }

  /** A memory word is about to be overwritten. */
  saveWord(page: number[], word: number, value: number): void {
    const n = this.#length
    this.#pages[n] = page
    this.#words[n] = word
    this.#values[n] = value
    this.#length = n + 1
  }

  /** One field of an object is about to be given another value (not changed inside): cheaper than saving the whole. */
  saveField<T extends object, K extends keyof T & string>(object: T, field: K): void {
    const n = this.#fields
    this.#owners[n] = object
    this.#names[n] = field
    this.#olds[n] = object[field]
    this.#fields = n + 1
  }

  /** A page is about to grow. */
  saveLength(page: number[]): void {
    this.saveWord(page, GROWN, page.length)
  }

  /** Brings `state` back to what it was. Threads are all restored in place: every execution touches them all. */
  restore(state: KernelState): void {
    for (let i = this.#length - 1; i >= 0; i--) {
      const page = this.#pages[i] as number[] // below length every entry is set
      const word = this.#words[i] as number
      if (word === GROWN) page.length = this.#values[i] as number
      else page[word] = this.#values[i] as number
    }
    this.#length = 0
    for (let i = this.#fields - 1; i >= 0; i--) {
      const owner = this.#owners[i] as Record<string, unknown> // as above
      owner[this.#names[i] as string] = this.#olds[i]
    }
    this.#fields = 0
    this.mappingsChanged = this.#saved.frames.size > 0 || this.#saved.processes.size > 0
    this.#restoreTable('processes', state)
    this.#restoreTable('objects', state)
    this.#restoreTable('frames', state)
    this.#restoreTable('queues', state)
    this.#restoreThreads(state)
    state.clock = this.#pristine.clock
    if (state.timersSet !== this.#pristine.timersSet) {
      state.timers = copy(this.#pristine.timers)
      state.timersSet = this.#pristine.timersSet
    }
  }

  #restoreTable(table: Table, state: KernelState): void {
    const saved = this.#saved[table]
    if (saved.size === 0) return
    const now: Record<Id, unknown> = state[table]
    const then: Record<Id, unknown> = this.#pristine[table]
    for (const id of saved) {
      const old = then[id]
      if (old === undefined) delete now[id]
      else now[id] = copy(old)
    }
    saved.clear()
  }

  #restoreThreads(state: KernelState): void {
    const then = this.#pristine.threads
    for (const id in state.threads) {
      const thread = state.threads[id]
      const old = then[id]
      if (thread === undefined || old === undefined) {
        delete state.threads[id]
        continue
      }
      thread.status = old.status
      thread.queue = old.queue
      thread.ahead = old.ahead
      thread.behind = old.behind
      thread.timer = old.timer
      thread.created = old.created
      if (thread.pending.length > 0) thread.pending = []
      if (old.call === null) thread.call = null
      else if (old.call !== null) thread.call = copy(old.call)
    }
  }
}

/** A deep copy of plain data. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const list: unknown[] = value.slice()
    for (let i = 0; i < list.length; i++) {
      const item = list[i]
      if (typeof item === 'object' && item !== null) list[i] = copy(item)
    }
    return list as T // a copy has its original's type
  }
  const object = { ...value } as Record<string, unknown>
  for (const key in object) {
    const item = object[key]
    if (typeof item === 'object' && item !== null) object[key] = copy(item)
  }
  return object as T // as above
}
