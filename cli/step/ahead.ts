import { explore } from '../../explore/index.ts'
import { boot } from '../../kernel/index.ts'
import { type Choice, type Decider, dfs, isPick, numbers, prefixed, run } from '../../scheduler/index.ts'
import { withChoices } from '../../trace/index.ts'
import type { Session } from './session.ts'

/** What can still become of a run: does some way on go wrong, does some way on end well? */

export interface Ahead {
  readonly wrong: Prospect
  readonly well: Prospect
}

export interface Prospect {
  /** `unknown`: no such way was met, and not every one was tried. */
  readonly answer: 'yes' | 'no' | 'unknown'
  /** Runs made to find out. */
  readonly runs: number
  /** A way there from here, where there is one. */
  readonly way: Way | null
}

export interface Way {
  readonly choices: readonly Choice[]
  readonly steps: number
  /** `deadlock`; `invariant: both count`; `done`. */
  readonly ending: string
}

export interface AheadOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (runs: number) => void
}

/** Runs, each way. */
const RUNS = 4_000
const SECONDS = 4
const STEPS = 400_000
/** Random runs before all are tried in turn. */
const RANDOM = 200
const RUNS_PER_TURN = 100

export async function lookAhead(session: Session, options: AheadOptions = {}): Promise<Ahead> {
  const wrong = await goesWrong(session, options)
  const well = await endsWell(session, options, wrong.runs)
  return { wrong, well }
}

async function goesWrong(session: Session, { signal, onProgress }: AheadOptions): Promise<Prospect> {
  const { loaded, settings, choices } = session
  const found = await explore(loaded, {
    ...settings,
    prefix: choices,
    executions: RUNS,
    time: SECONDS,
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ executions }) => onProgress?.(executions),
  })
  const { failure, executions, schedules, verdict } = found
  if (failure === null)
    return { answer: verdict === 'proved' ? 'no' : 'unknown', runs: schedules ?? executions, way: null }
  const { kind, name, schedule } = failure
  const ending = kind === name ? kind : `${kind}: ${name}`
  return { answer: 'yes', runs: executions, way: wayTo(schedule.choices.slice(choices.length), ending) }
}

/** Looks for a run that ends well: at random, then through all of them. Nothing strikes from outside. */
async function endsWell(session: Session, { signal, onProgress }: AheadOptions, before: number): Promise<Prospect> {
  const { loaded, settings, choices } = session
  const { params, wakeOrder, maxSteps } = settings
  const simulation = boot(loaded.scenario, { params, wakeOrder, door: { pick: () => 0 } })
  const { machine } = simulation
  let runs = 0
  let steps = 0
  for (const inner of [fair(), dfs({ faults: false })]) {
    const by = withChoices(prefixed(choices, inner))
    const runsMax = inner.name === 'fair' ? RANDOM : RUNS
    for (let index = 0; index < runsMax && steps < STEPS; index++) {
      if (runs % RUNS_PER_TURN === 0) {
        onProgress?.(before + runs)
        await new Promise((resolve) => setImmediate(resolve))
        if (signal?.aborted === true) return { answer: 'unknown', runs, way: null }
      }
      machine.kernel.door = by.decider
      simulation.start()
      if (!by.decider.begin(simulation, index)) return { answer: 'no', runs: index, way: null }
      const { ending } = run(simulation, by.decider, { maxSteps })
      runs += 1
      steps += machine.steps
      if (ending === 'done') return { answer: 'yes', runs, way: wayTo(by.choices.slice(choices.length), 'done') }
    }
  }
  return { answer: 'unknown', runs, way: null }
}

/** Every option that is no fault is equally likely. */
function fair(): Decider {
  const stream = numbers('ahead')
  return {
    name: 'fair',
    keepsTime: false,
    complete: false,
    begin: () => true,
    next: ({ ordinary }) => stream.below(ordinary),
    pick: (_kind, _thread, count) => stream.below(count),
  }
}

const wayTo = (choices: readonly Choice[], ending: string): Way => ({
  choices,
  steps: choices.filter((choice) => !isPick(choice)).length,
  ending,
})

/** The answers in words, each under its question. */
export function aheadLines({ wrong, well }: Ahead, ways: { readonly wrong: string; readonly well: string }): string[] {
  return [
    'can this still go wrong?',
    `  ${answer(wrong, 'every way on from here ends well', ways.wrong)}`,
    'can this still end well?',
    `  ${answer(well, 'it is too late', ways.well)}`,
  ]
}

/** @param hint how to get to see the way */
function answer({ answer, runs, way }: Prospect, no: string, hint: string): string {
  const tried = `${runs} run${runs === 1 ? '' : 's'}`
  if (way !== null) return `yes: ${way.ending} in ${way.steps} more step${way.steps === 1 ? '' : 's'}; ${hint}`
  if (answer === 'unknown') return `no such way was met in ${tried}; there may be others`
  return `no: ${no} (${runs === 1 ? 'the only way on was' : `all ${runs} ways on were`} tried)`
}
