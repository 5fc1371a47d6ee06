import fc from 'fast-check'
import {
  type AnyValues,
  BadInput,
  type Call,
  CallError,
  type Context,
  type Program,
  type Scenario,
  type ScenarioBody,
  scenario,
} from '../../kernel/index.ts'
import { type Discipline, type Drawn, type Step, wellFormed } from './well-formed.ts'

/** Random system-call programs as values of a property. */

/** What a call may be made of, beside its own arguments. */
export interface CallContext<S, G> extends Context<AnyValues, S, G> {
  /** Of a call that closes, or is made within: what the call that opened was given, and what it returned. */
  readonly opened: Opened | null
}

export interface Opened {
  readonly args: unknown
  readonly value: unknown
}

/** A call that programs may make; `A` are its arguments, `S` what setup returned, `G` the ghost variables. */
export interface CallSpec<A, S, G> {
  /** Draws the arguments. A call that closes is given those of the call that opened. */
  readonly args?: fc.Arbitrary<A>
  /** The call, or a few of them as a generator. */
  make(args: A, context: CallContext<S, G>): Call<unknown> | Program<unknown>
  /**
   * It takes something that has to be given back before the program ends. A function names the thing, and no process
   * takes one that it has already; `true`: as many as there come.
   */
  readonly opens?: true | ((args: A) => string | number)
  /** It gives back what the call of that name took. */
  readonly closes?: string
  /** It is made only while something is open that the call of that name took. */
  readonly within?: string
  /** Errors that are no fault: the call has then taken nothing, and the program goes on. */
  readonly mayFail?: true | readonly string[]
  /** Looks at what the call returned, in the same step: for ghost variables. `false`: it has taken nothing. */
  after?(value: unknown, args: A, context: CallContext<S, G>): unknown
}

export interface ProgramsOptions<S, G> extends Discipline {
  readonly setup?: ScenarioBody<Record<never, never>, S, G>['setup']
  readonly ghost?: ScenarioBody<Record<never, never>, S, G>['ghost']
  /** How many processes there are. Default: 2 or 3. */
  readonly processes?: number | { readonly min: number; readonly max: number }
  /** A process makes at most so many calls before it gives back what it has still open. Default 5. */
  readonly callsMax?: number
}

/** The rest of the scenario that is made of programs. */
export interface Around<S, G>
  extends Partial<Omit<ScenarioBody<Record<never, never>, S, G>, 'programs' | 'setup' | 'ghost' | 'params'>> {
  /** Default: the programs' text. */
  readonly title?: string
}

/** Programs as data, which print as text and become a scenario. */
export interface Programs<S, G> {
  /** The calls of each process, in order. */
  readonly processes: readonly (readonly Step[])[]
  /** `p1: lock(0) add() unlock(0)`, a line for each process. */
  toString(): string
  /** Default of `expect`: `holds`. */
  scenario(around?: Around<S, G>): Scenario
}

type Specs<A, S, G> = { readonly [K in keyof A]: CallSpec<A[K], S, G> }

/**
 * An arbitrary of well-formed programs that make these calls: nothing is given back that was not taken, and everything
 * that was taken is given back at the end. Values shrink towards fewer processes and fewer calls.
 */
export function programs<A, S = undefined, G = undefined>(
  calls: Specs<A, S, G>,
  options: ProgramsOptions<S, G> = {},
): fc.Arbitrary<Programs<S, G>> {
  const specs = calls as unknown as Readonly<Record<string, CallSpec<unknown, S, G>>> // what a call draws is what it is made of
  check(specs)
  const { processes = { min: 2, max: 3 }, callsMax = 5 } = options
  const { min, max } = typeof processes === 'number' ? { min: processes, max: processes } : processes
  const drawn = Object.entries(specs).map(
    ([call, { args }]): fc.Arbitrary<Drawn> =>
      fc.record({ call: fc.constant(call), args: args ?? fc.constant(undefined), pick: fc.nat(0xff) }),
  )
  const process = fc.array(fc.oneof(...drawn), { maxLength: callsMax })
  return fc.array(process, { minLength: min, maxLength: max }).map(
    (all) =>
      new Generated(
        all.map((one) => wellFormed(one, specs, options)),
        specs,
        options,
      ),
  )
}

function check(specs: Readonly<Record<string, CallSpec<unknown, never, never>>>): void {
  const names = Object.keys(specs)
  if (names.length === 0) throw new BadInput('programs() needs a call that programs may make')
  for (const [name, { closes, within, opens }] of Object.entries(specs)) {
    for (const other of [closes, within]) {
      if (other !== undefined && specs[other]?.opens === undefined)
        throw new BadInput(
          `call '${name}' needs something that '${other}' opens, and there is no call '${other}' that opens`,
        )
    }
    if (opens !== undefined && !names.some((other) => specs[other]?.closes === name))
      throw new BadInput(`call '${name}' opens what no call closes; give one of them closes: '${name}'`)
  }
}

class Generated<S, G> implements Programs<S, G> {
  readonly processes: readonly (readonly Step[])[]
  readonly #specs: Readonly<Record<string, CallSpec<unknown, S, G>>>
  readonly #options: ProgramsOptions<S, G>

  constructor(
    processes: readonly (readonly Step[])[],
    specs: Readonly<Record<string, CallSpec<unknown, S, G>>>,
    options: ProgramsOptions<S, G>,
  ) {
    this.processes = processes
    this.#specs = specs
    this.#options = options
  }

  toString(): string {
    return this.processes.map((steps, index) => `p${index + 1}: ${steps.map(text).join(' ') || '(nothing)'}`).join('\n')
  }

  [fc.toStringMethod](): string {
    return `\n${this.toString()}\n`
  }

  scenario({ title, ...around }: Around<S, G> = {}): Scenario {
    const { setup, ghost } = this.#options
    const body = {
      expect: 'holds',
      ...around,
      ...(setup === undefined ? {} : { setup }),
      ...(ghost === undefined ? {} : { ghost }),
      programs: Object.fromEntries(
        this.processes.map((steps, index) => [
          `p${index + 1}`,
          (context: Context<AnyValues, S, G>) => running(steps, this.#specs, context),
        ]),
      ),
    } as ScenarioBody<Record<never, never>, S, G> // `around` has the rest, of the same types
    return scenario(title ?? this.toString(), body)
  }
}

function text({ call, args }: Step): string {
  return `${call}(${args === undefined ? '' : fc.stringify(args)})`
}

function* running<S, G>(
  steps: readonly Step[],
  specs: Readonly<Record<string, CallSpec<unknown, S, G>>>,
  context: Context<AnyValues, S, G>,
): Program {
  const taken: (Opened | null)[] = []
  for (const [index, { call, args, of }] of steps.entries()) {
    const spec = specs[call]
    const opened = of === null ? null : (taken[of] ?? null)
    taken[index] = null
    // What failed to open is not there to be used or closed.
    if (spec === undefined || (of !== null && opened === null)) continue
    const given = { ...context, opened }
    try {
      const value: unknown = yield* spec.make(args, given)
      if (spec.after?.(value, args, given) !== false) taken[index] = { args, value }
    } catch (error) {
      if (!(error instanceof CallError && mayFail(spec, error.code))) throw error
    }
  }
}

const mayFail = ({ mayFail }: CallSpec<unknown, never, never>, code: string): boolean =>
  mayFail === true || mayFail?.includes(code) === true
