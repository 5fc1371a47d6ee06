import type { AnyDef } from './call.ts'
import { Footprint, WRITE } from './footprint.ts'
import type { Kernel } from './kernel.ts'
import type { Task } from './ready.ts'
import { type Id, NO_ITEMS, type Thread } from './state.ts'
import { Watch, Watches } from './watch.ts'

/**
 * Who is enabled, where no order of waking is promised. A waiter leaves no mark in the state; it can be chosen while
 * its call could proceed. The guard says, by its footprint, which objects that hangs on, and when one of them is written
 * the guard is asked again: never a scan over all who wait.
 */
export class Guards {
  readonly #kernel: Kernel
  readonly #watches = new Watches()
  readonly #footprint = new Footprint()

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
    kernel.walker = task
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
    const { watches } = task
    for (let i = 0; i < task.watching; i++) this.#watches.remove(watches[i] as Watch) // so many there are
    task.watching = 0
  }

  clear(): void {
    this.#watches.clear()
  }

  /** Whether anybody stands before a guard at all. */
  get any(): boolean {
    return this.#watches.size > 0
  }

  /** The tasks whose guards may have changed their answer through what this footprint wrote. Valid until the next call. */
  affected(footprint: Footprint): readonly Task[] {
    const { objects, parts, modes, length } = footprint
    this.#watches.ask()
    for (let i = 0; i < length; i++)
      if (((modes[i] ?? 0) & WRITE) !== 0) this.#watches.find(objects[i] ?? '', parts[i] ?? 0)
    return this.#watches.found
  }

  #watch(task: Task): void {
    if (this.#same(task)) return
    this.forget(task)
    const { objects, parts, length } = this.#footprint
    if (task.watches === NO_ITEMS) task.watches = []
    const { watches } = task
    while (watches.length < length) watches.push(new Watch(task))
    for (let i = 0; i < length; i++) {
      const watch = watches[i] as Watch // made above; below length there are an object and a part, too
      watch.object = objects[i] as Id
      watch.part = parts[i] as number
      this.#watches.add(watch)
    }
    task.watching = length
  }

  #same({ watching, watches }: Task): boolean {
    const { objects, parts, length } = this.#footprint
    if (watching !== length) return false
    for (let i = 0; i < length; i++)
      if (watches[i]?.object !== objects[i] || watches[i]?.part !== parts[i]) return false
    return true
  }
}
