import {
  type AnyValues,
  boot,
  type Call,
  CallError,
  type Program,
  type Scenario,
  type Simulation,
  scenario,
  type Transact,
  type WakeOrder,
} from '../../kernel/index.ts'
import { type Decider, dfs, type Failure, MAX_STEPS, type Observer, random, run } from '../../scheduler/index.ts'

/** Runs a scenario under every schedule, or under many random ones, and counts how the runs end. */

export interface Tally {
  runs: number
  /** Whether those were all there are. */
  complete: boolean
  /** How runs ended, in the words of a scenario's `expect`: `done`, `deadlock`, `violates: NAME`, `error: CODE`. */
  readonly endings: Record<string, number>
  /** The first failure. */
  failure: Failure | null
  /** The scenario's sometimes-assertions that held in no run. */
  never: string[]
}

export interface TallyOptions {
  readonly params?: AnyValues
  readonly wakeOrder?: WakeOrder
  readonly transact?: Transact
  readonly maxSteps?: number
  /** Runs at most. */
  readonly limit?: number
  readonly observers?: readonly Observer[]
  /** Told when a run is over. */
  readonly after?: (simulation: Simulation, ending: string) => void
}

export const everySchedule = (scenario: Scenario, options: TallyOptions = {}): Tally =>
  tally(scenario, dfs(), options.limit ?? 1_000_000, options)

export const randomSchedules = (scenario: Scenario, seed: string, runs: number, options: TallyOptions = {}): Tally =>
  tally(scenario, random(seed), runs, options)

export function tally(scenario: Scenario, decider: Decider, limit: number, options: TallyOptions): Tally {
  const { params = {}, wakeOrder, transact = null, after } = options
  const given = wakeOrder === undefined ? {} : { wakeOrder }
  const sometimes = Object.entries(scenario.sometimes ?? {})
  const never = new Set(sometimes.map(([name]) => name))
  const watch: Observer = ({ world }) => {
    for (const [name, holds] of sometimes) if (never.has(name) && holds(world)) never.delete(name)
  }
  const observers = [...(options.observers ?? []), watch]
  const result: Tally = { runs: 0, complete: false, endings: {}, failure: null, never: [] }
  let simulation = boot(scenario, { params, door: decider, transact, ...given })
  for (let index = 0; index < limit; index++) {
    // A drafted state is not undone: each run of it begins with a boot of its own.
    if (transact !== null && index > 0) simulation = boot(scenario, { params, door: decider, transact, ...given })
    simulation.start()
    if (!decider.begin(simulation, index)) break
    const { ending: how, failure } = run(simulation, decider, {
      maxSteps: options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS,
      observers,
    })
    result.runs += 1
    if (how === 'redundant') continue
    const ending = failure === null ? 'done' : wordsFor(failure)
    result.endings[ending] = (result.endings[ending] ?? 0) + 1
    result.failure ??= failure
    after?.(simulation, ending)
  }
  result.complete = decider.complete
  result.never = [...never]
  return result
}

function wordsFor({ kind, name }: Failure): string {
  if (kind === 'invariant' || kind === 'assertion') return `violates: ${name}`
  return kind === 'uncaught error' ? `error: ${name}` : kind
}

export interface Told {
  readonly ghost: string[]
  readonly shared: unknown
  readonly name: string
  readonly pids: { readonly [name: string]: number }
}

/**
 * All that can come of some programs: each pushes what it saw on `ghost`, and every run gives one line of it, with the
 * ending behind it when that is not `done`. Sorted, each once.
 */
export function outcomes(
  programs: { readonly [name: string]: (context: Told) => Program<unknown> },
  { setup, ...options }: TallyOptions & { readonly setup?: () => Program<unknown> } = {},
): string[] {
  const seen = new Set<string>()
  const made = scenario('outcomes', { ghost: (): string[] => [], programs, expect: 'proved', ...(setup && { setup }) })
  const { complete } = everySchedule(made, {
    ...options,
    after(simulation, ending) {
      const said = (simulation.ghost as string[]).join(' ')
      seen.add(ending === 'done' ? said : `${said} / ${ending}`)
      options.after?.(simulation, ending)
    },
  })
  if (!complete) throw new Error(`more than ${options.limit} schedules: what was seen is not all there is`)
  return [...seen].sort()
}

/** Makes a call and tells what came of it: `ok`, its value, or the code that it failed with. */
export function* attempt(ghost: string[], call: Call<unknown>): Program {
  try {
    const value = yield* call
    ghost.push(value === undefined ? 'ok' : typeof value === 'object' ? JSON.stringify(value) : String(value))
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    ghost.push(error.code)
  }
}
