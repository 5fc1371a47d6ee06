import { type ExitStatus, type Id, type KernelState, NO_ITEMS, type Process, type Thread } from './state.ts'

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
  #saves = 0
  readonly #pages: number[][] = []
  readonly #words: number[] = []
  readonly #values: number[] = []
  #length = 0
  readonly #counted: { refs: number }[] = []
  readonly #refs: number[] = []
  #counts = 0
  readonly #ends: ProcessEnd[] = []
  readonly #made: Id[] = []
  /** Each thread that exists from the start, and what it was. */
  readonly #threads: { readonly thread: Thread; readonly old: Thread }[] = []
  /** True when something was restored that a cached address translation may point to. */
  mappingsChanged = false

  /** @param state the state to come back to; a copy is kept */
  constructor(state: KernelState) {
    this.#pristine = copy(state)
    for (const id of Object.keys(state.threads)) {
      const thread = state.threads[id]
      const old = this.#pristine.threads[id]
      if (thread !== undefined && old !== undefined) this.#threads.push({ thread, old })
    }
  }

  /** The object is about to be changed, made or removed. */
  save(table: Table, id: Id): void {
    this.#saves += 1
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

  /** The process is about to end: what that changes of it, field by field, is cheaper than the whole. */
  saveEnd(process: Process): void {
    const { exit, status, threads, mappings } = process
    this.#ends.push({ process, exit, status, threads, mappings })
  }

  /** A reference count is about to change. */
  saveRefs(object: { refs: number }): void {
    const n = this.#counts
    this.#counted[n] = object
    this.#refs[n] = object.refs
    this.#counts = n + 1
  }

  /** A thread is about to be made. */
  saveNewThread(id: Id): void {
    this.#made.push(id)
  }

  /** A page is about to grow. */
  saveLength(page: number[]): void {
    this.saveWord(page, GROWN, page.length)
  }

  /** Brings `state` back to what it was. Threads are all restored: every run touches them all. */
  restore(state: KernelState): void {
    for (let i = this.#length - 1; i >= 0; i--) {
      const page = this.#pages[i] as number[] // below length every entry is set
      const word = this.#words[i] as number
      if (word === GROWN) page.length = this.#values[i] as number
      else page[word] = this.#values[i] as number
    }
    this.#length = 0
    for (let i = this.#counts - 1; i >= 0; i--) {
      const object = this.#counted[i] as { refs: number } // as above
      object.refs = this.#refs[i] as number
    }
    this.#counts = 0
    this.#restoreEnds()
    this.mappingsChanged = this.#saved.frames.size > 0 || this.#saved.processes.size > 0
    if (this.#saves > 0) {
      this.#restoreTable('processes', state)
      this.#restoreTable('objects', state)
      this.#restoreTable('frames', state)
      this.#restoreTable('queues', state)
      this.#saves = 0
    }
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

  #restoreEnds(): void {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      const { process, exit, status, threads, mappings } = end
      process.exit = exit
      process.status = status
      process.threads = threads
      process.mappings = mappings
    }
  }

  #restoreThreads(state: KernelState): void {
    for (let id = this.#made.pop(); id !== undefined; id = this.#made.pop()) delete state.threads[id]
    for (const { thread, old } of this.#threads) {
      thread.status = old.status
      thread.queue = old.queue
      thread.ahead = old.ahead
      thread.behind = old.behind
      thread.timer = old.timer
      thread.created = old.created
      thread.call = old.call === null ? null : copy(old.call)
      if (thread.pending.length > 0) thread.pending = NO_ITEMS
      if (thread.interrupted.length > 0) thread.interrupted = NO_ITEMS
    }
  }
}

interface ProcessEnd {
  readonly process: Process
  readonly exit: ExitStatus | null
  readonly status: Process['status']
  readonly threads: Process['threads']
  readonly mappings: Process['mappings']
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
