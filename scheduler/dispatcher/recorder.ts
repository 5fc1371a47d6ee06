import { BadInput, Footprint, type Machine, type Task } from '../../kernel/index.ts'
import { CallTimes } from './call-times.ts'
import { type Activity, Entity } from './entity.ts'
import { Messages } from './messages.ts'

/** From when to when a thread did one thing. Plain data; times in virtual ns. */
export interface Stretch {
  readonly thread: string
  readonly process: string
  /** Its own: nobody has lent it any. */
  readonly priority: number
  readonly activity: Exclude<Activity, 'ended' | 'away'>
  readonly from: number
  readonly to: number
  /** So much of it, at its beginning, the CPU was busy going over to the thread. */
  readonly switching: number
  /** Where it ran; -1 where it did not. */
  readonly cpu: number
  /** At which of the policy's levels it ran; 0 where there are none. */
  readonly level: number
  /** What it waited in, and for: `sem_wait`, `semaphore at empty`. */
  readonly call: string | null
  readonly object: string | null
}

/** What a thread waits in and for, and since when. */
interface Wait extends Pick<Stretch, 'object' | 'from'> {
  readonly call: string
}

/** As many as there is memory for. */
const STRETCHES_MAX = 4_000_000

/** Keeps who did what from when to when, and how long that took. */
export class Recorder {
  /** After so many that are over come those of a run that was looked at in its midst. */
  readonly stretches: Stretch[] = []
  #over = 0
  readonly calls = new CallTimes()
  readonly messages = new Messages(this.calls)
  #machine: Machine | null = null
  #steps = 0
  #settle: (() => void) | null = null
  readonly #scratch = new Footprint()
  /** From when those on a CPU have it to themselves. */
  readonly #runs = new Map<Entity, number>()
  /** Those to whom a CPU is still going over. */
  readonly #coming = new Set<Entity>()
  readonly #waits = new Map<Entity, Wait>()

  /** @param settle makes everybody tell what it does until now */
  begin(machine: Machine, settle: () => void): void {
    this.#machine = machine
    this.#settle = settle
    this.stretches.length = 0
    this.#over = 0
    this.#waits.clear()
    this.#runs.clear()
    this.#coming.clear()
    this.#steps = machine.steps
    this.calls.begin()
    this.messages.begin(machine)
  }

  /** The run is over, or is looked at in its midst: what everybody does is kept up to now. */
  close(): void {
    this.#settle?.()
  }

  /** A step may have been taken since it was asked last. */
  step(): void {
    const machine = this.#machine
    if (machine === null || machine.steps === this.#steps) return
    this.#steps = machine.steps
    this.calls.step(machine)
    const { actor, kind, finished, tasks } = machine
    if (kind === 'timer' && actor !== null) this.#waitsAgain(actor)
    for (const { thread } of finished) this.#waitsAgain(tasks.get(thread))
  }

  /** Who has waited may wait for something else from now on, without having had a CPU. */
  #waitsAgain(task: Task | undefined): void {
    if (task === undefined || task.ended || task.slot >= 0 || !(task.kept instanceof Entity)) return
    if (task.kept.activity !== 'waiting') return
    this.did(task.kept, this.#machine?.state.clock ?? 0)
    this.waits(task.kept)
  }

  /** The entity has a CPU from then on, which goes over to it until then. */
  runs(entity: Entity, at: number, now: number): void {
    this.#runs.set(entity, at)
    if (at > now) this.#coming.add(entity)
    else this.calls.runs(entity.task, at)
  }

  /** The CPU does not go over to it after all. */
  breaksOff(entity: Entity): void {
    this.#coming.delete(entity)
  }

  /** It is now so late. */
  timePassed(now: number): void {
    for (const entity of this.#coming) {
      const at = this.#runs.get(entity) ?? 0
      if (at > now) continue
      this.#coming.delete(entity)
      this.calls.runs(entity.task, at)
    }
  }

  /** What the entity did since `entity.since` is over. */
  did(entity: Entity, now: number): void {
    this.stretches.length = this.#over
    this.#tell(entity, now)
    this.#over = this.stretches.length
  }

  /** All are in the midst of something. */
  goOn(entities: readonly Entity[], now: number): void {
    this.stretches.length = this.#over
    for (const entity of entities) this.#tell(entity, now)
  }

  #tell(entity: Entity, now: number): void {
    const { activity, cpu, level } = entity
    if (activity === 'ended' || activity === 'away') return
    const thread = entity.task.id
    const wait = activity === 'waiting' ? this.#waits.get(entity) : undefined
    const from = Math.max(entity.since, wait?.from ?? 0)
    if (from === now) return
    if (this.stretches.length >= STRETCHES_MAX)
      throw new BadInput(
        `threads have come and gone ${STRETCHES_MAX} times by ${now} ns: slices far shorter than what programs compute; name longer ones, as in rr:2ms, or fewer steps`,
      )
    this.stretches.push({
      thread,
      process: entity.process,
      priority: entity.base,
      activity,
      from,
      to: now,
      switching: activity === 'running' ? Math.max(0, Math.min(now, this.#runs.get(entity) ?? from) - from) : 0,
      cpu: activity === 'running' ? (cpu?.number ?? entity.lastCpu) : -1,
      level: activity === 'running' ? level : 0,
      call: wait?.call ?? null,
      object: wait?.object ?? null,
    })
  }

  /** It begins to wait: what for is asked now, as it may be gone afterwards. */
  waits(entity: Entity): void {
    const { task } = entity
    const machine = this.#machine
    if (task.pending === null || machine === null) return
    const { def, args } = task.pending
    const { kernel } = machine
    const before = kernel.footprint
    kernel.footprint = this.#scratch
    const object = def.waitsFor?.(kernel, machine.thread(task), args).object ?? null
    kernel.footprint = before
    this.#scratch.clear()
    this.#waits.set(entity, { call: def.name, object, from: machine.state.clock })
  }
}
