import { boot, type Scenario } from 'ipclab/kernel'
import { type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import type { Params } from './explorer-programs.ts'
import { programOf } from './explorer-scenario.ts'
import { type Fields, object, text, whole } from './fields.ts'
import { type Family, type Recorded, type RecordedStep, type Session, Unplayable } from './runner.ts'

/** Programs whose schedules others have counted: test/oracles/explorer/README.md. */

interface Pair extends Recorded {
  readonly program: string
  readonly params: Params
}

/** Runs by how they end, in the recording's words. */
type Counts = Record<'mazurkiewicz_traces' | 'deadlocked_traces' | 'assume_blocked' | 'max_events', number>

/** More interleavings than this are not made one by one. */
const INTERLEAVINGS_MAX = 1_000_000

/** A run of more steps has no end. */
const STEPS_MAX = 100_000

/** Runs from one word on progress to the next. */
const OFTEN = 50_000

export const explorer: Family<Pair> = {
  read(one) {
    const recorded = object(one, 'a case')
    const program = text(recorded.program, 'program')
    const params = text(recorded.params, `params of ${program}`)
    const id = `${program} ${params}`
    return { id, part: program, program, params: readParams(id, params), steps: readSteps(id, recorded), end: null }
  },

  leftOut({ steps }, runsMax) {
    const runs = steps.reduce((most, { expected }) => Math.max(most, runsOf(expected as Fields)), 0) // of readSteps
    if (steps.length === 0) return 'no number of traces was recorded, and there are too many interleavings'
    return runs > runsMax ? `${runs} runs are more than --most ${runsMax}` : null
  },

  begin: (pair, tell) => new Counting(pair, tell),
}

/** `N=2,K=1` */
function readParams(id: string, words: string): Params {
  const params: Record<string, number> = {}
  for (const word of words.split(',')) {
    const [, name, digits] = /^\s*(\w+)=(\d+)\s*$/.exec(word) ?? []
    if (name === undefined) throw new Error(`${id}: '${word}' is no NAME=NUMBER`)
    params[name] = Number(digits)
  }
  return params
}

/** What was counted: of traces all that was recorded, and the interleavings where they are few enough. */
function readSteps(id: string, recorded: Fields): RecordedStep[] {
  const counted = (names: readonly string[]): Fields => {
    const known = names.filter((name) => recorded[name] !== undefined)
    return Object.fromEntries(known.map((name) => [name, whole(recorded[name], `${id}: ${name}`)]))
  }
  const traces = counted(['mazurkiewicz_traces', 'deadlocked_traces', 'assume_blocked', 'max_events'])
  const schedules = counted(['interleavings'])
  const steps: RecordedStep[] = []
  if (traces.mazurkiewicz_traces !== undefined) steps.push({ op: 'dpor', args: {}, expected: traces })
  if (runsOf(schedules) < INTERLEAVINGS_MAX && schedules.interleavings !== undefined)
    steps.push({ op: 'dfs', args: {}, expected: schedules })
  return steps
}

/** How many runs that makes. */
const runsOf = ({ mazurkiewicz_traces = 0, assume_blocked = 0, interleavings = 0 }: Fields): number =>
  Number(mazurkiewicz_traces) + Number(assume_blocked) + Number(interleavings)

class Counting implements Session {
  readonly #pair: Pair
  readonly #tell: (progress: string) => void

  constructor(pair: Pair, tell: (progress: string) => void = () => {}) {
    this.#pair = pair
    this.#tell = tell
  }

  perform(at: number): Fields {
    const { program, params, steps } = this.#pair
    const { op, expected } = steps[at] as RecordedStep // it is asked for the steps that there are
    const recorded = expected as Fields // of readSteps
    const scenario = programOf(program, params)
    const runsMax = recorded.assume_blocked === undefined && op === 'dpor' ? Infinity : runsOf(recorded)
    const counts = this.#count(scenario, op === 'dpor' ? dpor() : everySchedule(), runsMax)
    const { mazurkiewicz_traces, assume_blocked } = counts
    const all: Fields = op === 'dpor' ? { ...counts } : { interleavings: mazurkiewicz_traces + assume_blocked }
    return Object.fromEntries(Object.keys(recorded).map((name) => [name, all[name]]))
  }

  end(): null {
    return null
  }

  /** Makes all runs, or one more than there should be. */
  #count(scenario: Scenario, decider: Decider, runsMax: number): Counts {
    const simulation = boot(scenario, { door: decider })
    const counts: Counts = { mazurkiewicz_traces: 0, deadlocked_traces: 0, assume_blocked: 0, max_events: 0 }
    for (let index = 0; index <= runsMax; index++) {
      simulation.start()
      if (!decider.begin(simulation, index)) break
      const { ending, failure } = run(simulation, decider, { maxSteps: STEPS_MAX })
      if (ending === 'redundant' || ending === 'step limit' || ending === 'broken')
        throw new Unplayable(`run ${index + 1} of ${decider.name} is ${ending}: ${failure?.message ?? 'made before'}`)
      if (ending === 'pruned') counts.assume_blocked += 1
      else counts.mazurkiewicz_traces += 1
      if (ending === 'deadlock') counts.deadlocked_traces += 1
      counts.max_events = Math.max(counts.max_events, simulation.machine.steps)
      if ((index + 1) % OFTEN === 0) this.#tell(`${index + 1} of ${runsMax} runs of ${decider.name}`)
    }
    return counts
  }
}

/** Depth first, with what `assume` gives up made to its end, as those who counted did. */
const everySchedule = (): Decider => Object.create(dfs(), { needsEnds: { value: true } }) as Decider
