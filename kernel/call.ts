import { CallError } from './errors.ts'
import type { Kernel } from './kernel.ts'
import type { CallState, Data, Id, Thread, WakeOrder } from './state.ts'

/**
 * A system call is plain functions that change the kernel's state, in stages. What a program yields is a `Call`:
 * which call, and its arguments; the machine attempts it, one stage at a time, each stage one atomic transition.
 */

/** What an attempt says: small integers, so that a step allocates nothing. Made by `done`, `fail`, `sleep` … in outcome.ts. */
export type Outcome = typeof DONE | typeof FAIL | typeof SLEEP | typeof NEXT | typeof GONE
/** The call returns `kernel.value`. */
export const DONE = 1
/** The call fails with `kernel.code` and `kernel.detail`. */
export const FAIL = 2
/** The caller waits; when woken it attempts the same stage again. */
export const SLEEP = 3
/** This stage is over; the call goes on at `kernel.stage` as a further transition. */
export const NEXT = 4
/** The calling thread has ended and the call never returns. */
export const GONE = 5

/** Why a waiting call is being ended from outside. */
export type GiveUpReason = 'timeout' | 'signal' | 'abort' | 'killed' | 'died' | 'spurious'

export type Args = { readonly [name: string]: Data }

export interface Stage<A extends Args> {
  /**
   * Whether an attempt would go through now, without waiting. Pure, and it reads through the accessors, so that the
   * machine learns which objects the answer hangs on. `attempt` uses it too. Absent: the stage never waits.
   */
  canProceed?(kernel: Kernel, thread: Thread, args: A): boolean
  /** Runs the stage. What it changed stays, whatever it then says: an error never rolls back. */
  attempt(kernel: Kernel, thread: Thread, args: A): Outcome
  /** Whether an attempt now would only read, where that hangs on what it finds. Pure, as `canProceed` is. Absent: it does not. */
  onlyReads?(kernel: Kernel, thread: Thread, args: A): boolean
  /** The order in which waiters of this stage are served; absent: the machine's default. */
  order?(kernel: Kernel, thread: Thread, args: A): WakeOrder
  /** Adding to the words that the guard looks at opens it, and never closes it. */
  readonly rises?: true
  /** A sleeper in this stage may be woken by nothing at all: `giveUp` is then asked with `spurious`. */
  readonly wakesSpuriously?: true
}

/** Who or what a waiting call waits for, for reports. */
export interface Waits {
  /** As a reader would name it: `/empty`, `mutex at 0x1000`, `mailbox jobs`. */
  readonly object: string
  /** Threads or processes that hold it. */
  readonly heldBy?: readonly string[]
  /** Threads or processes that could end the wait. */
  readonly awaits?: readonly string[]
}

/**
 * What a call that succeeds does to the order of what threads do elsewhere. One that acquires comes after all that was
 * released into the objects that it touches; what its thread did before one that releases comes before all that acquires
 * what it writes. `both` (the default) holds however the call ends, also when it begins to wait. Whom a call wakes comes
 * after it in any case, and so does a thread that it makes.
 */
export type Synchronizes = 'acquires' | 'releases' | 'both' | 'none'

export interface CallDef<A extends Args, R> {
  readonly name: string
  readonly stages: readonly Stage<A>[]
  /**
   * Ends the waiting call in one transition: returns the partial count, gives rights back, uncounts the caller.
   * Says `sleep` to keep waiting. Every call that may wait has it. Not asked for a value when the thread dies.
   */
  giveUp?(kernel: Kernel, thread: Thread, args: A, reason: GiveUpReason): Outcome
  /** Absolute time (virtual ns) at which the waiting call gives up with `timeout`; `null` for never. */
  deadline?(kernel: Kernel, thread: Thread, args: A): number | null
  /** SA_RESTART makes it go on after a handler, instead of giving up: always, or while it stands so. */
  readonly restarts?: boolean | ((thread: Thread) => boolean)
  /** It then begins anew, with its first stage, and gives back here what it has; absent: it goes on where it stands. */
  startsOver?(kernel: Kernel, thread: Thread, args: A): void
  waitsFor?(kernel: Kernel, thread: Thread, args: A): Waits
  /** A handler that runs while the call waits ends the wait, or begins it anew: whoever may send signals may end it. */
  readonly interruptible?: boolean
  /**
   * What the call does to its `subject` when it succeeds: takes a lock or a unit of it; gives that back, or adds one;
   * signals those who wait there, which is lost when nobody does.
   */
  readonly does?: 'takes' | 'gives' | 'signals'
  /** The code with which it fails and has yet done what it does: EOWNERDEAD. */
  readonly doneWith?: string
  /** Of its subject there is but one unit: giving back what nobody has adds none. */
  readonly isLock?: boolean
  /** The program's own access to memory, in the memory order that its argument `order` names. */
  readonly isAccess?: true
  readonly synchronizes?: Synchronizes
  /** Bytes that the call, having returned `result`, has copied between the program and the kernel. */
  copies?(args: A, result: unknown): number
  /** It may change what policies go by: `Process.sched` and `priority`. */
  readonly reschedules?: true
  /**
   * The object that the call is about, as a reader would name it: the same text for the calls that wait there and those
   * that end such waits, and the same as `waitsFor(…).object`. Asked while the thread stands in the call.
   */
  subject?(kernel: Kernel, thread: Thread, args: A): string
  /** The subject of the lock that the call gives back when it begins to wait, and has again when it returns. */
  lends?(kernel: Kernel, thread: Thread, args: A): string
  /**
   * The threads one of which must act, or the wait will never end; those among them that have ended never act. Only
   * where that is exactly known; `null`: anybody might. Asked only while the call waits.
   */
  blockers?(kernel: Kernel, thread: Thread, args: A): readonly Id[] | null
  /** A local call is no transition: it rides with the one before it. It may not touch kernel objects. */
  local?(machine: LocalContext, args: A, extra: unknown): R
  error(code: string, call: string, detail: Data): CallError
}

