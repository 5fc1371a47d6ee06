import { guarded, isExpected } from '../../explore/index.ts'
import { shrink } from '../../explore/shrink/index.ts'
import { boot, type Machine } from '../../kernel/index.ts'
import {
  type Choice,
  Departure,
  type Failure,
  isPick,
  Ledger,
  type Outcome,
  replay,
  run,
  type Schedule,
  whoWaits,
  witnessed,
} from '../../scheduler/index.ts'
import { type LoadedScenario, lineOf } from '../../trace/index.ts'
import { sourceOf } from '../../trace/names.ts'
import type { Settings } from '../step/place.ts'
import { count } from '../step/report.ts'
import type { Answer } from './answer.ts'

/** Whether a schedule brings about what its scenario expects. */

export interface Grade {
  readonly name: string
  readonly right: boolean
  /** In a sentence without its end. */
  readonly text: string
  /** More to know, a sentence each. */
  readonly notes: readonly string[]
  readonly ending: Outcome['ending'] | 'not followed'
  readonly failure: Failure | null
  /** Of the run; as far as it came, where it can't be followed. */
  readonly steps: number
  readonly preemptions: number
  /** Steps that the schedule itself has. */
  readonly written: number
  readonly choices: readonly Choice[]
}

export interface GradeOptions {
  /** What comes after the schedule's end does not count. */
  readonly exact: boolean
}

/** Plays the answer to the letter; behind its end the running thread goes on, or the first that can. */
export function grade(loaded: LoadedScenario, settings: Settings, answer: Answer, { exact }: GradeOptions): Grade {
  const { expect } = loaded.scenario
  const notes = madeOtherwise(answer, settings)
  const written = answer.choices.filter((choice) => !isPick(choice)).length
  const played = playOut(loaded, settings, answer.choices)
  const { steps, preemptions, choices } = played.schedule
  const common = { name: answer.name, notes, steps, preemptions, written, choices }
  if ('departure' in played) {
    const text = `can't be followed: ${played.departure.message}`
    notes.push(...played.why)
    return { ...common, right: false, text, ending: 'not followed', failure: null, steps: played.departure.step - 1 }
  }
  const { ending, failure } = played.outcome
  const after = `after ${count(steps, 'step')}, ${count(preemptions, 'preemption')}`
  const came = failure === null ? ENDS[ending] : nameOf(failure)
  const base = { ...common, ending, failure }
  if (failure === null) {
    const holds = ending === 'done' && (expect === 'holds' || expect === 'proved')
    const text = holds
      ? `${came} ${after}, as is expected (${expect})`
      : `does not break it: ${came} ${after}, and expected is '${expect}'`
    return { ...base, right: holds, text }
  }
  if (!isExpected(expect, failure)) {
    const text = `does not break it as expected: ${came} ${after}, and expected is '${expect}'`
    return { ...base, right: false, text }
  }
  if (!played.wasUsedUp) notes.push(`the run is over before the schedule is, which has ${count(written, 'step')}`)
  const beyond = steps - written
  if (beyond > 0 && exact) {
    const text = `does not break it by itself: it has ${count(written, 'step')}, and ${came} comes ${after}`
    return { ...base, right: false, text }
  }
  if (beyond > 0) notes.push(`the last ${count(beyond, 'step')} came after its end, where the running thread goes on`)
  return { ...base, right: true, text: `breaks it: ${came} ${after}` }
}

const ENDS: { readonly [ending in Outcome['ending']]: string } = {
  done: 'ends well',
  deadlock: 'deadlock',
  broken: 'breaks',
  'step limit': 'goes on for ever',
  pruned: 'is given up by assume()',
  redundant: 'is given up',
}

function nameOf({ kind, name }: Failure): string {
  if (kind === name) return kind
  return kind === 'uncaught error' ? `uncaught error '${name}'` : `'${name}' violated`
}

type Played = { readonly schedule: Schedule } & (
  | { readonly departure: Departure; readonly why: readonly string[] }
  | { readonly outcome: Outcome; readonly wasUsedUp: boolean }
)

function playOut(
  loaded: LoadedScenario,
  { params, wakeOrder, maxSteps }: Settings,
  choices: readonly Choice[],
): Played {
  let machine: Machine | null = null
  return guarded(
    () => machine,
    () => {
      const reading = replay(choices)
      const decider = witnessed(reading)
      const simulation = boot(loaded.scenario, {
        params,
        wakeOrder,
        door: decider,
        sites: sourceOf(loaded).probe,
        once: true,
      })
      machine = simulation.machine
      simulation.start()
      decider.begin(simulation, 0)
      try {
        const outcome = run(simulation, decider, { maxSteps, lineOf, ledger: new Ledger(simulation) })
        return { schedule: decider.schedule(), outcome, wasUsedUp: reading.over }
      } catch (error) {
        if (!(error instanceof Departure)) throw error
        const waits = whoWaits(simulation).find(({ thread }) => thread === error.expected)
        const why = waits === undefined ? [] : [`${waits.thread} waits there in ${waits.call}(${waits.object})`]
        return { schedule: decider.schedule(), departure: error, why }
      }
    },
  )
}

/** What its maker ran it with, where that is something else. */
function madeOtherwise({ made }: Answer, { params, wakeOrder }: Settings): string[] {
  if (made === null) return []
  const differ = Object.keys(params).filter(
    (name) => made.params[name] !== undefined && made.params[name] !== params[name],
  )
  const said = differ.map((name) => `${name}=${made.params[name]}`)
  if (made.wakeOrder !== wakeOrder) said.push(`wake order ${made.wakeOrder}`)
  if (said.length === 0) return []
  const here = differ.map((name) => `${name}=${params[name]}`)
  if (made.wakeOrder !== wakeOrder) here.push(`wake order ${wakeOrder}`)
  return [`it was made with ${said.join(', ')}, and is graded with ${here.join(', ')}`]
}

/** The shortest schedule that breaks it in the same way, as far as is known. */
export interface Shortest {
  readonly steps: number
  readonly preemptions: number
  readonly choices: readonly Choice[]
  /** There is none shorter. */
  readonly certain: boolean
}

/** Makes the best of the right answers shorter as far as that goes, with the same parameters. `null`: none is right, or there is nothing to break. */
export function shortestOf(
  loaded: LoadedScenario,
  { params, wakeOrder, maxSteps }: Settings,
  grades: readonly Grade[],
): Shortest | null {
  const [best] = grades.filter(({ right, failure }) => right && failure !== null).sort(compare)
  if (best === undefined || best.failure === null) return null
  const { failure, choices } = best
  const fixed = Object.keys(params)
  const found = shrink(loaded.scenario, { params, wakeOrder, maxSteps, choices, failure }, { fixed })
  const { steps, preemptions, fewestPreemptions, fewestSteps } = found
  return { steps, preemptions, choices: found.choices, certain: fewestPreemptions && fewestSteps }
}

type Length = Pick<Grade, 'steps' | 'preemptions'>

/** Fewest preemptions first, then fewest steps. */
export const compare = (a: Length, b: Length): number => a.preemptions - b.preemptions || a.steps - b.steps

/** How a right answer compares with the shortest there is. */
export function comparison(one: Length, shortest: Shortest): string {
  if (compare(one, shortest) <= 0) return shortest.certain ? 'there is no shorter one' : 'no shorter one is known'
  const which = shortest.certain ? 'the shortest' : 'the shortest known'
  return `${which} has ${count(shortest.steps, 'step')}, ${count(shortest.preemptions, 'preemption')}`
}
