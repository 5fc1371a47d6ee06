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
    this.#watch(task)
    return open
  }

  /** The objects that the last guard asked looked at. */
  get looked(): Footprint {
    return this.#footprint
  }

  forget(task: Task): void {
    for (const watchers of task.watching) watchers.tasks.delete(task)
    task.watching = NOTHING
    this.#waiting -= 1
  }

  clear(): void {
    this.#table.clear()
    this.#waiting = 0
  }

  /** Whether anybody waits behind a guard at all. */
  get any(): boolean {
    return this.#waiting > 0
  }

  /** The tasks whose guards may have changed their answer through what this footprint wrote. Valid until the next call. */
  affected(footprint: Footprint): ReadonlySet<Task> {
    const due = this.#due
    due.clear()
    for (let i = 0; i < footprint.length; i++) {
      if (((footprint.modes[i] ?? 0) & WRITE) === 0) continue
      const parts = this.#table.get(footprint.objects[i] ?? '')
      if (parts === undefined) continue
      const part = footprint.parts[i] ?? 0
      // Who makes or destroys an object writes its part 0, and that concerns whoever looks at any.
      if (part <= 0) for (const watchers of parts.values()) addAll(due, watchers.tasks)
      else {
        addAll(due, parts.get(part)?.tasks)
        addAll(due, parts.get(WHOLE)?.tasks)
      }
    }
    return due
  }

  #watch(task: Task): void {
    if (this.#same(task.watching)) return
    if (task.watching.length > 0) this.forget(task)
    const { objects, parts, length } = this.#footprint
    if (length === 0) return
    const watching: Watchers[] = []
    for (let i = 0; i < length; i++) {
      const watchers = this.#watchersOf(objects[i] ?? '', parts[i] ?? 0)
      watchers.tasks.add(task)
      watching.push(watchers)
    }
    task.watching = watching
    this.#waiting += 1
  }

  #watchersOf(object: Id, part: number): Watchers {
    let parts = this.#table.get(object)
    if (parts === undefined) {
      parts = new Map()
      this.#table.set(object, parts)
    }
    let watchers = parts.get(part)
    if (watchers === undefined) {
      watchers = { object, part, tasks: new Set() }
      parts.set(part, watchers)
    }
    return watchers
  }

  #same(watching: readonly Watchers[]): boolean {
    const { objects, parts, length } = this.#footprint
    if (watching.length !== length) return false
    for (let i = 0; i < length; i++) {
      const one = watching[i] as Watchers // below length
      if (one.object !== objects[i] || one.part !== parts[i]) return false
    }
    return true
  }
}

const NOTHING: readonly Watchers[] = []

function addAll(due: Set<Task>, tasks: ReadonlySet<Task> | undefined): void {
  if (tasks !== undefined) for (const task of tasks) due.add(task)
}
