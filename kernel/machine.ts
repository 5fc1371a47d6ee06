import type { Call, Program } from './call.ts'
import { invariant } from './errors.ts'
import { type Fault, Faultable, type FaultBook, NO_FAULTS } from './faults.ts'
import type { Footprint } from './footprint.ts'
import { threadOf } from './kernel.ts'
import { ReadySet, Task } from './ready.ts'
import { arrive, awaitArrival } from './sched.ts'
import { isDue } from './signal.ts'
import type { Id, KernelState, Thread } from './state.ts'
import type { Transact } from './turns.ts'

/**
 * The machine: threads with their programs over a kernel state. It knows who could go next, takes the step that it is
 * told to, and looks again at whoever that affects. What to choose is the decider's business, what it means the
 * checks'.
 */
export class Machine extends Faultable {
  readonly ready = new ReadySet()
  /** Between `begin` and `reset`. */
  #inRun = false
  /** Started or woken by the step, to be looked at again. */
  readonly #affected: Task[] = []
  /** How many tasks there were when the run began, and how many there have ever been in it. */
  #originals = 0
  #numbered = 0
  /** Told of each thread that becomes able to go on; for policies. */
  onReady: ((task: Task) => void) | null = null
  /** Told of each thread that was able to go on and is not any more, or has ended; for policies. */
  onWait: ((task: Task) => void) | null = null
  /** Which CPU the last step was made on, where a policy knows of several. */
  cpu = 0
  /** What hung on the guards of waits that the last step ended or interrupted: object and part. */
  abandoned: (readonly [Id, number])[] = []
  steps = 0
  /** Threads that have a program and have not ended. */
  alive = 0
  /** Where the scenario allows faults. */
  faultBook: FaultBook | null = null
  /** Faults may strike also where nobody else can go on: for who knows that they could have struck earlier. */
  late = false

  get state(): KernelState {
    return this.kernel.state
  }

  /**
   * How many ways there are to go on: the ready threads, after them the next timer, if one is armed, and after that the
   * faults. Where there would be faults alone there is nothing, but for `late`: none need strike, so they save from no deadlock.
   */
  get options(): number {
    return this.faultBook === null ? this.ordinary : this.ordinary + this.faults.length
  }

  /** Those of the options that are no faults. */
  get ordinary(): number {
    return this.ready.size + (this.kernel.state.timers.length > 0 ? 1 : 0)
  }

  /** The faults that could strike now, in the order of their options. */
  get faults(): readonly Fault[] {
    if (this.faultBook === null || (this.ordinary === 0 && !this.late)) return NO_FAULTS
    return this.faultBook.possible(this.state, this.steps)
  }

  /** Whether option 0 is the running thread. */
  get runningGoesOn(): boolean {
    return this.ready.size > 0 && this.ready.at(0) === this.running
  }

  /**
   * Gives a thread a program, and runs it up to its first call.
   * @param at when it arrives, in virtual ns: nothing of the program runs before
   */
  start(id: Id, program: Program<unknown> | null, at: number | null = null): Task {
    const known = this.tasks.get(id)
    if (known !== undefined) return this.startAgain(known, program, at)
    const thread = threadOf(this.kernel, id)
    const task = new Task(id, this.#numbered, thread, program, !this.#inRun)
    this.#numbered += 1
    this.tasks.set(id, task)
    this.#runUp(task, thread, at)
    return task
  }

  /** The same for a thread of an earlier run that is there again. */
  startAgain(task: Task, program: Program<unknown> | null, at: number | null = null): Task {
    const thread = this.thread(task)
    task.restart(thread, program)
    this.#runUp(task, thread, at)
    return task
  }

  #runUp(task: Task, thread: Thread, at: number | null): void {
    if (task.program === null) return
    this.alive += 1
    thread.status = 'ready'
    if (at !== null) {
      this.stand(task, thread, arrive(at))
      return awaitArrival(this.kernel, thread, at)
    }
    this.resume(task, thread, true, undefined)
  }

