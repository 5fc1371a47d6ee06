import {
  boot,
  type Context,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  type ScenarioBody,
  type Simulation,
  scenario,
  type WakeOrder,
} from 'ipclab/kernel'
import { pthread_mutex_init } from 'ipclab/posix'
import { type Failure, Ledger, readSchedule, replay, run } from 'ipclab/scheduler'

/** Scenarios in which some wait for ever while others go on, and runs of them by a schedule. */

export type Given = Context<Record<never, never>, Shared, unknown>
type Body = ScenarioBody<Record<never, never>, Shared, unknown>
type Programs = { readonly [name: string]: (context: Given) => Program<unknown> }

export interface Shared {
  /** Four mutexes, a condition variable, three semaphores, and a word that nobody waits for. */
  readonly m: readonly number[]
  readonly c: number
  readonly s: readonly number[]
  readonly x: number
}

/** The programs over a page called `table`: its mutexes are 40 bytes apart. */
export function made(programs: Programs, rest: Partial<Body> = {}): Scenario {
  return scenario('some wait for ever', {
    *setup(): Program<Shared> {
      const base = yield* map_anonymous(4096, { name: 'table' })
      const m = [0, 40, 80, 120].map((offset) => base + offset)
      for (const mutex of m) yield* pthread_mutex_init(mutex)
      return { m, c: base + 400, s: [800, 832, 864].map((offset) => base + offset), x: base + 1200 }
    },
    programs,
    expect: 'deadlock',
    maxSteps: 200,
    ...rest,
  })
}

/** Goes on for so many steps, and has to do with nobody. */
export const runsOn = (steps = 1000) =>
  function* ({ shared }: Given): Program {
    for (let i = 0; i < steps; i++) yield* int32(shared.x).store(0, i)
  }

export interface Ended {
  readonly ending: string
  readonly failure: Failure | null
  readonly steps: number
  readonly simulation: Simulation
  readonly ledger: Ledger
}

/** One run by a schedule; behind its end the running thread goes on. */
export function by(
  given: Scenario,
  schedule: string,
  { wakeOrder = 'any', ledger: told = false }: { readonly wakeOrder?: WakeOrder; readonly ledger?: boolean } = {},
): Ended {
  const decider = replay(readSchedule(schedule))
  const simulation = boot(given, { door: decider, wakeOrder, once: true })
  simulation.start()
  decider.begin(simulation, 0)
  const ledger = new Ledger(simulation)
  const maxSteps = given.maxSteps ?? 200
  const watched = told ? { ledger } : { observers: [() => ledger.observe()] }
  const { ending, failure } = run(simulation, decider, { maxSteps, ...watched })
  return { ending, failure, steps: simulation.machine.steps, simulation, ledger }
}
