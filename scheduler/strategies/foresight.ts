import type { AnyDef, Args, Data, Footprint, Id, Machine, Task } from '../../kernel/index.ts'
import { clash, Places, placeOf, READING, touchOf, WRITING } from './dpor/event.ts'

/**
 * What threads are about to touch. A step's footprint is known when it was made, samplers ask before: expected is what the
 * same step touched when it was made last, in this run or an earlier one. The same step is one of the same thread, in the
 * same stage of the same call, with the same first argument, which in all these systems is what the call is about. Whether a
 * compare-and-swap is going to write is not expected but looked up.
 */
export class Foresight {
  readonly places = new Places()
  readonly #threads = new Map<Id, Memory>()
  readonly #standings = new Map<Task, Standing>()
  readonly #timers = new Map<Task, Standing>()
  #known = 0
  /** Who takes the step under way, or took the last one; `null`: a fault, or nobody yet. */
  #mover: Standing | null = null

  /** A run begins. */
  begin(): void {
    this.#mover = null
    for (const standings of [this.#standings, this.#timers]) {
      for (const [task, standing] of standings) {
        if (task.original) standing.begins()
        else standings.delete(task)
      }
    }
    if (this.#known < KINDS_MAX) return
    this.#threads.clear()
    this.#standings.clear()
    this.#timers.clear()
    this.#known = 0
  }

  /** Where the thread stands. */
  of(machine: Machine, task: Task): Standing {
    const standing = this.#standings.get(task) ?? this.#enter(this.#standings, task, task.id)
    this.#look(standing, task, machine.thread(task).call?.stage ?? 0)
    return standing
  }

  /** Where the next timer stands: before the end of its thread's call. */
  ofTimer({ tasks, state }: Machine): Standing {
    const task = tasks.get(state.timers[0]?.thread ?? '') as Task // a timer is armed, and its thread lives
    const standing = this.#timers.get(task) ?? this.#enter(this.#timers, task, `!${task.id}`)
    this.#look(standing, task, TIMED_OUT)
    return standing
  }

  #enter(standings: Map<Task, Standing>, task: Task, id: Id): Standing {
    let memory = this.#threads.get(id)
    if (memory === undefined) {
      memory = new Map()
      this.#threads.set(id, memory)
    }
    const standing = new Standing(task, id, memory)
    standings.set(task, standing)
    return standing
  }

  #look(standing: Standing, { pending }: Task, stage: number): void {
    if (standing.call === pending && standing.stage === stage) {
      standing.isFresh = false
      return
    }
    standing.isFresh = true
    standing.call = pending
    standing.stage = stage
    const before = standing.kind
    if (pending === null) standing.kind = NOTHING
    else {
      const about = aboutOf(pending.args)
      const { next } = before
      // Most often the same step comes behind this one as the last time.
      if (next !== null && next.def === pending.def && next.about === about && next.stage === stage)
        standing.kind = next
      else standing.kind = this.#kindOf(standing.memory, pending.def, about, stage)
    }
    if (before !== NOTHING) before.next = standing.kind
  }

