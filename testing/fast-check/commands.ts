import fc from 'fast-check'
import {
  BadInput,
  type Call,
  type Completion,
  Driver,
  type DriverOptions,
  type HandOutcome,
  type Id,
  type Program,
} from '../../kernel/index.ts'
import { populate } from './by-hand.ts'

/**
 * Model-based runs: a kernel driven by hand, one call after the other, beside a model of the user's own, which says
 * what should come of each.
 */

/** What came of a call, or of time that passed. */
export interface Came<A> {
  /** Who made the call. */
  readonly thread: Id
  readonly args: A
  /** `null`: it waits. */
  readonly outcome: HandOutcome | null
  /** What else ended: earlier calls that were set loose, and idle threads that were killed, in order. */
  readonly ended: readonly Ended[]
}

export interface Ended {
  readonly thread: Id
  /** The name in the table of calls, and its arguments; `null` for a thread that made none. */
  readonly call: string | null
  readonly args: unknown
  readonly outcome: HandOutcome
}

/** A call that threads may be given; `M` is the model, `A` the call's arguments, `S` what `setup` returned. */
export interface CommandSpec<M, A, S> {
  readonly args?: fc.Arbitrary<A>
  make(args: A, context: { readonly shared: S; readonly thread: Id }): Call<unknown>
  /** Whether it may be made as things stand. Not to change the model. Default: by any thread that is not in a call. */
  when?(model: M, args: A, thread: Id): boolean
  /** Changes the model as the call should have, and throws when something else came of it. */
  after(model: M, came: Came<A>): void
}

export interface KernelOptions<M, S> extends fc.CommandsContraints {
  /** Who is given calls: each the thread of a process of its own; `a.2` is a further thread of process `a`. */
  readonly threads: readonly Id[]
  /** Makes the model, for each run anew. */
  readonly model: () => M
  /** Runs first, in a process from which the others are then forked. What it returns calls find in `shared`. */
  readonly setup?: () => Program<S>
  readonly driver?: DriverOptions
  /** Lets time pass, up to so many ms at once. */
  readonly clock?: { readonly msMax: number; after(model: M, ms: number, ended: readonly Ended[]): void }
}

/** The kernel of one run. */
export interface Real<S> {
  readonly driver: Driver
  readonly shared: S
  /** Calls that wait: by the number of their issue. */
  readonly calls: Map<number, { readonly call: string; readonly args: unknown }>
}

/** The model of one run, and which threads can be given a call. */
export interface Modelled<M> {
  readonly model: M
  readonly idle: Set<Id>
}

export interface KernelCommands<M, S> {
  /** For `fc.modelRun`, or to be put beside commands of your own by `fc.commands`. */
  readonly commands: fc.Arbitrary<Iterable<fc.Command<Modelled<M>, Real<S>>>>
  /** A kernel and a model that have not begun: the first argument of `fc.modelRun`. */
  readonly setup: () => { model: Modelled<M>; real: Real<S> }
}

type Specs<M, A, S> = { readonly [K in keyof A]: CommandSpec<M, A[K], S> }

/**
 * Commands for `fc.modelRun`: each gives a thread that is not in a call one of these calls, or lets time pass, runs
 * until all is quiet, and has the model say whether that is what should have come of it.
 */
export function kernelCommands<A, M, S = undefined>(
  calls: Specs<M, A, S>,
  options: KernelOptions<M, S>,
): KernelCommands<M, S> {
  const { threads, clock, model, setup, driver: driving, ...constraints } = options
  const specs = calls as unknown as Readonly<Record<string, CommandSpec<M, unknown, S>>> // what a call draws is what it is made of
  if (threads.length === 0) throw new BadInput('kernelCommands() needs threads to give calls to')
  const thread = fc.constantFrom(...threads)
  const arbitraries = Object.entries(specs).map(([name, spec]) =>
    fc
      .record({ thread, args: spec.args ?? fc.constant(undefined) })
      .map(({ thread, args }) => issuing(name, spec, thread, args)),
  )
  if (clock !== undefined) arbitraries.push(fc.integer({ min: 1, max: clock.msMax }).map((ms) => passing(ms, clock)))

  return {
    commands: fc.commands(arbitraries, constraints),
    setup() {
      const driver = new Driver(driving)
      const shared = populate(driver, threads, setup) as S // without a setup it is undefined, and so is its type
      return { model: { model: model(), idle: new Set(threads) }, real: { driver, shared, calls: new Map() } }
    },
  }
}

type Command<M, S> = fc.Command<Modelled<M>, Real<S>>

function issuing<M, S>(name: string, spec: CommandSpec<M, unknown, S>, thread: Id, args: unknown): Command<M, S> {
  return {
    check: ({ model, idle }) => idle.has(thread) && spec.when?.(model, args, thread) !== false,
    run(modelled, real) {
      const { driver, shared, calls } = real
      const issue = driver.issue(thread, spec.make(args, { shared, thread }))
      calls.set(issue, { call: name, args })
      const completed = driver.settle()
      const own = completed.find((one) => one.thread === thread && one.issue === issue)
      const ended = completed.filter((one) => one !== own).map((one) => endedBy(real, one))
      calls.delete(own?.issue ?? -1)
      look(modelled, real)
      spec.after(modelled.model, { thread, args, outcome: own?.outcome ?? null, ended })
    },
    toString: () => `${thread}: ${name}(${args === undefined ? '' : fc.stringify(args)})`,
  }
}

function passing<M, S>(ms: number, clock: NonNullable<KernelOptions<M, S>['clock']>): Command<M, S> {
  return {
    check: () => true,
    run(modelled, real) {
      const ended = real.driver.advanceClock(ms).map((one) => endedBy(real, one))
      look(modelled, real)
      clock.after(modelled.model, ms, ended)
    },
    toString: () => `${ms} ms pass`,
  }
}

function endedBy<S>({ calls }: Real<S>, { thread, issue, outcome }: Completion): Ended {
  const { call = null, args } = calls.get(issue ?? -1) ?? {}
  if (issue !== null) calls.delete(issue)
  return { thread, call, args, outcome }
}

/** Sees who can be given a call now. */
function look<M, S>({ idle }: Modelled<M>, { driver }: Real<S>): void {
  const busy = new Set(driver.blocked().map(({ thread }) => thread))
  for (const thread of Object.keys(driver.state.threads)) {
    if (busy.has(thread) || !driver.isAlive(thread)) idle.delete(thread)
    else idle.add(thread)
  }
}
