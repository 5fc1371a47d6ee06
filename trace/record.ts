import {
  type AnyValues,
  boot,
  type Door,
  KernelPanic,
  type Machine,
  type Scenario,
  type Simulation,
  type Task,
  type WakeOrder,
} from '../kernel/index.ts'
import {
  CHOSEN,
  type Choice,
  choiceOf,
  type Decider,
  type DispatcherSettings,
  Ledger,
  MAX_STEPS,
  type Observer,
  type Outcome,
  run,
  type Waiting,
  WOKEN,
} from '../scheduler/index.ts'
import type { Bytes } from './bytes.ts'
import { EventWriter } from './event.ts'
import { EventLines } from './event-lines.ts'
import { TRACE_VERSION, type TraceFailure, type TraceHeader, type TraceVerdict } from './format.ts'
import { type Source, sourceOf } from './names.ts'
import type { LoadedScenario } from './scenario-file.ts'
import { Trace } from './trace.ts'

export interface RecordOptions {
  /** Decides; it is asked for its run 0. */
  readonly decider: Decider
  readonly params?: AnyValues
  /** Default: the scenario's, else `any`. */
  readonly wakeOrder?: WakeOrder
  /** Default: the scenario's, else 10,000. */
  readonly maxSteps?: number
  /** What the header says of where the schedule is from. Default: the decider's name, no seed, run 0. */
  readonly from?: Origin
  /** Say on which line of the scenario each call was made: costs some microseconds a step. Default: yes. */
  readonly lines?: boolean
  readonly observers?: readonly Observer[]
}

/** What only a replay asks for: to be told of each event's line as it comes. */
interface Checked extends RecordOptions {
  readonly check?: (line: string, step: number) => void
}

/** Where a schedule is from. */
export interface Origin {
  readonly decider: string
  readonly seed: string | null
  /** From 0. */
  readonly run: number
}

/**
 * Makes one run and records it. A schedule that an explorer has found is recorded by `replay(choices)` with `from`
 * saying who found it; one made under a policy needs the policy itself, which keeps the time.
 */
export function record(given: LoadedScenario | Scenario, options: RecordOptions): Trace {
  return recordRun(sourceOf(given), options)
}

/** As `record`, of a scenario with whatever name it has. */
export function recordRun(source: Source, options: Checked): Trace {
  const { scenario } = source
  const { decider, params, check, lines = true, observers = [] } = options
  const wakeOrder = options.wakeOrder ?? scenario.wakeOrder ?? decider.wakeOrder
  const maxSteps = options.maxSteps ?? scenario.maxSteps ?? MAX_STEPS
  const logged = withChoices(decider)
  const simulation = boot(scenario, {
    ...(params === undefined ? {} : { params }),
    ...(wakeOrder === undefined ? {} : { wakeOrder }),
    door: logged.decider,
    sites: lines ? source.probe : null,
    once: decider.reduces !== true, // what reduces begins the run once more when it has seen what invariants look at
  })
  const { machine } = simulation
  const events = new EventLines()
  try {
    simulation.start()
    decider.begin(simulation, 0)
    const startLog = machine.logged.slice()
    const writer = new EventWriter(machine)
    const write = (bytes: Bytes): void => writer.write(bytes)
    const watch: Observer = () => {
      events.add(write)
      if (check !== undefined) check(events.last(), events.length)
    }
    const outcome = run(simulation, logged.decider, {
      maxSteps,
      observers: [watch, ...observers],
      ledger: new Ledger(simulation),
      lineOf: lines ? lineOf : () => null,
    })
    const from = options.from ?? { decider: decider.name, seed: null, run: 0 }
    const header = headerOf(source, simulation, from, maxSteps, lines, decider.settings)
    return new Trace(header, logged.choices, startLog, events, verdictOf(simulation, outcome))
  } catch (error) {
    if (error instanceof KernelPanic && error.decisions.length === 0) error.decisions = logged.choices
    throw error
  }
}

function headerOf(
  source: Source,
  simulation: Simulation,
  from: Origin,
  maxSteps: number,
  lines: boolean,
  machine: DispatcherSettings | undefined,
): TraceHeader {
  return {
    ipclab: 'trace',
    version: TRACE_VERSION,
    scenario: source.name,
    hash: source.hash,
    title: simulation.scenario.title,
    params: simulation.params,
    decider: from.decider,
    seed: from.seed,
    run: from.run,
    wakeOrder: simulation.state.wakeOrder,
    maxSteps,
    lines,
    ...(machine === undefined ? {} : { machine }),
  }
}

/** Where in its scenario the thread's pending call is made, when the machine notes sites. */
export const lineOf = (task: Task): string | null => task.pending?.site ?? null

function verdictOf({ machine }: Simulation, { ending, failure }: Outcome): TraceVerdict {
  const base = { ending, steps: machine.steps, time: machine.state.clock }
  if (failure === null) return { ...base, failure: null }
  const { kind, name, message, threads } = failure
  const line =
    machine.trouble?.site ?? (kind === 'invariant' || kind === 'data race' ? (machine.call?.site ?? null) : null)
  const told: TraceFailure = { kind, name, message, threads, line, waiting: failure.waiting.map(inOrder) }
  return { ...base, failure: told }
}

/** Its keys in the order of FORMAT.md, whatever order the call's `waitsFor` gave them. */
function inOrder({ thread, call, args, object, heldBy, awaits, line }: Waiting): Waiting {
  return {
    thread,
    call,
    args,
    object,
    ...(heldBy === undefined ? {} : { heldBy }),
    ...(awaits === undefined ? {} : { awaits }),
    line,
  }
}

/** A decider that decides as another does, and the choices that came of it, by identity, in the order they were made. */
export function withChoices(decider: Decider): { readonly decider: Decider; readonly choices: Choice[] } {
  const choices: Choice[] = []
  const pick: Door['pick'] = (kind, thread, count, label) => {
    const index = decider.pick(kind, thread, count, label)
    choices.push((kind === 'choose' ? CHOSEN : WOKEN) + label(index))
    return index
  }
  const logging: Decider = {
    name: decider.name,
    keepsTime: decider.keepsTime,
    get complete() {
      return decider.complete
    },
    begin(simulation, index) {
      choices.length = 0
      return decider.begin(simulation, index)
    },
    next(machine: Machine) {
      const option = decider.next(machine)
      choices.push(choiceOf(machine, option))
      return option
    },
    pick,
  }
  return { decider: logging, choices }
}
