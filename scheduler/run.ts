import {
  type AnyValues,
  BadInput,
  type Id,
  type Invariant,
  type Simulation,
  type Task,
  unusable,
} from '../kernel/index.ts'
import { FirstRace, type Race } from './checks/data-race.ts'
import { raceInWords } from './checks/words.ts'
import type { Decider } from './decider.ts'
import { closedCircle, longStandstill, type Standstill, standstill } from './waiting/circle.ts'
import type { Ledger } from './waiting/ledger.ts'
import { type Waiting, whoWaits } from './waiting/waits.ts'
import { inWords } from './waiting/words.ts'

/** One run from its start to its end, and how it ended. The loop that everything goes through. */

export type Ending =
  /** Every program came to its end, and all that must hold held. */
  | 'done'
  /** Nobody can go on and somebody waits. */
  | 'deadlock'
  /** An invariant or an assertion does not hold, an error was not caught, or there was a data race that may not be. */
  | 'broken'
  /** More steps than a run may have. */
  | 'step limit'
  /** Given up by `assume`: counts neither way. */
  | 'pruned'
  /** Given up by the decider, as it was made in another order before. */
  | 'redundant'

/** What is wrong, where the ending is none of `done`, `pruned` and `redundant`, nor the run was cut short after `assume`. */
export interface Failure {
  readonly kind: 'deadlock' | 'data race' | 'invariant' | 'assertion' | 'uncaught error' | 'step limit'
  /** Which invariant, which assertion, which error code; the scenario's `expect` names it. */
  readonly name: string
  /** A sentence. */
  readonly message: string
  /** The threads it is about: who waits, who asserted. */
  readonly threads: readonly Id[]
  /** Who waits on what, when they can't go on. */
  readonly waiting: readonly Waiting[]
  /** The threads that can never go on again; all that wait, where nobody can go on. */
  readonly stuck: readonly Id[]
}

/** Told of every step after it is taken. */
export type Observer = (simulation: Simulation) => void

export interface RunOptions {
  readonly maxSteps: number
  readonly observers?: readonly Observer[]
  /** Finds the line of a task's pending call, when calls note where they were made. */
  readonly lineOf?: (task: Task) => string | null
  /** Who holds and gives what, as far as the run shows: then a run that is not over tells who is stuck for all that. */
  readonly ledger?: Ledger
}

export interface Outcome {
  readonly ending: Ending
  readonly failure: Failure | null
}

const DONE: Outcome = { ending: 'done', failure: null }
const PRUNED: Outcome = { ending: 'pruned', failure: null }
const CUT: Outcome = { ending: 'step limit', failure: null }
const REDUNDANT: Outcome = { ending: 'redundant', failure: null }

export const MAX_STEPS = 10_000

/** Makes one run. The simulation has been started and the decider's `begin` has been asked. */
export function run(simulation: Simulation, decider: Decider, options: RunOptions): Outcome {
  const { machine } = simulation
  machine.parks = decider.needsEnds === true
  machine.late = decider.isTooLate !== undefined
  const outcome = steps(simulation, decider, options)
  decider.ended?.(simulation, outcome.ending)
  return outcome
}

function steps(simulation: Simulation, decider: Decider, options: RunOptions): Outcome {
  const { machine } = simulation
  const { maxSteps, observers, ledger } = options
  const partial = simulation.scenario.deadlocks !== 'total'
  const checks = checksOf(simulation.scenario.invariants)
  const races = simulation.scenario.races === 'fail' ? new FirstRace(machine) : null
  let failure = checkAll(checks, simulation)
  while (failure === null) {
    if (machine.pruned && (!machine.parks || machine.steps === 0)) return PRUNED
    if (machine.trouble !== null) return trouble(simulation)
    const late = machine.ordinary === 0
    if (late && machine.faults.length === 0) return machine.pruned ? forsaken(simulation) : ended(simulation, options)
    // Where all can go on nobody waits; where nobody can, it is no matter of some.
    if (partial && !late && machine.ready.size < machine.alive && !machine.pruned && closedCircle(machine))
      return standing(simulation, standstill(simulation), options, null)
    if (machine.steps >= maxSteps) return machine.pruned ? CUT : stepLimit(simulation, options)
    const option = decider.next(machine)
    if (option < 0) return !late ? REDUNDANT : machine.pruned ? forsaken(simulation) : ended(simulation, options)
    machine.step(option)
    if (late && decider.isTooLate?.(machine) === true) return REDUNDANT
    ledger?.observe()
    races?.observe()
    if (observers !== undefined) for (const observe of observers) observe(simulation)
    // What does not hold in a step that ends in assume(false), or after it, is of no interest, but for who can tell that it comes without it, too.
    if (machine.pruned) machine.doubtful ||= machine.parks && isBroken(checks, races, simulation)
    else if (races !== null && races.race !== null) failure = raced(races.race)
    else if (checks.length > 0) failure = checkAll(checks, simulation)
  }
  return { ending: 'broken', failure }
}

