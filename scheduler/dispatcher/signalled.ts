import type { Call, Thread } from '../../kernel/index.ts'
import type { Entity } from './entity.ts'

/** What threads were doing when a signal took them out of it, and how much of it is left to do after the handler. */
export class Signalled {
  readonly #left = new Map<Entity, { readonly call: Call<unknown> | null; readonly ns: number }[]>()

  suspend(entity: Entity): void {
    const { task, left: ns } = entity
    const call = task.pending
    const before = this.#left.get(entity)
    if (before === undefined) this.#left.set(entity, [{ call, ns }])
    else if (before[before.length - 1]?.call !== call) before.push({ call, ns })
  }

  /** What is left of the call that the thread stands before, if it was in it and no other signal is due; `null` when it begins it. */
  resumes(entity: Entity, thread: Thread): number | null {
    if (this.#left.size === 0) return null
    const before = this.#left.get(entity)
    const last = before?.[before.length - 1]
    if (before === undefined || last === undefined || last.call !== entity.task.pending) return null
    if (thread.pending.length > 0) return null
    before.pop()
    if (before.length === 0) this.#left.delete(entity)
    return last.ns
  }
}