  #kindOf(memory: Memory, def: AnyDef, about: Data, stage: number): Kind {
    let kinds = memory.get(def)
    if (kinds === undefined) {
      kinds = new Map()
      memory.set(def, kinds)
    }
    let kind = kinds.get(about)
    while (kind !== undefined && kind.stage !== stage && kind.other !== null) kind = kind.other
    if (kind?.stage === stage) return kind
    const made = new Kind(def, about, stage)
    if (kind === undefined) kinds.set(about, made)
    else kind.other = made
    this.#known += 1
    return made
  }

  /** It takes the next step; `null`: a fault strikes. */
  moves(standing: Standing | null): void {
    this.#mover = standing
    if (standing === null) return
    standing.call = null
    standing.kind.times += 1
  }

  /** What the step just made has touched, which is expected of it from now on. */
  touched(machine: Machine): readonly number[] {
    if (machine.steps === 0) return NO_TOUCH
    const { footprint } = machine.kernel
    if (this.#mover === null) return this.places.touchedBy(footprint)
    const { kind } = this.#mover
    if (kind.touched === null || !kind.isAs(footprint)) kind.becomes(footprint, this.places)
    return kind.touched ?? NO_TOUCH
  }

  /** Whether it matters which comes first of a step that touched this and the one that a thread stands before. */
  races(machine: Machine, touched: readonly number[], standing: Standing): boolean {
    const expected = standing.kind.touched
    if (expected === null) return true
    const writes = writesNow(machine, standing)
    for (let i = 0; i < touched.length; i++) {
      const one = touched[i] as number // below length
      for (let j = 0; j < expected.length; j++) {
        const before = expected[j] as number // below length
        const other = writes === null ? before : touchOf(placeOf(before), writes ? WRITING : READING)
        if (!clash(one, other)) continue
        if (placeOf(one) === placeOf(other) || this.places.meet(placeOf(one), placeOf(other))) return true
      }
    }
    return false
  }

  /** The threads that there were, by their names, and the kinds of steps of each. */
  *seen(): Iterable<readonly [thread: Id, kind: Kind]> {
    for (const [id, memory] of this.#threads)
      for (const kinds of memory.values())
        for (const first of kinds.values())
          for (let kind: Kind | null = first; kind !== null; kind = kind.other) yield [id, kind]
  }
}

/** Whether it would write, where that hangs on what it finds; `null`: it does not. */
function writesNow({ kernel, state }: Machine, { task, id, stage }: Standing): boolean | null {
  const { pending } = task
  const onlyReads = pending?.def.stages[stage]?.onlyReads
  const thread = state.threads[id]
  if (pending === null || onlyReads === undefined || thread === undefined) return null
  kernel.walker = task
  return !onlyReads(kernel, thread, pending.args)
}

type Memory = Map<AnyDef, Map<Data, Kind>>

/** A step that a thread takes now and then, and what it touched the last time. */
export class Kind {
  readonly def: AnyDef | null
  /** The call's first argument. */
  readonly about: Data
  readonly stage: number
  /** Of the same call and argument, another stage. */
  other: Kind | null = null
  /** What the thread stood before after it, the last time. */
  next: Kind | null = null
  /** As in an `Event` of partial-order reduction; `null`: never made, it might touch anything. */
  touched: readonly number[] | null = null
  /** How often it was made, since whoever counts began. */
  times = 0
  #objects: readonly Id[] = []
  #parts: readonly number[] = []
  #modes: readonly number[] = []

  constructor(def: AnyDef | null, about: Data, stage: number) {
    this.def = def
    this.about = about
    this.stage = stage
  }

  /** Whether the footprint is the one that `touched` was made of. */
  isAs({ length, objects, parts, modes }: Footprint): boolean {
    if (this.#parts.length !== length) return false
    for (let i = 0; i < length; i++) {
      if (this.#parts[i] !== parts[i] || this.#modes[i] !== modes[i] || this.#objects[i] !== objects[i]) return false
    }
    return true
  }

  becomes(footprint: Footprint, places: Places): void {
    const { length, objects, parts, modes } = footprint
    this.touched = places.touchedBy(footprint)
    this.#objects = objects.slice(0, length)
    this.#parts = parts.slice(0, length)
    this.#modes = modes.slice(0, length)
  }
}

/** A thread, or the next timer, before its next step. */
export class Standing {
  readonly task: Task
  readonly id: Id
  readonly memory: Memory
  /** Not seen before in this run; whoever looks says so. */
  isNew = true
  call: Task['pending'] = null
  stage = 0
  kind: Kind = NOTHING
  /** It stands there since the last time it was asked for. */
  isFresh = true
  /** For whoever asks: a priority, a weight. */
  value = 0

  constructor(task: Task, id: Id, memory: Memory) {
    this.task = task
    this.id = id
    this.memory = memory
  }

  begins(): void {
    this.isNew = true
    this.call = null
  }
}

const NOTHING = new Kind(null, null, -2)
const NO_TOUCH: readonly number[] = []
/** What stands for the stage in which a timer finds a call. */
const TIMED_OUT = -1
/** A program whose steps are so many different ones is begun to be learned anew. */
const KINDS_MAX = 20_000

/** What the call is about: its first argument, where that is a number or a name. */
function aboutOf(args: Args): Data {
  for (const name in args) {
    const first = args[name] as Data // a key has its value
    return typeof first === 'object' ? null : first
  }
  return null
}
