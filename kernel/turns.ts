import { type Args, type Call, DONE, FAIL, GONE, NEXT, type Outcome, type Program, SLEEP } from './call.ts'
import { armedUntil, armTimer, disarmTimer, fireTimer } from './clock.ts'
import { type CallError, invariant } from './errors.ts'
import { endProcess } from './exit.ts'
import { Guards } from './guards.ts'
import { copy } from './journal.ts'
import { processOf, SIGNALS, threadOf, writesProcess } from './kernel.ts'
import { unpin } from './objects.ts'
import { type MachineOptions, Programs } from './programs.ts'
import { leaveQueue } from './queue.ts'
import type { Task } from './ready.ts'
import { isDue, isIgnoredByDefault, takeSignal } from './signal.ts'
import { type Data, type Id, type KernelState, NO_ITEMS, returned, type Thread } from './state.ts'

/**
 * One transition of one thread: a stage of its call is attempted, its timer fires, or a signal is delivered to it; and
 * what comes of that.
 */

/** Runs `recipe` on the state or on a draft of it, and returns the state that results. */
export type Transact = (state: KernelState, recipe: (state: KernelState) => void) => KernelState

/** A call that came to its end in a step which was not its own: handed off, or kept back until a handler had run. */
export interface Finished {
  readonly thread: Id
  readonly call: string
  readonly made: Call<unknown> | null
  readonly outcome: Outcome
  /** What it returned, or the error it failed with. */
  readonly result: unknown
}

/** The last three are faults: see faults.ts. */
export type StepKind = 'call' | 'timer' | 'signal' | 'arm' | 'kill' | 'sent' | 'spurious'

export abstract class Turns extends Programs {
  readonly tasks = new Map<Id, Task>()
  protected readonly guards: Guards
  /** How transitions are run: `null` in place. */
  transact: Transact | null = null
  /** The step's own call has come to an outcome; whatever else is concluded in it is another's. */
  protected concluded = false

  // The last step, for those who watch.
  kind: StepKind = 'call'
  /** Who took it; or whom a fault befell. */
  actor: Task | null = null
  /** Who runs: who took the last step that was no fault. */
  running: Task | null = null
  call: Call<unknown> | null = null
  callStage = 0
  outcome: Outcome = DONE
  /** What the call returned, or the error it failed with; the signal, where one is delivered or sent. */
  result: unknown = undefined
  /** Other calls that ended in this step, in order. */
  finished: Finished[] = []

  /** The call's arguments. */
  get callArgs(): Args | null {
    return this.call?.args ?? null
  }

  constructor(options: MachineOptions) {
    super(options)
    this.guards = new Guards(this.kernel)
  }

  thread(task: Task): Thread {
    return this.transact === null ? task.thread : threadOf(this.kernel, task.id)
  }

  /** One transition of a thread. */
  protected turn(task: Task, thread: Thread): void {
    const { kernel } = this
    if (thread.pending.length > 0 && isDue(thread)) return this.deliver(task, thread)
    const { call } = thread
    const { pending } = task
    kernel.walker = task
    kernel.drafted = this.transact !== null
    invariant(call !== null && pending !== null, 'who takes a step stands before a call', task.id)
    this.call = pending
    this.callStage = call.stage
    if (call.outcome !== null) return this.conclude(task, thread, this.takeOutcome(thread))
    const { def } = pending
    const stage = def.stages[call.stage]
    invariant(stage !== undefined, 'a call has the stage that it is in', call.name)
    kernel.stage = call.stage
    kernel.extra = pending.extra
    kernel.value = undefined
    // Only a call with a deadline is chosen while its guard is closed: from here on its timer runs.
    if (
      def.waits &&
      def.deadline !== undefined &&
      this.guards.applies(task, thread) &&
      !this.guards.holds(task, thread)
    ) {
      this.kind = 'arm'
      kernel.footprint.addAll(this.guards.looked)
      return this.conclude(task, thread, SLEEP)
    }
    this.conclude(task, thread, stage.attempt(kernel, thread, pending.args))
  }

