import type { Coming, Entity, Policy, RunQueue } from 'ipclab/scheduler'

/** What is told of a run queue: each before the policy itself learns of it, but for `taken` and `charged`. */
export interface Watcher {
  put?(entity: Entity, how: Coming, queue: Watched): void
  placed?(entity: Entity, how: Coming, queue: Watched): void
  taken?(entity: Entity, queue: Watched): void
  charged?(entity: Entity, ns: number, queue: Watched): void
  left?(entity: Entity, queue: Watched): void
}

/** The policy as it is, with somebody looking on. */
export const watched = (policy: Policy, watcher: Watcher): Policy => ({
  ...policy,
  queue: (random) => new Watched(policy.queue(random), watcher),
})

/** Who is in line and who runs for it, kept apart from the policy's own books. */
export class Watched implements RunQueue {
  readonly line = new Set<Entity>()
  readonly running = new Set<Entity>()
  readonly #inner: RunQueue
  readonly #watcher: Watcher

  constructor(inner: RunQueue, watcher: Watcher) {
    this.#inner = inner
    this.#watcher = watcher
  }

  get length(): number {
    return this.#inner.length
  }

  put(entity: Entity, how: Coming, now: number): void {
    this.#watcher.put?.(entity, how, this)
    this.#inner.put(entity, how, now)
    this.running.delete(entity)
    this.line.add(entity)
    this.#watcher.placed?.(entity, how, this)
  }

  take(): Entity | null {
    const entity = this.#inner.take()
    if (entity === null) return null
    this.#watcher.taken?.(entity, this)
    this.line.delete(entity)
    this.running.add(entity)
    return entity
  }

  remove(entity: Entity): void {
    this.#watcher.left?.(entity, this)
    this.#inner.remove(entity)
    this.line.delete(entity)
  }

  slice(entity: Entity): number {
    return this.#inner.slice(entity)
  }

  charge(entity: Entity, ns: number): void {
    this.#inner.charge?.(entity, ns)
    this.#watcher.charged?.(entity, ns, this)
  }

  left(entity: Entity, io: boolean): void {
    this.#watcher.left?.(entity, this)
    this.#inner.left?.(entity, io)
    this.running.delete(entity)
  }

  preempts(entity: Entity, running: Entity): boolean {
    return this.#inner.preempts(entity, running)
  }

  puts(running: Entity): boolean {
    return this.#inner.puts?.(running) ?? false
  }

  tick(): void {
    this.#inner.tick?.()
  }
}