type Check = readonly [name: string, holds: Invariant<AnyValues, unknown, unknown>]
const NO_CHECKS: readonly Check[] = []

/** The entries of each scenario's tables, taken once: a search asks before every run. */
const known = new WeakMap<object, readonly Check[]>()

function checksOf(table: { readonly [name: string]: unknown } | undefined): readonly Check[] {
  if (table === undefined) return NO_CHECKS
  let checks = known.get(table)
  if (checks === undefined) {
    checks = Object.entries(table) as unknown as Check[] // of the scenario's own types
    known.set(table, checks)
  }
  return checks
}

function checkAll(checks: readonly Check[], simulation: Simulation): Failure | null {
  for (const [name, holds] of checks) {
    const verdict = ask(name, holds, simulation)
    if (verdict === true) continue
    const message = verdict === false ? `'${name}' does not hold` : `'${name}' does not hold: ${verdict}`
    const thread = simulation.machine.actor?.id
    const threads = thread === undefined ? [] : [thread]
    return { kind: 'invariant', name, message, threads, waiting: [], stuck: [] }
  }
  return null
}

function ask(name: string, holds: Check[1], simulation: Simulation): boolean | string {
  try {
    const verdict: unknown = holds(simulation.world)
    if (typeof verdict === 'boolean' || typeof verdict === 'string') return verdict
    throw new BadInput(`invariant '${name}' must say true, false or a reason, not ${String(verdict)}`)
  } catch (error) {
    throw unusable(`invariant '${name}'`, error)
  }
}

function isBroken(checks: readonly Check[], races: FirstRace | null, simulation: Simulation): boolean {
  if (races !== null && races.race !== null) return true
  try {
    return checkAll(checks, simulation) !== null
  } catch (error) {
    if (error instanceof BadInput) return true
    throw error
  }
}

/** Nobody can go on who is not behind an `assume`. */
function forsaken(simulation: Simulation): Outcome {
  const { machine, scenario } = simulation
  machine.doubtful ||= scenario.deadlocks !== 'total' && standstill(simulation).stuck.length > 0
  return PRUNED
}

/** Nobody can go on: all have ended, or somebody waits for ever. */
function ended(simulation: Simulation, options: RunOptions): Outcome {
  if (simulation.machine.alive > 0) return deadlock(simulation, options)
  simulation.looks = null // at the end the order of steps that have nothing to do with each other makes no difference
  const failure = checkAll(checksOf(simulation.scenario.atEnd), simulation)
  return failure === null ? DONE : { ending: 'broken', failure }
}

function deadlock(simulation: Simulation, options: RunOptions): Outcome {
  const waiting = whoWaits(simulation, options.lineOf)
  const threads = waiting.map(({ thread }) => thread)
  const who = waiting.map(({ thread, call, object }) => `${thread} in ${call}(${object})`).join(', ')
  const message = `nobody can go on: ${who}`
  const failure: Failure = { kind: 'deadlock', name: 'deadlock', message, threads, waiting, stuck: threads }
  return { ending: 'deadlock', failure }
}

function trouble(simulation: Simulation): Outcome {
  const { trouble } = simulation.machine
  if (trouble === null) return DONE
  const { kind, message, code, thread } = trouble
  const name = code ?? message
  const said =
    kind === 'assertion' ? `${thread} asserted '${message}', which does not hold` : `${thread} did not catch ${message}`
  return { ending: 'broken', failure: { kind, name, message: said, threads: [thread], waiting: [], stuck: [] } }
}

/** Some can never go on, though others do. */
function standing(simulation: Simulation, those: Standstill, { lineOf }: RunOptions, ledger: Ledger | null): Outcome {
  const { stuck } = those
  const waiting = whoWaits(simulation, lineOf).filter(({ thread }) => stuck.includes(thread))
  const message = inWords(simulation, those, waiting, ledger)
  return {
    ending: 'deadlock',
    failure: { kind: 'deadlock', name: 'deadlock', message, threads: stuck, waiting, stuck },
  }
}

function raced(race: Race): Failure {
  const threads = [race.first.thread, race.second.thread]
  return { kind: 'data race', name: 'data race', message: raceInWords(race), threads, waiting: [], stuck: [] }
}

function stepLimit(simulation: Simulation, options: RunOptions): Outcome {
  const { ledger } = options
  if (simulation.scenario.deadlocks !== 'total') {
    const those = standstill(simulation) // as many ends as there were, not all were looked at
    if (those.stuck.length > 0) return standing(simulation, those, options, null)
    const long = ledger === undefined ? null : longStandstill(simulation, ledger)
    if (long !== null && long.stuck.length > 0) return standing(simulation, long, options, ledger ?? null)
  }
  const threads = [...simulation.machine.tasks.values()].filter(({ ended }) => !ended).map(({ id }) => id)
  const message = `the run is not over after ${options.maxSteps} steps; still going: ${threads.join(', ')}`
  const waiting = whoWaits(simulation, options.lineOf)
  const failure: Failure = { kind: 'step limit', name: 'step limit', message, threads, waiting, stuck: [] }
  return { ending: 'step limit', failure }
}
