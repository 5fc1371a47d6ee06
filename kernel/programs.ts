import { Call, call, defineCall, type LocalContext, noteSites, type SiteProbe, SLEEP } from './call.ts'
import { armTimer } from './clock.ts'
import { BadInput, CallError, PosixError } from './errors.ts'
import { endThread, hasToRelease } from './exit.ts'
import { type Door, Kernel, processOf } from './kernel.ts'
import { exit, thread_exit } from './process.ts'
import type { Task } from './ready.ts'
import { emptyState, type Id, NO_ITEMS, type Thread, type WakeOrder } from './state.ts'

/**
 * Running the users' programs: each is a generator that runs on from a call's return to its next call. What is between
 * two calls is the program's own affair, and rides with the transition before it.
 */

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

export abstract class Programs {
  readonly kernel: Kernel
  protected readonly sites: SiteProbe | null
  /** Whose program is running, or ran last; and the local call that it made last. */
  #speaker: Task | null = null
  #speaks = false
  #said: Call<unknown> | null = null
  readonly #local: LocalContext = {
    log: (text) => {
      this.logged.push(text)
    },
    fail: (kind, message) => this.fail(kind, message, null, this.#speaker, this.#said),
    prune: () => {
      this.pruned = true
      this.trouble = null // of the same step
      this.forsakes = true
      this.#forsaken = true
    },
  }
  trouble: Trouble | null = null
  /** The run was given up by `assume`. */
  pruned = false
  /** Whose `assume` did not hold stands still from then on, and the others go on: for who has to know what they do. */
  parks = false
  /** In the step just made somebody's `assume` did not hold. */
  forsakes = false
  /** After that something was seen that may also be seen where nobody has come to that `assume` yet. */
  doubtful = false
  /** In the program that is running now. */
  #forsaken = false
  /** Lines logged during the last step. */
  logged: string[] = []

  constructor(options: MachineOptions) {
    this.kernel = new Kernel(emptyState(options.wakeOrder), options.door)
    this.sites = options.sites ?? null
  }

  /** The thread whose program ran last. */
  get speaking(): Id | null {
    return this.#speaker?.id ?? null
  }

  /** Its program is running now: for whoever finds it running for too long. */
  get speaks(): boolean {
    return this.#speaks
  }

  /** A signal handler has come to its end, and what it interrupted stands again. */
  protected abstract handlerEnded(task: Task, thread: Thread): void

  /** Runs the program on, through its local calls, to the next call or its end. */
  protected resume(task: Task, thread: Thread, returns: boolean, value: unknown): void {
    const { program } = task
    if (program === null) return this.handBack(task, thread, returns, value)
    let result: IteratorResult<Call<unknown>, unknown>
    if (this.sites !== null) noteSites(this.sites)
    this.#speaker = task
    this.#speaks = true
    try {
      result = returns ? program.next(value) : program.throw(value)
      while (result.done !== true && result.value instanceof Call) {
        const { def, args, extra } = result.value
        if (def.local === undefined) break
        this.#said = result.value
        const value = def.local(this.#local, args, extra)
        if (this.#forsaken) {
          this.#forsaken = false
          return this.stand(task, thread, this.parks ? forsaken() : thread_exit()) // what would come is of no interest
        }
        result = program.next(value)
      }
    } catch (error) {
      return this.uncaught(task, thread, error)
    } finally {
      this.#speaks = false // not reached where a program is ended for running too long
      if (this.sites !== null) noteSites(null)
    }
    if (result.done === true) return this.ended(task, thread)
    const call = result.value
    if (!(call instanceof Call)) throw rubbish(task.id, call)
    this.stand(task, thread, call)
  }

  protected stand(task: Task, thread: Thread, call: Call<unknown>): void {
    task.pending = call
    const state = thread.call
    if (state === null) {
      thread.call = {
        name: call.def.name,
        args: call.args,
        stage: 0,
        slept: false,
        woken: false,
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
    state.woken = false
    state.progress = 0
    state.wake = null
    state.saved = null
  }

  /** A thread driven by hand has its result and is idle again. */
  protected handBack(task: Task, thread: Thread, returns: boolean, value: unknown): void {
    thread.call = null
    thread.status = 'idle'
    task.pending = null
    task.result = returns ? { value } : { error: value }
  }

  protected fail(
    kind: Trouble['kind'],
    message: string,
    code: string | null,
    task: Task | null,
    call: Call<unknown> | null,
  ) {
    if (this.pruned) {
      this.doubtful = true
      return
    }
    this.trouble ??= { kind, message, code, thread: task?.id ?? '', site: call?.site ?? null }
  }

  /** A program's last line is run. Its end is a step of its own only if others could see it. */
  protected ended(task: Task, thread: Thread): void {
    const under = task.interrupted.length > 0 ? task.interrupted.pop() : undefined
    if (under !== undefined) {
      task.program = under.program
      task.pending = under.pending
      const { call, until } = thread.interrupted.pop() ?? { call: null, until: null }
      thread.call = call
      if (until !== null && call?.outcome === null) armTimer(this.kernel, thread, until)
      return this.handlerEnded(task, thread)
    }
    const process = processOf(this.kernel, thread)
    if (hasToRelease(this.kernel, process)) return this.stand(task, thread, thread_exit())
    thread.call = null // it has returned: there is nothing of it to be given up
    endThread(this.kernel, process, thread)
  }

  protected uncaught(task: Task, thread: Thread, error: unknown): void {
    if (error instanceof CallError) {
      this.fail('uncaught error', error.message, error.code, task, task.pending)
    } else if (error instanceof Error && error.name === 'AssertionError') {
      this.fail('assertion', error.message, null, task, task.pending)
    } else if (error instanceof BadInput) {
      throw error
    } else {
      throw programThrew(task.id, error)
    }
    task.interrupted = NO_ITEMS
    this.stand(task, thread, exit(1))
  }
}

const forsakenDef = defineCall<Record<string, never>, void>({
  name: 'forsaken',
  error: (code, name) => new PosixError(code, name),
  stages: [{ order: () => 'any', canProceed: () => false, attempt: () => SLEEP }],
  giveUp: () => SLEEP,
})

/** Never returns. */
const forsaken = (): Call<void> => call(forsakenDef, {})

/** Whose code it is, in words: the process `init` runs the scenario's setup. */
const speaker = (program: Id): string => (program === 'init' ? 'setup' : `program '${program}'`)

function rubbish(program: Id, value: unknown): BadInput {
  const what = value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : `${String(value)}`
  return new BadInput(
    `${speaker(program)} yielded ${what}, which is no call; write \`yield* sem_wait(s)\`, with the star`,
  )
}

function programThrew(program: Id, error: unknown): BadInput {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const line = text.replace(/\s*\n\s*/g, ' ')
  const bad = new BadInput(`${speaker(program)} threw ${line}; for a claim that may fail use assert() or an invariant`)
  if (error instanceof Error && error.stack !== undefined) bad.stack = error.stack
  return bad
}
