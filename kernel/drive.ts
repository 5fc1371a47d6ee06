import { type Call, call, type Program } from './call.ts'
import { CallError, invariant } from './errors.ts'
import { type Door, threadOf } from './kernel.ts'
import { Machine } from './machine.ts'
import { processByPid } from './pids.ts'
import { createProcess, createThread, fork, sigactionDef } from './process.ts'
import type { Task } from './ready.ts'
import type { ExitStatus, Id, KernelState, Process, Signal, WakeOrder } from './state.ts'
import type { Transact } from './turns.ts'

/**
 * Driving by hand: threads without programs, which are given one call after the other. For recorded cases and for
 * whoever plays the scheduler. The order in which the woken go on belongs to the driver, and to no model.
 */

export interface DriverOptions {
  /** Default: `fifo`. */
  readonly wakeOrder?: WakeOrder
  /** What the clock shows at first, in virtual ns. */
  readonly clock?: number
  /** Answers the choices inside steps; default: the first option. */
  readonly door?: Door
  /** Run transitions on drafts, for histories. */
  readonly transact?: Transact | null
}

export interface NewByHand {
  /** Names the process and its first thread. */
  readonly id: Id
  readonly uid?: number
  /** Default: the same as `uid`. */
  readonly gid?: number
}

export type HandOutcome =
  | { readonly how: 'returned'; readonly value: unknown }
  | { readonly how: 'failed'; readonly error: CallError }
  | { readonly how: 'died'; readonly exit: ExitStatus }

/** A call that has ended, or an idle thread that has. */
export interface Completion {
  readonly thread: Id
  /** The number with which the call was issued; `null` for a thread that died idle. */
  readonly issue: number | null
  readonly outcome: HandOutcome
}

export interface Report {
  /** What the call itself came to; `null` when it blocks. */
  readonly outcome: HandOutcome | null
  /** Earlier calls that it set loose, and idle threads that it killed, in the order in which they ended. */
  readonly completed: readonly Completion[]
}

/** A call that sets loose more transitions than this is taken to set loose endlessly many. */
const STEPS_MAX = 1_000_000
const NS_PER_MS = 1e6
const UID = 1000

export class Driver {
  readonly machine: Machine
  readonly #transact: Transact | null
  /** Threads that can go on, in the order in which they became able to. */
  #due: Task[] = []
  /** Calls in progress: thread to the number of the issue. */
  readonly #issued = new Map<Id, number>()
  #issues = 0

  constructor({ wakeOrder = 'fifo', clock = 0, door = { pick: () => 0 }, transact = null }: DriverOptions = {}) {
    this.machine = new Machine({ wakeOrder, door })
    this.machine.state.clock = clock
    this.machine.onReady = (task) => void this.#due.push(task)
    this.#transact = transact
  }

  get state(): KernelState {
    return this.machine.state
  }

  /** Makes a process, unrelated to any other, with one idle thread of the same name. */
  process({ id, uid = UID, gid = uid }: NewByHand): Id {
    this.#change(() => {
      const { kernel } = this.machine
      createThread(kernel, createProcess(kernel, { id, parent: null, uid, gid }), id)
      this.machine.start(id, null)
    })
    return id
  }

  /** Makes a further idle thread of a process. */
  thread(process: Id, id: Id): Id {
    this.#change(() => {
      const { kernel } = this.machine
      const owner = kernel.state.processes[process]
      invariant(owner !== undefined && id !== process, 'a further thread has a process, and a name of its own', id)
      owner.threaded = true
      createThread(kernel, owner, id)
      this.machine.start(id, null)
    })
    return id
  }

  #change(recipe: () => void): void {
    this.machine.begin(this.#transact, recipe)
  }

  /** Gives an idle thread a call to make. It is made when all is settled; `issue` names it in what comes back. */
  issue(thread: Id, call: Call<unknown>, issue: number = this.#issues): number {
    this.#issues = issue + 1
    this.#issued.set(thread, issue)
    this.machine.issue(thread, call)
    return issue
  }

  /**
   * Runs the thread that has been given a call until it returns or sleeps, then every woken one, in the order of their
   * waking, until it returns or sleeps, and so on until all is quiet. Says what ended, in order.
   */
  settle(): Completion[] {
    const completed: Completion[] = []
    let steps = 0
    for (let task = this.#due.shift(); task !== undefined; task = this.#due.shift()) {
      while (task.slot >= 0) {
        steps += 1
        invariant(steps <= STEPS_MAX, 'all becomes quiet after a call', task.id)
        this.machine.stepTask(task)
        this.#collect(completed)
      }
    }
    return completed
  }

  /** Issues a call and settles. */
  perform(thread: Id, call: Call<unknown>, issue?: number): Report {
    const number = this.issue(thread, call, issue)
    const completed = this.settle()
    const own = completed.find((one) => one.thread === thread && one.issue === number)
    return { outcome: own?.outcome ?? null, completed: completed.filter((one) => one !== own) }
  }

  /** The clock goes on by so many ms; what comes due meanwhile fires in order, each settled before the next. */
  advanceClock(ms: number): Completion[] {
    const { machine } = this
    const completed = this.settle()
    const until = machine.state.clock + ms * NS_PER_MS
    for (let next = machine.state.timers[0]; next !== undefined && next.at <= until; next = machine.state.timers[0]) {
      machine.step(machine.ready.size)
      this.#collect(completed)
      completed.push(...this.settle())
    }
    machine.passTime(until - machine.state.clock)
    return completed
  }

  /** The calls that have not returned: thread, and the number of the issue. */
  blocked(): { thread: Id; issue: number }[] {
    return [...this.#issued].map(([thread, issue]) => ({ thread, issue }))
  }

  isAlive(thread: Id): boolean {
    const status = this.state.threads[thread]?.status
    return status !== undefined && status !== 'exited'
  }

  /** The process with that pid; its first thread has the same id. */
  processByPid(pid: number): Process | null {
    return processByPid(this.machine.kernel, pid)
  }

  /** What ended in the step just taken: threads first, as its actor returned only afterwards. */
  #collect(completed: Completion[]): void {
    const { machine } = this
    const { kernel, actor } = machine
    for (const thread of kernel.ended) {
      const process = kernel.state.processes[threadOf(kernel, thread).process]
      completed.push(this.#completion(thread, { how: 'died', exit: { ...(process?.exit ?? NOT_THE_LAST) } }))
    }
    if (actor === null || actor.result === null) return
    const { result } = actor
    actor.result = null
    if ('value' in result) {
      completed.push(this.#completion(actor.id, { how: 'returned', value: result.value }))
    } else {
      const { error } = result
      invariant(error instanceof CallError, 'a call fails with an error of the system', error)
      completed.push(this.#completion(actor.id, { how: 'failed', error }))
    }
  }

  #completion(thread: Id, outcome: HandOutcome): Completion {
    const issue = this.#issued.get(thread) ?? null
    this.#issued.delete(thread)
    return { thread, issue, outcome }
  }
}

/** How a thread ends whose process lives on. */
const NOT_THE_LAST: ExitStatus = { code: null, signal: null }

const idle = (): Program<unknown> => null as unknown as Program<unknown> // a thread without a program is driven by hand

/** fork(2) by hand: the child's thread is idle, too. Returns the child's pid. */
export const forkByHand = (): Call<number> => fork(idle)

/** sigaction(2) by hand: a handler that only counts its calls, in the process's dispositions. */
export const sigactionByHand = (signal: Signal, how: 'handler' | 'ignore' | 'default', restart = false): Call<void> =>
  call(sigactionDef, { signal, how, restart })
