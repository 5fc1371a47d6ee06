import type { Type, ValueOf } from './access.ts'
import type { Program } from './call.ts'
import { BadInput } from './errors.ts'
import { checkScenario } from './scenario-check.ts'
import type { KernelState, Signal, WakeOrder } from './state.ts'

/** Scenario files: what a user writes. One default export, made by `scenario(title, body)`. */

/** A parameter: its default, what it means in one line, and what is accepted. */
export interface Param<T extends number | string | boolean = number | string | boolean> {
  readonly default: T
  readonly about: string
  /** Smallest and largest accepted number. */
  readonly min?: number
  readonly max?: number
  /** The accepted values, if only these are. */
  readonly oneOf?: readonly T[]
}

export type Params = { readonly [name: string]: Param }

type Widen<T> = T extends number ? number : T extends string ? string : T extends boolean ? boolean : never

export type Values<P extends Params> = { readonly [K in keyof P]: Widen<P[K]['default']> }

export type AnyValues = { readonly [name: string]: number | string | boolean }

/** What each program is given. */
export interface Context<V = AnyValues, S = unknown, G = unknown> {
  /** The scenario's parameters. */
  readonly params: V
  /** What `setup` returned: addresses, names, handles. */
  readonly shared: S
  /** Ghost variables: seen by invariants, not by the simulated machine. Made anew for each run. */
  readonly ghost: G
  /** This process's name, and its number among its copies, from 1. */
  readonly name: string
  readonly index: number
  /** The numbers of the processes that exist from the start, by name. */
  readonly pids: { readonly [name: string]: number }
}

/** What invariants are given: everything, to look at. */
export interface World<V = AnyValues, S = unknown, G = unknown> {
  readonly params: V
  readonly shared: S
  readonly ghost: G
  readonly state: KernelState
  /** Reads simulated memory at an address of the setup's mappings. */
  load<T extends Type>(address: number, type: T): ValueOf<T>
}

export type ProgramOf<V, S, G> = (context: Context<V, S, G>) => Program<unknown>

/** A program with more said about it than its name. What policies go by is explained at `Scheduling`. */
export interface ProgramSpec<V, S, G> {
  readonly program: ProgramOf<V, S, G>
  /** How many processes run it; they are called name1, name2 … Default: one, called by the name alone. */
  readonly copies?: number | ((params: V) => number)
  /** User and group id of its processes. Default 1000. */
  readonly uid?: number
  /** Higher is more urgent, where the policy goes by it (`--policy priority`). Default 0; children have their parent's. */
  readonly priority?: number
  /** When its processes arrive, in virtual ns; under a strategy, which knows no time, in that order. Default: they are there from the start. */
  readonly arrives?: Said<V, number>
  readonly nice?: Said<V, number>
  readonly tickets?: Said<V, number>
  readonly length?: Said<V, number>
  readonly period?: Said<V, number>
  readonly deadline?: Said<V, number>
  readonly cpus?: Said<V, readonly number[]>
}

/** The same for all copies, or for each by its number, from 1. */
export type Said<V, T> = T | ((params: V, index: number) => T)

/** What may go wrong from outside: the explorer is free to let it happen, or not, at every point of a run. */
export interface Faults {
  /** A process is ended as by SIGKILL, before any of its calls or in it: each process and its children, or those of the programs named. */
  readonly kill?: boolean | readonly string[]
  /** A process is sent a signal: each that it has a handler for, or the one named. */
  readonly signal?: boolean | Signal
  /** A wait on a condition variable or a futex is over though nobody ended it. */
  readonly spuriousWakeup?: boolean
  /** A timer fires before others that are due earlier. */
  readonly timeout?: boolean
  /** At most so many of all these in one run. Default 1. */
  readonly most?: number
}

/** Says whether it holds; a string is the reason why it does not. */
export type Invariant<V, S, G> = (world: World<V, S, G>) => boolean | string

/**
 * What exploring should find. `proved`: holds in every schedule; `holds`: in every one that is tried;
 * `deadlock`; `data race`, where `races` is `fail`; `violates: NAME` an invariant or assertion; `error: CODE` an uncaught
 * error; `step limit`.
 */
export type Expectation =
  | 'proved'
  | 'holds'
  | 'deadlock'
  | 'data race'
  | 'step limit'
  | `violates: ${string}`
  | `error: ${string}`

