import {
  type Args,
  Call,
  DONE,
  FAIL,
  GONE,
  type LocalContext,
  NEXT,
  noteSites,
  type Outcome,
  type Program,
  type SiteProbe,
  SLEEP,
} from './call.ts'
import { armedUntil, armTimer, disarmTimer, fireTimer } from './clock.ts'
import { BadInput, CallError, invariant } from './errors.ts'
import { endThread, hasToRelease } from './exit.ts'
import { Guards } from './guards.ts'
import { copy } from './journal.ts'
import { type Door, Kernel, processOf, threadOf } from './kernel.ts'
import { unpin } from './objects.ts'
import { exit, thread_exit } from './process.ts'
import { leaveQueue } from './queue.ts'
import { ReadySet, Task } from './ready.ts'
import { type Data, emptyState, type Id, type KernelState, returned, type Thread, type WakeOrder } from './state.ts'

/**
 * The machine: threads with their programs over a kernel state. It knows who could go next, takes the step that it is
 * told to, and runs the program on to its next call. What to choose is the decider's business, what it means the
 * checks'.
 */

/** Runs `recipe` on the state or on a draft of it, and returns the state that results. */
export type Transact = (state: KernelState, recipe: (state: KernelState) => void) => KernelState

export interface MachineOptions {
  readonly wakeOrder: WakeOrder
  readonly door: Door
  /** Note where in its program each call was made. */
  readonly sites?: SiteProbe | null
}

/** What went wrong in a run, as the machine sees it. */
export interface Trouble {
  readonly kind: 'assertion' | 'uncaught error'
  readonly message: string
  /** The error's code, where it has one. */
  readonly code: string | null
  readonly thread: Id
  /** Where in its program the call was made that it happened in, when that is noted. */
  readonly site: string | null
}

/** A call that came to its end in a step which was not its own: handed off, or kept back until a handler had run. */
export interface Finished {
  readonly thread: Id
  readonly call: string
  readonly outcome: Outcome
  /** What it returned, or the error it failed with. */
  readonly result: unknown
}

export type StepKind = 'call' | 'timer' | 'signal' | 'arm'

