import { BadInput, type Machine, type Task } from '../../kernel/index.ts'
import type { Cpu } from './cpu.ts'
import { type Activity, Entity } from './entity.ts'
import type { Recorder } from './recorder.ts'
import type { Totals } from './totals.ts'

/** Everybody there is to schedule, what each does now, and for how long he has done what. */
export class Roster {
  readonly entities: Entity[] = []
  readonly #machine: Machine
  readonly #cpus: number
  readonly #totals: Totals
  readonly #recorder: Recorder | null
  /** Have begun to wait in the step just made. */
  readonly #began: Entity[] = []

  constructor(machine: Machine, cpus: number, totals: Totals, recorder: Recorder | null) {
    this.#machine = machine
    this.#cpus = cpus
    this.#totals = totals
    this.#recorder = recorder
    totals.begin(machine.state.clock)
    recorder?.begin(machine, () => this.settle())
    machine.kernel.traffic = recorder?.messages ?? null
  }

  /** The record of a thread, made when it is seen for the first time. */
  meet(task: Task): Entity {
    const { kept } = task
    if (kept instanceof Entity) return kept
    const { clock } = this.#machine.state
    const entity = new Entity(task, this.#machine.thread(task).process, this.entities.length)
    this.entities.push(entity)
    task.kept = entity
    entity.since = clock
    this.read(entity)
    if (task.ended) entity.activity = 'ended'
    else if (task.pending?.def.name !== 'arrive') {
      this.arrives(entity)
      entity.activity = 'waiting'
    }
    return entity
  }

  arrives(entity: Entity): void {
    entity.arrived = this.#machine.state.clock
    this.read(entity) // its first deadline counts from now
    this.#totals.present += 1
    this.#totals.arrivals += 1
  }

  /** Reads what its process says of it. */
  read(entity: Entity): void {
    const process = this.#machine.state.processes[entity.process]
    if (process === undefined) return
    entity.read(process)
    const { cpus, task } = entity
    if (cpus === null || cpus.some((cpu) => cpu < this.#cpus)) return
    const there = this.#cpus === 1 ? 'is only CPU 0' : `are only CPUs 0 to ${this.#cpus - 1}`
    throw new BadInput(`${task.id} may run on CPU ${cpus.join(', ')} and no other, and there ${there}`)
  }

  /** The threads of the process of that number, or of its own if it names none. */
  tasksOf(pid: unknown, own: Entity): Task[] {
    const { tasks, state } = this.#machine
    const named = typeof pid === 'number' && pid !== 0
    const process = named ? Object.values(state.processes).find((one) => one.pid === pid) : state.processes[own.process]
    return (process?.threads ?? []).flatMap((thread) => tasks.get(thread) ?? [])
  }

  /** At which place stands the thread with the highest priority; the first of equals. */
  mostUrgent(threads: readonly string[]): number {
    const urgencies = threads.map((thread) => {
      const kept = this.#machine.tasks.get(thread)?.kept
      return kept instanceof Entity ? kept.priority : 0
    })
    return urgencies.indexOf(Math.max(...urgencies))
  }

  /** It does something else from now on. */
  becomes(entity: Entity, activity: Activity): void {
    const { clock } = this.#machine.state
    if (clock > entity.since) {
      this.#count(entity)
      this.#recorder?.did(entity, clock)
    }
    entity.since = clock
    entity.countedNs = 0
    entity.activity = activity
    if (activity !== 'waiting') return
    entity.waitsForIo = entity.task.pending?.def.name === 'io'
    if (this.#recorder !== null) this.#began.push(entity)
  }

  #count(entity: Entity): void {
    const all = this.#machine.state.clock - entity.since
    const ns = all - entity.countedNs
    entity.countedNs = all
    if (entity.activity === 'ready') {
      entity.readyNs += ns
      entity.readyNsMax = Math.max(entity.readyNsMax, all)
    } else if (entity.activity === 'waiting') {
      entity.waitingNs += ns
      if (entity.waitsForIo) entity.ioNs += ns
    }
  }

  ends(entity: Entity): void {
    if (entity.activity === 'away') return // killed before it came
    const { clock } = this.#machine.state
    if (entity.deadline !== Number.POSITIVE_INFINITY && entity.isInJob) entity.jobDone(clock)
    this.#totals.present -= 1
    this.becomes(entity, 'ended')
    entity.ended = clock
  }

  /** Made a call that has to do with its scheduling. If its thread has ended in the same step its last job was counted then. */
  hasMade(entity: Entity): void {
    const { call, kind, callStage } = this.#machine
    const waits = call?.def.name === 'wait_period' && kind === 'call' && callStage === 0
    if (waits && entity.activity !== 'ended') entity.jobDone(this.#machine.state.clock)
  }

  /** It has a CPU, once that has gone over to it. */
  runs(entity: Entity, at: number): void {
    this.becomes(entity, 'running')
    if (entity.firstRun < 0) entity.firstRun = at
    this.#recorder?.runs(entity, at, this.#machine.state.clock)
  }

  /** It is taken back in the midst of the switch to it. */
  breaksOff(entity: Entity, cpu: Cpu): void {
    const { clock } = this.#machine.state
    cpu.switchNs -= cpu.since - clock
    if (entity.firstRun > clock) entity.firstRun = -1
    this.#recorder?.breaksOff(entity)
  }

  /** The step is over, and who waits may be asked what for. */
  stepIsOver(): void {
    const recorder = this.#recorder
    if (recorder === null) return
    recorder.step()
    if (this.#began.length === 0) return
    for (const entity of this.#began) recorder.waits(entity)
    this.#began.length = 0
  }

  /** Adds up what everybody has done until now, and goes on with. */
  settle(): void {
    this.stepIsOver()
    for (const entity of this.entities) this.#count(entity)
    this.#recorder?.goOn(this.entities, this.#machine.state.clock)
  }
}
