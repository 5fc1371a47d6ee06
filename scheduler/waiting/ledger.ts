import {
  type Call,
  DONE,
  FAIL,
  hasDone,
  type Id,
  type Kernel,
  type Outcome,
  type Simulation,
  SLEEP,
  type Task,
  WRITE,
} from '../../kernel/index.ts'

/**
 * Who took what and has not given it back, who gives what others wait for, and whose signals found nobody: kept along a
 * run from what each call says that it `does` to its `subject`. A unit that is added before anybody took one is nobody's
 * debt, and whoever takes it owes nothing: so a semaphore that counts what is produced has no holders, and one that is
 * used as a lock, or counts what is free, has.
 *
 * Objects go by their names for readers: two that have the same name are one here.
 */

/** A step of a thread, and the line of the scenario on which its call was made, when that is noted. */
export interface Mark {
  readonly thread: Id
  readonly step: number
  readonly site: string | null
}

/** What a thread took, and owes until it is given back. */
export interface Holding extends Mark {
  /** The step at which it, or another for it, gave it back; `null`: nobody has. */
  readonly given: number | null
}

/** A signal that reached nobody. */
export interface LostSignal extends Mark {
  readonly call: string
}

interface Owed extends Holding {
  given: number | null
}

interface Account {
  /** Taken and not given back, oldest first. */
  readonly held: Owed[]
  /** Those, and what has been given back since. */
  readonly holdings: Owed[]
  readonly taken: Mark[]
  readonly given: Mark[]
  readonly lost: LostSignal[]
  /** Units added that were nobody's, and not taken yet. */
  spare: number
}

/** What a call is about, found while its thread stands before it: afterwards the memory may be unmapped. */
interface About {
  readonly subject: string | null
  readonly lends: string | null
}

/** How a call has ended. */
interface Ended {
  readonly outcome: Outcome
  readonly result: unknown
}

const NONE: readonly never[] = []

export class Ledger {
  readonly #simulation: Simulation
  readonly #accounts = new Map<string, Account>()
  readonly #about = new WeakMap<Call<unknown>, About>()
  readonly #acted = new Map<Id, number>()

  /** @param simulation stands before its first step */
  constructor(simulation: Simulation) {
    this.#simulation = simulation
    for (const task of simulation.machine.tasks.values()) this.#note(task)
  }

  /** To be told of every step after it is taken. */
  observe(): void {
    const { machine } = this.#simulation
    const { actor, call, kind, kernel, finished } = machine
    if (actor === null) return
    this.#acted.set(actor.id, machine.steps)
    // A signal that is delivered or sent, a kill, and an armed timer are no doings of the call's.
    if (call !== null && (kind === 'call' || kind === 'timer')) this.#enter(actor.id, call, machine, machine.callStage)
    if (finished.length > 0)
      for (const one of finished) if (one.made !== null) this.#enter(one.thread, one.made, one, -1)
    this.#note(actor)
    if (kernel.woken.length > 0) for (const id of kernel.woken) this.#noteId(id)
    if (kernel.spawned.length > 0) for (const { thread } of kernel.spawned) this.#noteId(thread)
  }

  /** The takings of an object that have not been given back, the oldest first. Who has ended with it in hand still holds it. */
  holders(subject: string): readonly Mark[] {
    return this.#accounts.get(subject)?.held ?? NONE
  }

  /** The same, and those that have been given back: in the order in which they were taken. */
  holdings(subject: string): readonly Holding[] {
    return this.#accounts.get(subject)?.holdings ?? NONE
  }

  /** Every step that took from an object. */
  takers(subject: string): readonly Mark[] {
    return this.#accounts.get(subject)?.taken ?? NONE
  }

  /** Every step that gave back, added or signalled. */
  givers(subject: string): readonly Mark[] {
    return this.#accounts.get(subject)?.given ?? NONE
  }

  /** The signals that reached nobody. */
  lost(subject: string): readonly LostSignal[] {
    return this.#accounts.get(subject)?.lost ?? NONE
  }