  protected takeOutcome(thread: Thread): Outcome {
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
  protected conclude(task: Task, thread: Thread, outcome: Outcome): void {
    const { kernel } = this
    const own = !this.concluded
    if (outcome === DONE && this.transact !== null) kernel.value = undrafted(kernel.value)
    if (own) {
      this.concluded = true
      this.outcome = outcome
      this.result = outcome === DONE ? kernel.value : undefined
    }
    const { call } = thread
    switch (outcome) {
      case DONE:
      case FAIL:
        invariant(call !== null, 'a call that ends was in progress')
        if (thread.pending.length > 0 && isDue(thread)) {
          // Signals that the call raised on its own thread come before its return.
          call.outcome = outcome === DONE ? returned(kernel.value) : { code: kernel.code, detail: kernel.detail }
          thread.status = 'ready'
          if (own && outcome === FAIL) this.result = this.errorOf(task)
          return
        }
        this.finish(task, thread, outcome, own)
        return
      case SLEEP:
        invariant(call !== null, 'a call that waits is in progress')
        call.stage = kernel.stage
        call.slept = true
        call.woken = false
        this.startDeadline(task, thread)
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
  protected finish(task: Task, thread: Thread, outcome: Outcome, own: boolean): void {
    const { kernel } = this
    if (thread.call?.pins !== null) unpin(kernel, thread)
    if (thread.timer !== 0) disarmTimer(kernel, thread)
    thread.status = 'ready'
    const result = outcome === DONE ? kernel.value : this.errorOf(task)
    if (own) this.result = result
    else
      this.finished.push({ thread: task.id, call: task.pending?.def.name ?? '', made: task.pending, outcome, result })
    this.resume(task, thread, outcome === DONE, result)
  }

  protected errorOf({ pending }: Task): CallError {
    const { code, detail } = this.kernel
    invariant(pending !== null, 'a call that fails was made')
    const plain = this.transact === null ? detail : (undrafted(detail) as Data)
    return pending.def.error(code, pending.def.name, plain)
  }

  /** A call that begins to wait and has a deadline gets its timer, or gives up at once when the time is past. */
  protected startDeadline(task: Task, thread: Thread): void {
    const { kernel } = this
    const { call } = thread
    const def = task.pending?.def
    if (thread.timer !== 0 || def?.deadline === undefined || call === null) return
    const at = def.deadline(kernel, thread, call.args)
    if (at === null) return
    if (at > kernel.state.clock) return armTimer(kernel, thread, at)
    this.concluded = false // what it comes to is the outcome of this step
    this.giveUp(task, thread, 'timeout')
  }

  protected giveUp(task: Task, thread: Thread, reason: 'timeout' | 'signal' | 'spurious'): void {
    const { kernel } = this
    const { call } = thread
    const def = task.pending?.def
    invariant(call !== null && def?.giveUp !== undefined, 'a call that waits can give up', call?.name)
    leaveQueue(kernel, thread)
    thread.status = 'ready'
    kernel.stage = call.stage
    kernel.extra = task.pending?.extra ?? null
    kernel.value = undefined
    this.conclude(task, thread, def.giveUp(kernel, thread, call.args, reason))
  }

  /** A timer fires: the next, if no other is named. Its thread runs from now on. */
  protected timer(timer = this.kernel.state.timers[0]): void {
    invariant(timer !== undefined, 'a timer that is chosen is armed')
    const task = this.tasks.get(timer.thread)
    invariant(task !== undefined, "a timer's thread has a task", timer.thread)
    const thread = this.thread(task)
    fireTimer(this.kernel, timer, thread)
    this.kind = 'timer'
    this.running = task
    this.befall(task, thread)
    this.giveUp(task, thread, 'timeout')
  }

  /** The step is one that befalls the thread, in the call that it is in or stands before. */
  protected befall(task: Task, thread: Thread): void {
    const { kernel } = this
    kernel.walker = task
    kernel.drafted = this.transact !== null
    this.actor = task
    this.call = task.pending
    this.callStage = thread.call?.stage ?? 0
  }

  /** Delivers the oldest pending signal: interrupts the call if it waits, and runs the handler on the thread's stack. */
  protected deliver(task: Task, thread: Thread): void {
    const { kernel } = this
    this.kind = 'signal'
    this.call = task.pending
    this.callStage = thread.call?.stage ?? 0
    const signal = takeSignal(thread)
    const disposition = writesProcess(kernel, thread.process, SIGNALS).dispositions[signal]
    this.outcome = DONE
    this.result = signal
    this.concluded = true
    // Both may have come since the signal was sent.
    if (disposition === undefined && !isIgnoredByDefault(signal))
      return endProcess(kernel, processOf(kernel, thread), { code: null, signal })
    if (disposition === undefined || disposition.how === 'ignore') return this.goOn(task, thread)
    disposition.count += 1
    const handler = disposition.handler === null ? undefined : kernel.handlers.get(disposition.handler)
    const { call } = thread
    const waiting = call !== null && call.outcome === null && this.waits(task, thread)
    if (waiting) {
      if (disposition.restart && this.restarts(task, thread)) this.startOver(task, thread)
      else this.interrupt(task, thread)
    }
    if (handler === undefined) return this.goOn(task, thread)
    if (thread.call !== null) {
      if (thread.interrupted === NO_ITEMS) thread.interrupted = []
      thread.interrupted.push({ signal, call: { ...thread.call }, until: armedUntil(kernel, thread) })
    }
    disarmTimer(kernel, thread) // the handler's own calls may need it
    thread.call = null
    if (task.interrupted === NO_ITEMS) task.interrupted = []
    task.interrupted.push({ program: task.program, pending: task.pending })
    task.program = (handler as (signal: string) => Program<unknown>)(signal) // sigaction puts nothing else there
    task.pending = null
    this.resume(task, thread, true, undefined)
  }

  protected waits(task: Task, thread: Thread): boolean {
    if (thread.call?.slept === true) return !thread.call.woken
    if (!this.guards.applies(task, thread)) return false
    const { footprint } = this.kernel
    const open = this.guards.holds(task, thread)
    const mark = footprint.length
    footprint.addAll(this.guards.looked) // what comes of the step hangs on that, too
    footprint.readsOnlyFrom(mark)
    return !open
  }

  protected restarts({ pending }: Task, thread: Thread): boolean {
    const restarts = pending?.def.restarts ?? false
    return typeof restarts === 'function' ? restarts(thread) : restarts
  }

  /** The waiting call is kept; one that names things by their names looks for them again. */
  protected startOver({ pending }: Task, thread: Thread): void {
    const { kernel } = this
    const { call } = thread
    if (call === null || pending?.def.startsOver === undefined) return
    pending.def.startsOver(kernel, thread, call.args)
    unpin(kernel, thread)
    call.stage = 0
    call.progress = 0
    call.slept = false
    call.woken = false
    call.saved = null
    call.wake = null
  }

  /** The waiting call ends with what it has, or decides to keep waiting; the program learns of it after the handler. */
  protected interrupt(task: Task, thread: Thread): void {
    const { kernel } = this
    const { call } = thread
    const giveUp = task.pending?.def.giveUp
    if (call === null || giveUp === undefined) return
    kernel.stage = call.stage
    kernel.extra = task.pending?.extra ?? null
    kernel.value = undefined
    const outcome = giveUp(kernel, thread, call.args, 'signal')
    if (outcome === DONE) call.outcome = returned(kernel.value)
    if (outcome === FAIL) call.outcome = { code: kernel.code, detail: kernel.detail }
    if (outcome === NEXT) call.stage = kernel.stage
  }

  /** After a signal that runs no program: the call's outcome, if it has one and no further signal is due. */
  protected handlerEnded(task: Task, thread: Thread): void {
    this.goOn(task, thread)
  }

  protected goOn(task: Task, thread: Thread): void {
    if (thread.call === null) {
      if (task.program === null) thread.status = 'idle'
      return
    }
    thread.status = 'ready'
    if (thread.call.outcome !== null && !isDue(thread)) this.conclude(task, thread, this.takeOutcome(thread))
  }
}

/** Plain data as it is when the transition is over, with nothing in it that is gone then; anything else as it is. */
function undrafted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return plain ? copy(value) : value
}
