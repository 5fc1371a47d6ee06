import { readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { BadInput, boot } from '../../kernel/index.ts'
import { type Choice, type Guess, guided, run, type ScheduledStep, witnessed } from '../../scheduler/index.ts'
import { findScenario, type LoadedScenario, loadScenarioFile, readTrace } from '../../trace/index.ts'
import { EXTENSIONS } from '../../trace/scenario-file/sources.ts'
import { type KeptSchedule, keptOf, readKept } from '../../trace/schedule-file.ts'
import { loadNamed } from '../scenario.ts'
import type { Settings } from './place.ts'
import { Session } from './session.ts'

/** What `step` is given: a scenario to begin, or a run to go on with, as a trace or as a kept schedule. */

export interface Opened {
  readonly session: Session
  /** What there is to say of how it was opened. */
  readonly notes: readonly string[]
}

export interface OpenOptions {
  readonly wished: Partial<Settings>
  /** The scenario's file, where it is not found by the name in a trace or schedule. */
  readonly scenario?: string | undefined
}

/** @throws BadInput */
export async function open(named: string, { wished, scenario }: OpenOptions): Promise<Opened> {
  const kept = keptIn(named)
  if (kept === null) {
    if (scenario !== undefined)
      throw new BadInput('--scenario says which scenario a trace or schedule is of; here it is named itself')
    return { session: new Session(await loadNamed(named), wished), notes: [] }
  }
  if (Object.keys(wished).length > 0)
    throw new BadInput(
      `${named} says itself what its run was made with; --set, --wake-order and --max-steps are for scenarios`,
    )
  const loaded = await loadScenarioFile(scenario ?? scenarioOf(kept, named))
  return followed(loaded, kept)
}

function scenarioOf({ scenario, title }: KeptSchedule, file: string): string {
  if (scenario !== null) return findScenario(scenario, null, file)
  throw new BadInput(
    `${file} is of '${title}', a scenario that was made by a program and not read from a file; name one with --scenario FILE`,
  )
}

/** The schedule in a trace or a kept schedule; `null` where the name is that of neither. @throws BadInput */
export function keptIn(named: string): KeptSchedule | null {
  if (EXTENSIONS.includes(extname(named))) return null
  const isFile = statSync(named, { throwIfNoEntry: false })?.isFile() === true
  if (!isFile && !/\.(ndjson|jsonl?)$/.test(named)) return null
  return isFile && /^\s*\{\s*"ipclab":\s*"schedule"/.test(beginningOf(named))
    ? readKept(named)
    : keptOf(readTrace(named))
}

const beginningOf = (file: string): string => readFileSync(file, 'utf8').slice(0, 200)

/** Follows the schedule to its end; through a scenario that has changed since, as far as that goes. */
function followed(loaded: LoadedScenario, kept: KeptSchedule): Opened {
  const { params, wakeOrder, maxSteps, steps } = kept
  const settings: Settings = { params, wakeOrder, maxSteps }
  try {
    return {
      session: new Session(
        loaded,
        settings,
        steps.map(({ choice }) => choice),
      ),
      notes: [],
    }
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    const { choices, guesses } = follow(loaded, settings, steps)
    const notes = guesses.map(({ step, text }) => `step ${step}: ${text}`)
    const why =
      'it can not be followed to the letter: the scenario has changed since, or a policy kept the time when it was made'
    return { session: new Session(loaded, settings, choices), notes: [why, ...notes] }
  }
}

function follow(
  loaded: LoadedScenario,
  { params, wakeOrder, maxSteps }: Settings,
  steps: readonly ScheduledStep[],
): { choices: readonly Choice[]; guesses: readonly Guess[] } {
  const guide = guided(steps)
  const by = witnessed(guide)
  const simulation = boot(loaded.scenario, { params, wakeOrder, door: by, once: true })
  simulation.start()
  by.begin(simulation, 0)
  const over = new Error('the schedule is over')
  const next: typeof by.next = (machine) => {
    if (guide.over) throw over
    return by.next(machine)
  }
  try {
    run(simulation, { ...by, next }, { maxSteps })
  } catch (error) {
    if (error !== over) throw error
  }
  return { choices: by.schedule().choices, guesses: guide.guesses }
}