  /** What the guard hangs on at which the thread stands; `null` when its next step would not wait. Valid until the next guard is asked. */
  guardOf(task: Task): Footprint | null {
    const thread = this.thread(task)
    if (task.pending?.def.waits !== true || isDue(thread) || !this.guards.applies(task, thread)) return null
    this.guards.asks(task, thread)
    return this.guards.looked
  }

  /** Whether the guard at which the thread stands would be open, in the state as it is now. */
  wouldProceed(task: Task): boolean {
    return this.guards.asks(task, this.thread(task))
  }

  /** Whether adding to the words that the guard there looks at opens it, and never closes it. */
  rises(task: Task): boolean {
    const { call } = this.thread(task)
    return call !== null && task.pending?.def.stages[call.stage]?.rises === true
  }

  /** Gives an idle thread a call to make, by hand. */
  issue(id: Id, call: Call<unknown>): Task {
    const task = this.tasks.get(id)
    invariant(task !== undefined && task.program === null, 'a call is issued to a thread driven by hand', id)
    this.#transaction(() => {
      const thread = threadOf(this.kernel, id)
      invariant(thread.status === 'idle', 'a call is issued to an idle thread', id)
      thread.status = 'ready'
      task.result = null
      this.stand(task, thread, call)
    })
    this.refresh(task)
    return task
  }

  /** Takes a thread that is no more out of the machine. */
  forget(id: Id): void {
    if (!this.tasks.delete(id)) return
    this.#originals -= 1
    this.#numbered -= 1
  }

  /** Begins a run: `recipe` starts the programs. */
  begin(transact: Transact | null, recipe: () => void): void {
    this.transact = transact
    this.#transaction(recipe)
    this.#originals = this.tasks.size
    for (const id of this.kernel.ended) this.#bury(id) // programs without a single call
    this.#inRun = true
    for (const task of this.tasks.values()) if (!task.ended) this.refresh(task)
  }

  /** Forgets the programs and all that belongs to a run; the state is the caller's to bring back. */
  reset(): void {
    this.ready.clear()
    this.#numbered = this.#originals
    if (this.tasks.size > this.#originals)
      for (const task of this.tasks.values()) if (!task.original) this.tasks.delete(task.id)
    this.guards.clear()
    this.#affected.length = 0
    this.#inRun = false
    this.#clear()
    this.steps = 0
    this.alive = 0
    this.trouble = null
    this.pruned = false
    this.doubtful = false
    this.actor = null
    this.running = null
    this.faultBook?.reset()
  }

  /** The clock goes on by so many ns, between two steps: for policies, which keep time. */
  passTime(ns: number): void {
    if (this.transact === null) this.kernel.state.clock += ns
    else
      this.#transaction(() => {
        this.kernel.state.clock += ns
      })
  }

  /** Takes the option with that number: see `options`. */
  step(option: number): void {
    if (option < this.ready.size) return this.stepTask(this.ready.at(option))
    if (this.faultBook === null || option < this.ordinary) {
      this.#clear()
      if (this.transact === null) this.timer()
      else this.#transaction(() => this.timer())
    } else {
      const fault = this.faults[option - this.ordinary]
      invariant(fault !== undefined, 'a fault that is chosen can strike')
      this.faultBook.strikes()
      this.#clear()
      this.#transaction(() => this.strike(fault))
    }
    if (this.running !== null) this.ready.toFront(this.running)
    if (this.actor !== null) this.#settleEffects(this.actor)
  }

  /** The thread takes its next step. */
  stepTask(task: Task): void {
    this.ready.toFront(task)
    this.actor = task
    this.running = task
    this.#clear()
    this.kind = 'call'
    if (this.transact === null) this.turn(task, task.thread)
    else this.#transaction(() => this.turn(task, threadOf(this.kernel, task.id)))
    this.#settleEffects(task)
  }

  #transaction(recipe: () => void): void {
    const { kernel, transact } = this
    if (transact === null) return recipe()
    const before = kernel.state
    kernel.state = transact(before, (draft) => {
      kernel.state = draft
      recipe()
    })
  }

  #clear(): void {
    const { kernel } = this
    kernel.footprint.clear()
    // Popping the few that are there is quicker than setting the length.
    while (kernel.woken.length > 0) kernel.woken.pop()
    while (kernel.spawned.length > 0) kernel.spawned.pop()
    while (kernel.ended.length > 0) kernel.ended.pop()
    if (this.logged.length > 0) this.logged = []
    if (this.finished.length > 0) this.finished = []
    if (this.abandoned.length > 0) this.abandoned = []
    this.concluded = false
    this.forsakes = false
    this.steps += 1
  }

  /** After a transition: new threads are started, hand-offs are carried through, and whoever is affected is looked at again. */
  #settleEffects(task: Task): void {
    const { kernel } = this
    if (kernel.spawned.length > 0 || kernel.woken.length > 0) this.#carryThrough()
    if (kernel.ended.length > 0) for (const id of kernel.ended) this.#bury(id)
    const waits = task.pending?.def.waits === true
    if (task.slot < 0 || waits || task.watching > 0 || this.thread(task).status !== 'ready') this.refresh(task)
    if (this.guards.any)
      for (const other of this.guards.affected(kernel.footprint)) if (other !== task) this.refresh(other)
  }

  #carryThrough(): void {
    const affected = this.#affected
    if (this.transact === null) this.#startAndFinish()
    else this.#transaction(() => this.#startAndFinish())
    for (let i = 0; i < affected.length; i++) this.refresh(affected[i] as Task) // below length
    while (affected.length > 0) affected.pop()
  }

  #startAndFinish(): void {
    const { kernel } = this
    if (kernel.spawned.length > 0)
      for (const { thread, program, args, at } of kernel.spawned.slice()) {
        const run = program as (...args: readonly unknown[]) => Program<unknown> // fork's and thread_create's type
        this.#affected.push(this.start(thread, run(...args), at))
      }
    for (const id of kernel.woken) {
      const woken = this.tasks.get(id)
      if (woken === undefined) continue
      const thread = this.thread(woken)
      if (woken.program !== null && thread.call !== null && thread.call.outcome !== null && !isDue(thread))
        this.finish(woken, thread, this.takeOutcome(thread), false)
      this.#affected.push(woken)
    }
  }

  /** Its wait is over for another reason than that its guard has opened. */
  #abandons({ watching, watches }: Task): void {
    for (const { object, part } of watches.slice(0, watching)) this.abandoned.push([object, part])
  }

  #bury(id: Id): void {
    const task = this.tasks.get(id)
    if (task === undefined) return
    if (task.program !== null) this.alive -= 1
    if (task.watching > 0) {
      this.#abandons(task)
      this.guards.forget(task)
    }
    this.ready.remove(task)
    task.ended = true
    this.onWait?.(task)
    if (!task.original) this.tasks.delete(id)
  }

  /** Looks again whether the thread can go on. */
  refresh(task: Task): void {
    if (task.ended) return
    const thread = this.thread(task)
    if (this.#enabled(task, thread)) {
      if (task.slot >= 0) return
      this.ready.add(task)
      if (task === this.running) this.ready.toFront(task)
      this.onReady?.(task)
    } else if (task.slot >= 0) {
      this.ready.remove(task)
      this.onWait?.(task)
    }
  }

  #enabled(task: Task, thread: Thread): boolean {
    if (thread.pending.length > 0 && isDue(thread)) {
      if (task.watching > 0 && task !== this.actor) this.#abandons(task)
      return true
    }
    if (thread.status !== 'ready') return false
    if (thread.call?.outcome !== null) return true
    if (task.pending === null || !task.pending.def.waits || !this.guards.applies(task, thread)) {
      if (task.watching > 0) this.guards.forget(task)
      return true
    }
    if (this.guards.holds(task, thread)) return true
    if (thread.timer !== 0) return false
    const at = task.pending.def.deadline?.(this.kernel, thread, thread.call.args) ?? null
    return at !== null
  }
}
