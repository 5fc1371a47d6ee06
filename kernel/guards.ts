import type { AnyDef } from './call.ts'
import { Footprint, WRITE } from './footprint.ts'
import type { Kernel } from './kernel.ts'
import type { Task } from './ready.ts'
import type { Id, Thread } from './state.ts'

/**
 * Who is enabled, where no order of waking is promised. A waiter leaves no mark in the state; it can be chosen while
 * its call could proceed. The guard says, by its footprint, which objects that hangs on, and when one of them is written
 * the guard is asked again: never a scan over all who wait.
 */
export class Guards {
  readonly #kernel: Kernel
  readonly #watchers = new Map<Id, Set<Task>>()
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
    const kernel = this.#kernel
    const { call } = thread
    const def = task.pending?.def as AnyDef // `applies` said so
    const before = kernel.footprint
    const extra = kernel.extra
    kernel.footprint = this.#footprint
    kernel.footprint.clear()
    kernel.extra = task.pending?.extra ?? null
    const open = call === null || def.stages[call.stage]?.canProceed?.(kernel, thread, call.args) !== false
    kernel.footprint = before
    kernel.extra = extra
    this.#watch(task)
    return open
  }

  /** The objects that the last guard asked looked at. */
  get looked(): Footprint {
    return this.#footprint
  }

  forget(task: Task): void {
    for (const id of task.watching) {
      const set = this.#watchers.get(id)
      set?.delete(task)
      if (set?.size === 0) this.#watchers.delete(id)
    }
    task.watching = []
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
      const set = this.#watchers.get(footprint.objects[i] ?? '')
      if (set !== undefined) for (const task of set) due.add(task)
    }
    return due
  }

  #watch(task: Task): void {
    const { objects, length } = this.#footprint
    if (this.#same(task.watching)) return
    this.forget(task)
    const watching: Id[] = []
    for (let i = 0; i < length; i++) {
      const id = objects[i] ?? ''
      if (watching.includes(id)) continue
      watching.push(id)
      const set = this.#watchers.get(id)
      if (set === undefined) this.#watchers.set(id, new Set([task]))
      else set.add(task)
    }
    task.watching = watching
  }

  #same(watching: readonly Id[]): boolean {
    const { objects, length } = this.#footprint
    if (watching.length !== length) return false
    for (let i = 0; i < length; i++) if (watching[i] !== objects[i]) return false
    return true
  }
}
