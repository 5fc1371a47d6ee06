import type { AnyDef } from './call.ts'
import { Footprint, WHOLE, WRITE } from './footprint.ts'
import type { Kernel } from './kernel.ts'
import { NO_PARTS, NOTHING, Task } from './ready.ts'
import type { Id, Thread } from './state.ts'

/**
 * Who is enabled, where no order of waking is promised. A waiter leaves no mark in the state; it can be chosen while
 * its call could proceed. The guard says, by its footprint, which objects that hangs on, and when one of them is written
 * the guard is asked again: never a scan over all who wait.
 */
export class Guards {
  readonly #kernel: Kernel
  /** Who watches which part of which object. */
  readonly #watchers = new Map<Id, Map<number, Task | Set<Task>>>()
  readonly #footprint = new Footprint()
  readonly #due = new Set<Task>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Whether the thread stands in a stage that waits without leaving a mark. */
  applies(task: Task, thread: Thread): boolean {
    const { call } = thread
    const stage = call === null ? undefined : task.pending?.def.stages[call.stage]
    if (call === null || stage?.canProceed === undefined) return false
    const order = stage.order?.(this.#kernel, thread, call.args) ?? this.#kernel.state.wakeOrder
    return order === 'any'
  }

  /** Asks the guard, and notes what its answer hangs on. */
  holds(task: Task, thread: Thread): boolean {
    const open = this.asks(task, thread)
    this.#watch(task)
    return open
  }

  /** Asks the guard, and nothing more: `looked` says what its answer hangs on. */
  asks(task: Task, thread: Thread): boolean {
    const kernel = this.#kernel
    const { call } = thread
    const def = task.pending?.def as AnyDef // `applies` said so
    const before = kernel.footprint
    const extra = kernel.extra
    kernel.footprint = this.#footprint
    kernel.footprint.clear()
    kernel.extra = task.pending?.extra ?? null
    kernel.tlb = task.tlb
    const open = call === null || def.stages[call.stage]?.canProceed?.(kernel, thread, call.args) !== false
    kernel.footprint = before
    kernel.extra = extra
    return open
  }

  /** The objects that the last guard asked looked at. */
  get looked(): Footprint {
    return this.#footprint
  }

  forget(task: Task): void {
    const { watching, watchedParts } = task
    for (let i = 0; i < watching.length; i++) this.#unwatch(task, watching[i] as Id, watchedParts[i] as number) // below length
    task.watching = NOTHING
    task.watchedParts = NO_PARTS
  }

  clear(): void {
    this.#watchers.clear()
  }

  /** Whether anybody waits behind a guard at all. */
  get any(): boolean {
    return this.#watchers.size > 0
  }

  /** The tasks whose guards may have changed their answer through what this footprint wrote. Valid until the next call. */
  affected(footprint: Footprint): ReadonlySet<Task> {
    const due = this.#due
    due.clear()
    for (let i = 0; i < footprint.length; i++) {
      if (((footprint.modes[i] ?? 0) & WRITE) === 0) continue
      const parts = this.#watchers.get(footprint.objects[i] ?? '')
      if (parts === undefined) continue
      const part = footprint.parts[i] ?? 0
      if (part > 0) {
        this.#add(parts.get(part))
        this.#add(parts.get(WHOLE))
      } else {
        // Who makes or destroys an object writes its part 0, and that concerns whoever looks at any.
        for (const watchers of parts.values()) this.#add(watchers)
      }
    }
    return due
  }

  #add(watchers: Task | Set<Task> | undefined): void {
    if (watchers === undefined) return
    if (watchers instanceof Task) this.#due.add(watchers)
    else for (const task of watchers) this.#due.add(task)
  }

  #watch(task: Task): void {
    if (this.#same(task)) return
    if (task.watching.length > 0) this.forget(task)
    const { objects, parts, length } = this.#footprint
    for (let i = 0; i < length; i++) this.#join(task, objects[i] as Id, parts[i] as number) // below length
    task.watching = objects.slice(0, length)
    task.watchedParts = parts.slice(0, length)
  }

  #join(task: Task, object: Id, part: number): void {
    let parts = this.#watchers.get(object)
    if (parts === undefined) {
      parts = new Map()
      this.#watchers.set(object, parts)
    }
    const watchers = parts.get(part)
    if (watchers === undefined) parts.set(part, task)
    else if (watchers instanceof Set) watchers.add(task)
    else if (watchers !== task) parts.set(part, new Set([watchers, task]))
  }

  #unwatch(task: Task, object: Id, part: number): void {
    const parts = this.#watchers.get(object)
    const watchers = parts?.get(part)
    if (parts === undefined || watchers === undefined) return // it is there twice
    if (watchers instanceof Set) watchers.delete(task)
    if (watchers === task || (watchers instanceof Set && watchers.size === 0)) {
      parts.delete(part)
      if (parts.size === 0) this.#watchers.delete(object)
    }
  }

  #same({ watching, watchedParts }: Task): boolean {
    const { objects, parts, length } = this.#footprint
    if (watching.length !== length) return false
    for (let i = 0; i < length; i++) if (watching[i] !== objects[i] || watchedParts[i] !== parts[i]) return false
    return true
  }
}