/** Whether a call that came to that outcome, and result, has done what it `does`. */
export function hasDone({ doneWith }: AnyDef, outcome: Outcome, result: unknown): boolean {
  if (outcome !== FAIL || doneWith === undefined) return outcome === DONE
  return result instanceof CallError && result.code === doneWith
}

/** What local calls may use. */
export interface LocalContext {
  log(text: string): void
  fail(kind: 'assertion', message: string): void
  prune(): void
}

/** A definition as `defineCall` returns it: `waits` says whether any stage of it may. */
export interface Definition<A extends Args, R> extends CallDef<A, R> {
  readonly waits: boolean
}

/** A call of whatever arguments and result, as the machine sees it. */
export type AnyDef = Definition<Args, unknown>

/** Says where in a program a call is being made; `below` is the function whose caller is the program. */
export type SiteProbe = (below: Call<unknown>['next']) => string | null

let probe: SiteProbe | null = null

/** While a program runs whose machine records, each call notes where it is made. One thread, no `await` inside: no run sees another's. */
export function noteSites(by: SiteProbe | null): void {
  probe = by
}

/**
 * A call that a program makes: `const n = yield* read(fd, 10)`. It is its own iterator and its own iterator result,
 * so that `yield*` costs neither a generator nor an object.
 */
export class Call<R> implements Iterator<Call<unknown>, R, unknown> {
  value: unknown
  done: boolean
  readonly def: AnyDef
  readonly args: Args
  /** What isn't data: a program to run, a predicate. */
  readonly extra: unknown
  /** Where the program makes the call, `file:line`, when that is noted. */
  site: string | null
  #fresh: boolean
  #used: boolean

  constructor(def: AnyDef, args: Args, extra: unknown = null) {
    this.value = this
    this.done = false
    this.def = def
    this.args = args
    this.extra = extra
    this.site = null
    this.#fresh = true
    this.#used = false
  }

  /** A call object that is kept and yielded again is another call, with arguments of its own: two threads may be in it at once. */
  [Symbol.iterator](): Call<R> {
    if (!this.#used) {
      this.#used = true
      return this
    }
    const again = new Call<R>(this.def, { ...this.args }, this.extra)
    again.#used = true
    return again
  }

  next(result: unknown): IteratorResult<Call<unknown>, R> {
    if (this.#fresh) {
      this.#fresh = false
      this.value = this
      this.done = false
      // Here, not in the constructor: whatever functions make calls, it is the program that `yield*`s them.
      if (probe !== null) this.site = probe(this.next)
    } else {
      this.value = result
      this.done = true
    }
    return this as unknown as IteratorResult<Call<unknown>, R> // value and done are what the interface asks for
  }

  throw(error: unknown): IteratorResult<Call<unknown>, R> {
    throw error
  }
}

/** A program: a generator whose every `yield*` is a call. */
export type Program<R = void> = Generator<Call<unknown>, R, unknown>

const definitions = new Map<string, AnyDef>()

// All definitions have one shape, and so have all stages: the machine looks at them in every step, whatever call it is.

const NO_STAGE: { readonly [K in keyof Required<Stage<Args>>]: undefined } = {
  canProceed: undefined,
  attempt: undefined,
  onlyReads: undefined,
  order: undefined,
  rises: undefined,
  wakesSpuriously: undefined,
}

const NO_CALL: { readonly [K in keyof Required<Definition<Args, unknown>>]: undefined } = {
  name: undefined,
  stages: undefined,
  waits: undefined,
  giveUp: undefined,
  deadline: undefined,
  restarts: undefined,
  startsOver: undefined,
  waitsFor: undefined,
  interruptible: undefined,
  does: undefined,
  doneWith: undefined,
  isLock: undefined,
  isAccess: undefined,
  synchronizes: undefined,
  copies: undefined,
  reschedules: undefined,
  subject: undefined,
  lends: undefined,
  blockers: undefined,
  local: undefined,
  error: undefined,
}

/**
 * Defines a call. The definition is known by its name from then on, so that a call in progress, which is data in the
 * kernel's state, finds its functions again.
 */
export function defineCall<A extends Args, R>(def: CallDef<A, R>): Definition<A, R> {
  const stages = def.stages.map((stage) => ({ ...NO_STAGE, ...stage }) as Stage<A>) // an absent part is undefined
  const waits = stages.some((stage) => stage.canProceed !== undefined)
  const whole = { ...NO_CALL, ...def, stages, waits } as Definition<A, R> // as above
  definitions.set(def.name, whole as unknown as AnyDef) // arguments are checked where the call is made
  return whole
}

export function definitionOf(call: CallState): AnyDef | undefined {
  return definitions.get(call.name)
}

/** Makes the call object of a definition; the typed functions that programs use are one line around it. */
export function call<A extends Args, R>(def: Definition<A, R>, args: A, extra: unknown = null): Call<R> {
  return new Call<R>(def as unknown as AnyDef, args, extra) // as above
}