  /** The objects that anything was done to, in the order in which that began. */
  get subjects(): readonly string[] {
    return [...this.#accounts.keys()]
  }

  /** The step at which the thread last went on; 0 when it never has. */
  lastStepOf(thread: Id): number {
    return this.#acted.get(thread) ?? 0
  }

  /** What a call that came to that outcome has done. */
  #enter(thread: Id, call: Call<unknown>, { outcome, result }: Ended, stage: number): void {
    const { def } = call
    if (def.does === undefined && def.lends === undefined) return
    const about = this.#about.get(call)
    if (about === undefined) return
    const mark = { thread, step: this.#simulation.machine.steps, site: call.site }
    if (about.lends !== null) this.#lend(this.#account(about.lends), mark, outcome, stage)
    if (about.subject === null || !hasDone(def, outcome, result)) return
    const account = this.#account(about.subject)
    if (outcome === FAIL) while (account.held.length > 0) giveBack(account, 0, mark) // it has been taken over from the dead
    if (def.does === 'takes') take(account, mark)
    if (def.does === 'gives') give(account, mark, def.isLock === true)
    if (def.does === 'signals') {
      account.given.push(mark)
      if (reachedNobody(this.#simulation.machine)) account.lost.push({ ...mark, call: def.name })
    }
  }

  /** However such a call returns once it has begun to wait, it has the lock again. */
  #lend(account: Account, mark: Mark, outcome: number, stage: number): void {
    if (stage === 0 && outcome === SLEEP) give(account, mark, true)
    else if (stage !== 0 && (outcome === DONE || outcome === FAIL)) take(account, mark)
  }

  #account(subject: string): Account {
    let account = this.#accounts.get(subject)
    if (account === undefined) {
      account = { held: [], holdings: [], taken: [], given: [], lost: [], spare: 0 }
      this.#accounts.set(subject, account)
    }
    return account
  }

  #noteId(id: Id): void {
    const task = this.#simulation.machine.tasks.get(id)
    if (task !== undefined) this.#note(task)
  }

  /** Finds out what the call is about before which the thread stands. */
  #note(task: Task): void {
    const call = task.pending
    if (call === null || (call.def.does === undefined && call.def.lends === undefined) || task.ended) return
    if (this.#about.has(call)) return
    const { machine } = this.#simulation
    const thread = machine.thread(task)
    const { kernel } = machine
    const subject = call.def.does === undefined ? null : (call.def.subject?.(kernel, thread, call.args) ?? null)
    this.#about.set(call, { subject, lends: call.def.lends?.(kernel, thread, call.args) ?? null })
  }
}

function take(account: Account, mark: Mark): void {
  account.taken.push(mark)
  if (account.spare > 0) {
    account.spare -= 1
    return
  }
  const owed = { ...mark, given: null }
  account.held.push(owed)
  account.holdings.push(owed)
}

/** What the giver holds is given back first; else what is owed longest, whoever owes it. */
function give(account: Account, mark: Mark, isLock: boolean): void {
  const { held } = account
  account.given.push(mark)
  const own = held.findIndex(({ thread }) => thread === mark.thread)
  if (held.length > 0) giveBack(account, Math.max(own, 0), mark)
  else if (!isLock) account.spare += 1 // to unlock what nobody has adds nothing
}

function giveBack({ held }: Account, at: number, { step }: Mark): void {
  for (const owed of held.splice(at, 1)) owed.given = step
}

/** Whether the signal of the step just taken found nobody: it says so itself or, saying nothing, it changed nothing. */
function reachedNobody({ kernel, result }: { readonly kernel: Kernel; readonly result: unknown }): boolean {
  if (typeof result === 'number') return result === 0
  return kernel.woken.length === 0 && !hasWritten(kernel)
}

/** A process is written, too, where its program comes to its end in the same step: that is not the call's doing. */
function hasWritten({ footprint, state }: Kernel): boolean {
  const { objects, modes, length } = footprint
  for (let i = 0; i < length; i++)
    if (((modes[i] ?? 0) & WRITE) !== 0 && state.processes[objects[i] ?? ''] === undefined) return true
  return false
}