export interface ScenarioBody<P extends Params, S, G> {
  /** Where it comes from: book and page, paper, man page. */
  readonly source?: string
  /** What it shows, in a few sentences. */
  readonly about?: string
  readonly params?: P
  /** Makes the ghost variables of one run. */
  readonly ghost?: (params: Values<P>) => G
  /**
   * Runs first, unexplored, in a process of its own (`init`): what it maps and opens, the programs inherit, as if
   * forked from it. What it returns they find in `shared`. It runs once, so what it returns is not to be changed.
   */
  readonly setup?: (context: { readonly params: Values<P> }) => Program<S>
  readonly programs: { readonly [name: string]: ProgramOf<Values<P>, S, G> | ProgramSpec<Values<P>, S, G> }
  /** Must hold after every step. */
  readonly invariants?: { readonly [name: string]: Invariant<Values<P>, S, G> }
  /** Must hold when all programs have ended. */
  readonly atEnd?: { readonly [name: string]: Invariant<Values<P>, S, G> }
  /** Must hold at some point of some run, or the result is vacuous. */
  readonly sometimes?: { readonly [name: string]: (world: World<Values<P>, S, G>) => boolean }
  readonly expect: Expectation
  /** What may go wrong from outside. Default: nothing. */
  readonly faults?: Faults
  /** Who is woken first, where the object itself promises nothing. Default: `any` when exploring. */
  readonly wakeOrder?: WakeOrder
  /**
   * Whether it is a deadlock when some can never go on though others can (`all`, the default), or only when nobody can
   * (`total`): for scenarios that break such a circle from outside, by a kill.
   */
  readonly deadlocks?: 'all' | 'total'
  /**
   * What a data race is: two accesses to memory by different threads, one at least a store and one at least plain, that
   * nothing orders. `report` (the default): told of, whatever the run comes to; `fail`: a failure, for which every run is
   * watched; `ignore`: nothing.
   */
  readonly races?: 'report' | 'fail' | 'ignore'
  /** A run of more steps than this counts as one that never ends. Default 10,000. */
  readonly maxSteps?: number
}

/** A scenario of whatever parameters, shared handles and ghosts, as the machine sees it. */
export interface Scenario extends ScenarioBody<Params, unknown, unknown> {
  readonly title: string
  readonly params: Params
}

const scenarios = new WeakSet<object>()

/** Makes a scenario: `export default scenario('title', { programs: {…}, expect: 'proved' })`. */
export function scenario<const P extends Params = Record<never, never>, S = undefined, G = undefined>(
  title: string,
  body: ScenarioBody<P, S, G>,
): Scenario {
  checkScenario(title, body)
  const made = { ...body, title, params: body.params ?? {} } as unknown as Scenario // its own programs are given its own types
  scenarios.add(made)
  return made
}

export const isScenario = (value: unknown): value is Scenario =>
  typeof value === 'object' && value !== null && scenarios.has(value)

/** The parameters with which a scenario is run: its defaults, and in their place what was asked for. Strings are read as the default's type. */
export function parameters(scenario: Scenario, wished: AnyValues = {}): AnyValues {
  const specs = scenario.params
  const values: Record<string, number | string | boolean> = {}
  for (const name of Object.keys(specs)) values[name] = (specs[name] as Param).default // a key has its value
  for (const name of Object.keys(wished)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined) {
      const known = Object.keys(specs)
      const hint = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`
      throw new BadInput(`'${scenario.title}' has no parameter '${name}': ${hint}`)
    }
    values[name] = accept(name, spec, wished[name])
  }
  return values
}

function accept(name: string, spec: Param, wished: unknown): number | string | boolean {
  const value = typeof wished === 'string' ? parse(spec, wished) : wished
  const accepted = describe(spec)
  if (typeof value !== typeof spec.default) throw new BadInput(`parameter ${name} takes ${accepted}, not '${wished}'`)
  if (typeof value === 'number') {
    const whole = !Number.isInteger(spec.default) || Number.isInteger(value)
    if (!whole || !Number.isFinite(value) || value < (spec.min ?? -Infinity) || value > (spec.max ?? Infinity))
      throw new BadInput(`parameter ${name} takes ${accepted}, not ${value}`)
  }
  const one = value as number | string | boolean // its type is the default's
  if (spec.oneOf !== undefined && !spec.oneOf.includes(one))
    throw new BadInput(`parameter ${name} takes ${accepted}, not '${one}'`)
  return one
}

function parse(spec: Param, text: string): unknown {
  if (typeof spec.default === 'number')
    return text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text)
  if (typeof spec.default === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

/** What a parameter accepts, in words. */
export function describe(spec: Param): string {
  if (spec.oneOf !== undefined) return `one of ${spec.oneOf.join(', ')}`
  if (typeof spec.default === 'boolean') return 'true or false'
  if (typeof spec.default === 'string') return 'a text'
  const kind = Number.isInteger(spec.default) ? 'a whole number' : 'a number'
  if (spec.min !== undefined && spec.max !== undefined) return `${kind} from ${spec.min} to ${spec.max}`
  if (spec.min !== undefined) return `${kind} of at least ${spec.min}`
  if (spec.max !== undefined) return `${kind} of at most ${spec.max}`
  return kind
}
