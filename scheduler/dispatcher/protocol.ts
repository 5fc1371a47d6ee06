import { type Call, DONE, FAIL, type Id, type Machine, type Outcome, SLEEP } from '../../kernel/index.ts'
import { Entity } from './entity.ts'

/**
 * What a lock does to its holder's priority. `inherit`: whoever waits for a lock lends its priority to who has it, and on
 * along the chain. `ceiling`: whoever has a lock is as urgent as the most urgent that may ever want it; as nothing says
 * who that is, as the most urgent of all there are. Sha, Rajkumar, Lehoczky: Priority inheritance protocols, IEEE
 * Transactions on Computers 39 (9), 1990; the ceiling as POSIX's PTHREAD_PRIO_PROTECT has it, at once and not only when
 * somebody waits.
 *
 * Locks are what the calls say: `isLock`, and `blockers` knows the owner.
 */
export class Protocol {
  readonly #kind: 'inherit' | 'ceiling'
  readonly #machine: Machine
  /** Under `inherit`, who waits for a lock. */
  readonly #waiters = new Set<Entity>()
  /** Under `ceiling`, how many locks each has. */
  readonly #holds = new Map<Entity, number>()
  /** Whose priority is above its own. */
  #raised = new Set<Entity>()
  #stale = false

  constructor(kind: 'inherit' | 'ceiling', machine: Machine) {
    this.#kind = kind
    this.#machine = machine
  }

  /** The thread can't go on. */
  waits(entity: Entity): void {
    const def = entity.task.pending?.def
    if (this.#kind !== 'inherit' || def === undefined || def.blockers === undefined) return
    if (def.isLock !== true && def.lends === undefined) return
    this.#waiters.add(entity)
    this.#stale = true
  }

  goesOn(entity: Entity): void {
    if (this.#waiters.delete(entity)) this.#stale = true
  }

  ended(entity: Entity): void {
    this.goesOn(entity)
    if (this.#holds.delete(entity)) this.#stale = true
  }

  /** Its own priority was read again. */
  changed(_entity: Entity): void {
    this.#stale = true
  }

  /** After a step: those whose priority it has changed. */
  observe(): readonly Entity[] | null {
    const { actor, call, outcome, callStage, finished } = this.#machine
    if (call !== null && actor !== null) this.#enter(actor.kept, call, outcome, callStage)
    for (const { thread, made, outcome } of finished)
      if (made !== null) this.#enter(this.#machine.tasks.get(thread)?.kept ?? null, made, outcome, -1)
    if (!this.#stale) return null
    this.#stale = false
    const due = this.#kind === 'ceiling' ? this.#ceilings() : this.#inheritance()
    const changed: Entity[] = []
    for (const entity of new Set([...this.#raised, ...due.keys()])) {
      const priority = due.get(entity) ?? entity.base
      if (entity.priority === priority) continue
      entity.priority = priority
      changed.push(entity)
    }
    this.#raised = new Set(due.keys())
    return changed
  }

  #enter(kept: object | null, { def }: Call<unknown>, outcome: Outcome, stage: number): void {
    if (!(kept instanceof Entity) || (def.isLock !== true && def.lends === undefined)) return
    this.#stale = true
    if (def.lends !== undefined) {
      if (stage === 0 && outcome === SLEEP) this.#count(kept, -1)
      else if (stage !== 0 && (outcome === DONE || outcome === FAIL)) this.#count(kept, 1)
    } else if (outcome === DONE) this.#count(kept, def.does === 'takes' ? 1 : -1)
  }

  #count(entity: Entity, by: number): void {
    const now = (this.#holds.get(entity) ?? 0) + by
    if (now > 0) this.#holds.set(entity, now)
    else this.#holds.delete(entity)
  }

  #ceilings(): Map<Entity, number> {
    let ceiling = Number.NEGATIVE_INFINITY
    for (const { kept } of this.#machine.tasks.values())
      if (kept instanceof Entity) ceiling = Math.max(ceiling, kept.base)
    return new Map([...this.#holds.keys()].map((entity) => [entity, ceiling]))
  }

  #inheritance(): Map<Entity, number> {
    const due = new Map<Entity, number>()
    const of = (entity: Entity): number => due.get(entity) ?? entity.base
    const owners = [...this.#waiters].map((waiter) => ({ waiter, owners: this.#blockers(waiter) }))
    for (let more = true; more; ) {
      more = false
      for (const { waiter, owners: those } of owners)
        for (const owner of those)
          if (of(waiter) > of(owner)) {
            due.set(owner, of(waiter))
            more = true
          }
    }
    return due
  }

  #blockers({ task }: Entity): Entity[] {
    const { kernel, tasks } = this.#machine
    const thread = this.#machine.thread(task)
    const ids: readonly Id[] = task.pending?.def.blockers?.(kernel, thread, task.pending.args) ?? []
    return ids.map((id) => tasks.get(id)?.kept).filter((kept) => kept instanceof Entity)
  }
}