export class Machine {
  readonly kernel: Kernel
  readonly ready = new ReadySet()
  readonly tasks = new Map<Id, Task>()
  readonly #guards: Guards
  readonly #sites: SiteProbe | null
  /** Between `begin` and `reset`. */
  #running = false
  /** Whose local call is being answered, and which. */
  #speaker: Task | null = null
  #said: Call<unknown> | null = null
  /** The step's own call has come to an outcome; whatever else is concluded in it is another's. */
  #concluded = false
  readonly #local: LocalContext = {
    log: (text) => void this.logged.push(text),
    fail: (kind, message) => this.#fail(kind, message, null, this.#speaker, this.#said),
    prune: () => void (this.pruned = true),
  }
  /** How transitions are run: `null` in place. */
  transact: Transact | null = null
  /** Told of each thread that becomes able or unable to go on; for policies. */
  onReady: ((task: Task) => void) | null = null
  steps = 0
  /** Threads that have a program and have not ended. */
  alive = 0
  trouble: Trouble | null = null
  /** The run was given up by `assume`. */
  pruned = false
  /** Lines logged during the last step. */
  logged: string[] = []

  // The last step, for those who watch.
  kind: StepKind = 'call'
  /** Who took it. */
  actor: Task | null = null
  call: Call<unknown> | null = null
  /** The call's arguments. */
  callArgs: Args | null = null
  callStage = 0
  outcome: Outcome = DONE
  /** What the call returned, or the error it failed with; the signal, where one is delivered. */
  result: unknown = undefined
  /** Other calls that ended in this step, in order. */
  finished: Finished[] = []

  constructor(options: MachineOptions) {
    this.kernel = new Kernel(emptyState(options.wakeOrder), options.door)
    this.#guards = new Guards(this.kernel)
    this.#sites = options.sites ?? null
  }

  /** The thread whose program ran last, for whoever finds it running for too long. */
  get speaking(): Id | null {
    return this.#speaker?.id ?? null
  }

  get state(): KernelState {
    return this.kernel.state
  }

  /** How many ways there are to go on: the ready threads, and after them the next timer, if one is armed. */
  get options(): number {
    return this.ready.size + (this.kernel.state.timers.length > 0 ? 1 : 0)
  }

  /** Whether option 0 is the thread that took the last step. */
  get runningGoesOn(): boolean {
    return this.ready.size > 0 && this.ready.at(0) === this.actor
  }

  thread(task: Task): Thread {
    return this.transact === null ? task.thread : threadOf(this.kernel, task.id)
  }

  /** Gives a thread a program, and runs it up to its first call. */
  start(id: Id, program: Program<unknown> | null): Task {
    const thread = threadOf(this.kernel, id)
    let task = this.tasks.get(id)
    if (task === undefined) {
      task = new Task(id, thread, program, !this.#running)
      this.tasks.set(id, task)
    } else {
      task.restart(thread, program)
    }
    if (program === null) return task
    this.alive += 1
    thread.status = 'ready'
    this.#resume(task, thread, true, undefined)
    return task
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
      this.#stand(task, thread, call)
    })
    this.refresh(task)
    return task
  }

  /** Takes a thread that is no more out of the machine. */
  forget(id: Id): void {
    this.tasks.delete(id)
  }

  /** Begins a run: `recipe` starts the programs. */
  begin(transact: Transact | null, recipe: () => void): void {
    this.transact = transact
    this.#transaction(recipe)
    for (const id of this.kernel.ended) this.#bury(id) // programs without a single call
    this.#running = true
    for (const task of this.tasks.values()) if (!task.ended) this.refresh(task)
  }

  /** Forgets the programs and all that belongs to a run; the state is the caller's to bring back. */
  reset(): void {
    this.ready.clear()
    for (const task of this.tasks.values()) if (!task.original) this.tasks.delete(task.id)
    this.#guards.clear()
    this.#running = false
    this.#clear()
    this.steps = 0
    this.alive = 0
    this.trouble = null
    this.pruned = false
    this.actor = null
  }

  /** The clock goes on by so many ns, between two steps: for policies, which keep time. */
  passTime(ns: number): void {
    this.#transaction(() => {
      this.kernel.state.clock += ns
    })
  }

  /** Takes the option with that number: see `options`. */
  step(option: number): void {
    if (option < this.ready.size) this.stepTask(this.ready.at(option))
    else this.#begin('timer', () => this.#timer())
  }

  /** The thread takes its next step. */
  stepTask(task: Task): void {
    this.ready.toFront(task)
    this.actor = task
    if (this.transact !== null) {
      this.#begin('call', () => this.#turn(task, threadOf(this.kernel, task.id)))
      return
    }
    this.#clear()
    this.kind = 'call'
    this.#turn(task, task.thread)
    this.#settleEffects(task)
  }

  #begin(kind: StepKind, recipe: () => void): void {
    this.#clear()
    this.kind = kind
    this.#transaction(recipe)
    if (this.actor !== null) this.#settleEffects(this.actor)
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
    if (kernel.woken.length > 0) kernel.woken.length = 0
    if (kernel.spawned.length > 0) kernel.spawned.length = 0
    if (kernel.ended.length > 0) kernel.ended.length = 0
    if (this.logged.length > 0) this.logged = []
    if (this.finished.length > 0) this.finished = []
    this.#concluded = false
    this.steps += 1
  }

  /** One transition of a thread. */
  #turn(task: Task, thread: Thread): void {
    const { kernel } = this
    if (thread.pending.length > 0) return this.#deliver(task, thread)
    const { call } = thread
    const { pending } = task
    kernel.tlb = this.transact === null ? task.tlb : null
    invariant(call !== null && pending !== null, 'who takes a step stands before a call', task.id)
    this.call = pending
    this.callArgs = pending.args
    this.callStage = call.stage
    if (call.outcome !== null) return this.#conclude(task, thread, this.#takeOutcome(thread))
    const { def } = pending
    const stage = def.stages[call.stage]
    invariant(stage !== undefined, 'a call has the stage that it is in', call.name)
    kernel.stage = call.stage
    kernel.extra = pending.extra
    kernel.value = undefined
    if (def.waits && this.#guards.applies(task, thread) && !this.#guards.holds(task, thread)) {
      // Only a call with a deadline is chosen while its guard is closed: from here on its timer runs.
      this.kind = 'arm'
      kernel.footprint.addAll(this.#guards.looked)
      return this.#conclude(task, thread, SLEEP)
    }
    this.#conclude(task, thread, stage.attempt(kernel, thread, pending.args))
  }

  #takeOutcome(thread: Thread): Outcome {
    const { kernel } = this
    const outcome = thread.call?.outcome ?? null
    invariant(outcome !== null && thread.call !== null, 'an outcome that is taken is there')
    thread.call.outcome = null
    const drafted = this.transact !== null // and what is in a draft is gone when it is finished
    if ('code' in outcome) {
      kernel.code = outcome.code
      kernel.detail = drafted ? copy(outcome.detail) : outcome.detail
      return FAIL
    }
    kernel.value = drafted ? copy(outcome.value) : outcome.value
    return DONE
  }

  /** Does what an attempt, or the giving up, of the thread's call has said. */
  #conclude(task: Task, thread: Thread, outcome: Outcome): void {
    const { kernel } = this
    const own = !this.#concluded
    if (outcome === DONE && this.transact !== null) kernel.value = undrafted(kernel.value)
    if (own) {
      this.#concluded = true
      this.outcome = outcome
      this.result = outcome === DONE ? kernel.value : undefined
    }
    const { call } = thread
    switch (outcome) {
      case DONE:
      case FAIL:
        invariant(call !== null, 'a call that ends was in progress')
        if (thread.pending.length > 0) {
          // Signals that the call raised on its own thread come before its return.
          call.outcome = outcome === DONE ? returned(kernel.value) : { code: kernel.code, detail: kernel.detail }
          thread.status = 'ready'
          if (own && outcome === FAIL) this.result = this.#errorOf(task)
          return
        }
        this.#finish(task, thread, outcome, own)
        return
      case SLEEP:
        invariant(call !== null, 'a call that waits is in progress')
        call.stage = kernel.stage
        call.slept = true
        this.#startDeadline(task, thread)
        return
      case NEXT:
        invariant(call !== null, 'a call that goes on is in progress')
        call.stage = kernel.stage
        thread.status = 'ready'
        return
      case GONE:
        return
      default:
        outcome satisfies never
    }
  }

  /** @param own whether it is the call of the thread that takes the step */
  #finish(task: Task, thread: Thread, outcome: Outcome, own: boolean): void {
    const { kernel } = this
    if (thread.call?.pins !== null) unpin(kernel, thread)
    if (thread.timer !== 0) disarmTimer(kernel, thread)
    thread.status = 'ready'
    const result = outcome === DONE ? kernel.value : this.#errorOf(task)
    if (own) this.result = result
    else this.finished.push({ thread: task.id, call: task.pending?.def.name ?? '', outcome, result })
    this.#resume(task, thread, outcome === DONE, result)
  }

  #errorOf({ pending }: Task): CallError {
    const { code, detail } = this.kernel
    invariant(pending !== null, 'a call that fails was made')
    const plain = this.transact === null ? detail : (undrafted(detail) as Data)
    return pending.def.error(code, pending.def.name, plain)
  }

  /** A call that begins to wait and has a deadline gets its timer, or gives up at once when the time is past. */
  #startDeadline(task: Task, thread: Thread): void {
    const { kernel } = this
    const { call } = thread
    const def = task.pending?.def
    if (thread.timer !== 0 || def?.deadline === undefined || call === null) return
    const at = def.deadline(kernel, thread, call.args)
    if (at === null) return
    if (at > kernel.state.clock) return armTimer(kernel, thread, at)
    this.#concluded = false // what it comes to is the outcome of this step
    this.#giveUp(task, thread, 'timeout')
  }

  #giveUp(task: Task, thread: Thread, reason: 'timeout' | 'signal'): void {
    const { kernel } = this
    const { call } = thread
    const def = task.pending?.def
    invariant(call !== null && def?.giveUp !== undefined, 'a call that waits can give up', call?.name)
    leaveQueue(kernel, thread)
    thread.status = 'ready'
    kernel.stage = call.stage
    kernel.extra = task.pending?.extra ?? null
    kernel.value = undefined
    this.#conclude(task, thread, def.giveUp(kernel, thread, call.args, reason))
  }

  #timer(): void {
    const id = fireTimer(this.kernel)
    invariant(id !== null, 'a timer that is chosen is armed')
    const task = this.tasks.get(id)
    invariant(task !== undefined, "a timer's thread has a task", id)
    this.actor = task
    this.call = task.pending
    this.callArgs = task.pending?.args ?? null
    const thread = threadOf(this.kernel, id)
    this.callStage = thread.call?.stage ?? 0
    this.#giveUp(task, thread, 'timeout')
  }

  /** Delivers the oldest pending signal: interrupts the call if it waits, and runs the handler on the thread's stack. */
  #deliver(task: Task, thread: Thread): void {
    const { kernel } = this
    this.kind = 'signal'
    this.call = task.pending
    this.callArgs = task.pending?.args ?? null
    this.callStage = thread.call?.stage ?? 0
    const signal = thread.pending.shift()
    invariant(signal !== undefined, 'a signal that is delivered was pending')
    kernel.journal?.save('processes', thread.process)
    const disposition = processOf(kernel, thread).dispositions[signal]
    this.outcome = DONE
    this.result = signal
    this.#concluded = true
    if (disposition === undefined || disposition.how === 'ignore') return this.#goOn(task, thread)
    disposition.count += 1
    const handler = disposition.handler === null ? undefined : kernel.handlers.get(disposition.handler)
    const { call } = thread
    const waiting = call !== null && call.outcome === null && this.#waits(task, thread)
    if (waiting && !(disposition.restart && task.pending?.def.restarts === true)) this.#interrupt(task, thread)
    if (handler === undefined) return this.#goOn(task, thread)
    if (thread.call !== null) thread.interrupted.push({ call: { ...thread.call }, until: armedUntil(kernel, thread) })
    disarmTimer(kernel, thread) // the handler's own calls may need it
    thread.call = null
    task.interrupted.push({ program: task.program, pending: task.pending })
    task.program = (handler as (signal: string) => Program<unknown>)(signal) // sigaction puts nothing else there
    task.pending = null
    this.#resume(task, thread, true, undefined)
  }

  #waits(task: Task, thread: Thread): boolean {
    if (thread.call?.slept === true) return true
    return this.#guards.applies(task, thread) && !this.#guards.holds(task, thread)
  }

  /** The waiting call ends with what it has, or decides to keep waiting; the program learns of it after the handler. */
  #interrupt(task: Task, thread: Thread): void {
    const { kernel } = this
    const { call } = thread
    const giveUp = task.pending?.def.giveUp
    if (call === null || giveUp === undefined) return
    kernel.stage = call.stage
    kernel.value = undefined
    const outcome = giveUp(kernel, thread, call.args, 'signal')
    if (outcome === DONE) call.outcome = returned(kernel.value)
    if (outcome === FAIL) call.outcome = { code: kernel.code, detail: kernel.detail }
    if (outcome === NEXT) call.stage = kernel.stage
  }

  /** After a signal that runs no program: the call's outcome, if it has one and no further signal is due. */
  #goOn(task: Task, thread: Thread): void {
    if (thread.call === null) {
      if (task.program === null) thread.status = 'idle'
      return
    }
    thread.status = 'ready'
    if (thread.call.outcome !== null && thread.pending.length === 0)
      this.#conclude(task, thread, this.#takeOutcome(thread))
  }

  /** Runs the program on, through its local calls, to the next call or its end. */
  #resume(task: Task, thread: Thread, returns: boolean, value: unknown): void {
    const { program } = task
    if (program === null) return this.#handBack(task, thread, returns, value)
    let result: IteratorResult<Call<unknown>, unknown>
    if (this.#sites !== null) noteSites(this.#sites)
    this.#speaker = task
    try {
      result = returns ? program.next(value) : program.throw(value)
      while (result.done !== true && result.value instanceof Call) {
        const { def, args, extra } = result.value
        if (def.local === undefined) break
        this.#said = result.value
        result = program.next(def.local(this.#local, args, extra))
      }
    } catch (error) {
      return this.#uncaught(task, thread, error)
    } finally {
      if (this.#sites !== null) noteSites(null)
    }
    if (result.done === true) return this.#ended(task, thread)
    const call = result.value
    if (!(call instanceof Call)) throw rubbish(task.id, call)
    this.#stand(task, thread, call)
  }

  #stand(task: Task, thread: Thread, call: Call<unknown>): void {
    task.pending = call
    const state = thread.call
    if (state === null) {
      thread.call = {
        name: call.def.name,
        args: call.args,
        stage: 0,
        slept: false,
        progress: 0,
        pins: null,
        wake: null,
        saved: null,
        outcome: null,
      }
      return
    }
    state.name = call.def.name
    state.args = call.args
    state.stage = 0
    state.slept = false
    state.progress = 0
    state.wake = null
    state.saved = null
  }

  /** A thread driven by hand has its result and is idle again. */
  #handBack(task: Task, thread: Thread, returns: boolean, value: unknown): void {
    thread.call = null
    thread.status = 'idle'
    task.pending = null
    task.result = returns ? { value } : { error: value }
  }

  #fail(kind: Trouble['kind'], message: string, code: string | null, task: Task | null, call: Call<unknown> | null) {
    this.trouble ??= { kind, message, code, thread: task?.id ?? '', site: call?.site ?? null }
  }

  /** A program's last line is run. Its end is a step of its own only if others could see it. */
  #ended(task: Task, thread: Thread): void {
    const under = task.interrupted.pop()
    if (under !== undefined) {
      task.program = under.program
      task.pending = under.pending
      const { call, until } = thread.interrupted.pop() ?? { call: null, until: null }
      thread.call = call
      if (until !== null && call?.outcome === null) armTimer(this.kernel, thread, until)
      return this.#goOn(task, thread)
    }
    if (hasToRelease(this.kernel, thread)) return this.#stand(task, thread, thread_exit())
    endThread(this.kernel, thread)
  }

  #uncaught(task: Task, thread: Thread, error: unknown): void {
    if (error instanceof CallError) {
      this.#fail('uncaught error', error.message, error.code, task, task.pending)
    } else if (error instanceof Error && error.name === 'AssertionError') {
      this.#fail('assertion', error.message, null, task, task.pending)
    } else if (error instanceof BadInput) {
      throw error
    } else {
      throw programThrew(task.id, error)
    }
    task.interrupted.length = 0
    this.#stand(task, thread, exit(1))
  }

  /** After a transition: new threads are started, hand-offs are carried through, and whoever is affected is looked at again. */
  #settleEffects(task: Task): void {
    const { kernel } = this
    if (kernel.spawned.length > 0 || kernel.woken.length > 0) this.#carryThrough()
    if (kernel.ended.length > 0) for (const id of kernel.ended) this.#bury(id)
    const waits = task.pending !== null && task.pending.def.waits
    if (task.slot < 0 || waits || task.watching.length > 0 || this.thread(task).status !== 'ready') this.refresh(task)
    if (this.#guards.any)
      for (const other of this.#guards.affected(kernel.footprint)) if (other !== task) this.refresh(other)
  }

  #carryThrough(): void {
    const { kernel } = this
    const started: Task[] = []
    this.#transaction(() => {
      for (const { thread, program, args } of kernel.spawned.slice()) {
        const run = program as (...args: readonly unknown[]) => Program<unknown> // fork's and thread_create's type
        started.push(this.start(thread, run(...args)))
      }
      for (const id of kernel.woken) {
        const thread = threadOf(kernel, id)
        const woken = this.tasks.get(id)
        if (
          woken !== undefined &&
          thread.call !== null &&
          thread.call.outcome !== null &&
          thread.pending.length === 0
        ) {
          if (woken.program !== null) this.#finish(woken, thread, this.#takeOutcome(thread), false)
        }
      }
    })
    for (const task of started) this.refresh(task)
    for (const id of kernel.woken) {
      const woken = this.tasks.get(id)
      if (woken !== undefined) this.refresh(woken)
    }
  }

  #bury(id: Id): void {
    const task = this.tasks.get(id)
    if (task === undefined) return
    if (task.program !== null) this.alive -= 1
    if (task.watching.length > 0) this.#guards.forget(task)
    this.ready.remove(task)
    task.ended = true
    if (!task.original) this.tasks.delete(id)
  }

  /** Looks again whether the thread can go on. */
  refresh(task: Task): void {
    if (task.ended) return
    const thread = this.thread(task)
    if (this.#enabled(task, thread)) {
      if (task.slot >= 0) return
      this.ready.add(task)
      if (task === this.actor) this.ready.toFront(task)
      this.onReady?.(task)
    } else {
      this.ready.remove(task)
    }
  }

  #enabled(task: Task, thread: Thread): boolean {
    if (thread.pending.length > 0) return true
    if (thread.status !== 'ready') return false
    if (thread.call?.outcome !== null) return true
    if (task.pending === null || !task.pending.def.waits || !this.#guards.applies(task, thread)) {
      if (task.watching.length > 0) this.#guards.forget(task)
      return true
    }
    if (this.#guards.holds(task, thread)) return true
    if (thread.timer !== 0) return false
    const at = task.pending.def.deadline?.(this.kernel, thread, thread.call.args) ?? null
    return at !== null
  }
}

/** Plain data as it is when the transition is over, with nothing in it that is gone then; anything else as it is. */
function undrafted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return plain ? copy(value) : value
}

function rubbish(program: Id, value: unknown): BadInput {
  const what = value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : `${String(value)}`
  return new BadInput(
    `program '${program}' yielded ${what}, which is no call; write \`yield* sem_wait(s)\`, with the star`,
  )
}

function programThrew(program: Id, error: unknown): BadInput {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const bad = new BadInput(`program '${program}' threw ${text}; for a claim that may fail use assert() or an invariant`)
  if (error instanceof Error && error.stack !== undefined) bad.stack = error.stack
  return bad
}
