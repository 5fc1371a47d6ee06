import { invariant } from './errors.ts'
import { destroy, type Kernel, peek } from './kernel.ts'
import type { Id, KernelObject, Ref, Thread } from './state.ts'

/**
 * Objects that live as long as somebody refers to them: by a descriptor, a handle, a mapping, a name, or a call in
 * progress that has pinned them.
 */

export interface Counted extends KernelObject {
  refs: number
}

export interface Kind<T extends Counted> {
  /** Nobody can see one go: to hold it to the end of a process makes that end no event. */
  readonly silent?: boolean
  /**
   * The last reference is gone: let go of what the object itself refers to, wake who waits for it.
   * @param by the thread that let go of it, where that is known: at the end of its call, or as whoever releases says
   */
  free?(kernel: Kernel, object: T, by: Thread | null): void
  /** An open file description: the process closes a descriptor of it, whether others stay or not. */
  flush?(kernel: Kernel, object: T, process: Id): void
}

const kinds = new Map<string, Kind<Counted>>()

/** Says what happens to a kind of counted objects when the last reference goes. */
export function defineKind<T extends Counted>(kind: string, hooks: Kind<T>): void {
  kinds.set(kind, hooks as unknown as Kind<Counted>) // only ever called with objects of that kind
}

export function isSilent(kind: string): boolean {
  return kinds.get(kind)?.silent === true
}

/**
 * One more reference. Counts change without a footprint: nobody can see them but through what the last release frees,
 * and that has one.
 */
export function retain(kernel: Kernel, ref: Ref<Counted>): void {
  const object = peek(kernel, ref)
  if (kernel.journal !== null) kernel.journal.saveRefs(object)
  object.refs += 1
}

/** One reference less; without any the object goes. */
export function release(kernel: Kernel, ref: Ref<Counted>, by: Thread | null = null): void {
  const object = peek(kernel, ref)
  if (kernel.journal !== null) kernel.journal.saveRefs(object)
  object.refs -= 1
  invariant(object.refs >= 0, 'an object is released no more often than retained', ref)
  if (object.refs > 0) return
  kinds.get(object.kind)?.free?.(kernel, object, by)
  destroy(kernel, ref)
}

/** A descriptor of the process that leads to the description is closed. */
export function releaseDescriptor(kernel: Kernel, ref: Ref<Counted>, process: Id): void {
  const object = peek(kernel, ref)
  kinds.get(object.kind)?.flush?.(kernel, object, process)
  release(kernel, ref)
}

/** Keeps the object alive until the thread's call is over, whatever happens to its handles meanwhile. */
export function pin(kernel: Kernel, thread: Thread, ref: Ref<Counted>): void {
  invariant(thread.call !== null, 'who pins is in a call')
  retain(kernel, ref)
  if (thread.call.pins === null) thread.call.pins = [ref]
  else thread.call.pins.push(ref)
}

/** Lets go of what the thread's call has pinned. */
export function unpin(kernel: Kernel, thread: Thread): void {
  const pins = thread.call?.pins ?? null
  if (pins === null || thread.call === null) return
  thread.call.pins = null
  for (const ref of pins) release(kernel, ref, thread)
}

/** An id made from another one, put together only once for each: every end of a process asks for some. */
export function madeOnce<T extends KernelObject>(make: (id: Id) => string): (id: Id) => Ref<T> {
  const made = new Map<Id, Ref<T>>()
  return (id) => {
    let ref = made.get(id)
    if (ref === undefined) {
      ref = make(id)
      made.set(id, ref)
    }
    return ref
  }
}

/** The objects that a call has pinned, oldest first. */
export function pinned(thread: Thread): readonly Id[] {
  return thread.call?.pins ?? []
}
