import { expect } from 'vitest'
import { type ShrinkFrom, type ShrinkOptions, type Shrunk, shrink } from '../../explore/shrink/index.ts'
import { type AnyValues, boot, type Scenario } from '../../kernel/index.ts'
import { type Decider, dfs, MAX_STEPS, random, replay, run, witnessed } from '../../scheduler/index.ts'

/** What to shrink, and what the smallest is. */

const maxStepsOf = (made: Scenario): number => made.maxSteps ?? MAX_STEPS

/** The failing runs among so many random ones, one of each kind and name. */
export const failuresOf = (made: Scenario, seed: string, runs: number): ShrinkFrom[] => [
  ...failures(made, seed, runs, {}),
]

function* failures(made: Scenario, seed: string, runs: number, params: AnyValues): Generator<ShrinkFrom> {
  const decider = random(seed)
  const found = new Set<string>()
  const simulation = boot(made, { door: decider, params })
  for (let index = 0; index < runs; index++) {
    const noted = witnessed(decider)
    simulation.machine.kernel.door = noted
    simulation.start()
    noted.begin(simulation, 0)
    const { failure } = run(simulation, noted, { maxSteps: maxStepsOf(made) })
    if (failure === null || failure.kind === 'step limit' || found.has(wayOf(failure))) continue
    const { wakeOrder } = simulation.state
    const { choices } = noted.schedule()
    found.add(wayOf(failure))
    yield { params: simulation.params, wakeOrder, maxSteps: maxStepsOf(made), choices, failure }
  }
}

/** The first of them. */
export function failureOf(made: Scenario, params: AnyValues = {}, seed = 'shrink'): ShrinkFrom {
  const [first] = failures(made, seed, 5_000, params)
  if (first === undefined) throw new Error(`'${made.title}' does not fail`)
  return first
}

export const wayOf = ({ kind, name }: { kind: string; name: string }): string => `${kind}: ${name}`

/** The failure to which the choices lead, made by nothing but a replay. */
export function replayed(made: Scenario, { params, choices, maxSteps }: Shrunk | ShrinkFrom) {
  const decider = witnessed(replay(choices))
  const simulation = boot(made, { door: decider, params, once: true })
  simulation.start()
  decider.begin(simulation, 0)
  const { failure } = run(simulation, decider, { maxSteps })
  return { failure, ...decider.schedule() }
}

export interface Least {
  preemptions: number
  steps: number
}

/** The least of all failing schedules, by the ways in which they fail; `null` when there are too many schedules. */
export function leastOf(made: Scenario, runs: number, params: AnyValues = {}): Map<string, Least> | null {
  const least = new Map<string, Least>()
  const decider = dfs()
  const simulation = boot(made, { door: decider, params })
  for (let index = 0; index < runs; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return least
    const noted = counted(decider)
    simulation.machine.kernel.door = noted
    const { failure } = run(simulation, noted, { maxSteps: maxStepsOf(made) })
    if (failure === null) continue
    const { preemptions } = noted
    const { steps } = simulation.machine
    const known = least.get(wayOf(failure))
    const smaller =
      known === undefined ||
      preemptions < known.preemptions ||
      (preemptions === known.preemptions && steps < known.steps)
    if (smaller) least.set(wayOf(failure), { preemptions, steps })
  }
  return null
}

/** Counts preemptions in its own words: who ran before could go on, and it is another's turn, or a timer's. */
export function counted(inner: Decider): Decider & { preemptions: number } {
  let before: string | null = null
  const counting = {
    name: inner.name,
    keepsTime: false,
    complete: false,
    preemptions: 0,
    begin: () => true,
    next(machine: Parameters<Decider['next']>[0]) {
      const option = inner.next(machine)
      const ready = Array.from({ length: machine.ready.size }, (_, i) => machine.ready.at(i).id)
      const id = ready[option] ?? null
      const couldGoOn = before !== null && ready.includes(before)
      if (option >= machine.ordinary) return option // a fault takes nobody's turn
      if (couldGoOn && id !== before) counting.preemptions += 1
      before = id ?? machine.state.timers[0]?.thread ?? null
      return option
    },
    pick: (...asked: Parameters<Decider['pick']>) => inner.pick(...asked),
  }
  return counting
}

/** What shrinking makes of a failure, once it has been seen that a replay of it fails like that, and that it ends there. */
export function shrunk(one: Scenario, from: ShrinkFrom, options: ShrinkOptions = {}): Shrunk {
  const after = shrink(one, from, options)
  const again = replayed(one, after)
  expect(again.failure).toEqual(after.failure)
  expect(wayOf(after.failure)).toBe(wayOf(from.failure))
  expect(again.choices).toEqual(after.choices)
  expect([again.preemptions, again.steps]).toEqual([after.preemptions, after.steps])

  const { executions: _, lowered: __, ...first } = after
  const { executions: ___, lowered, ...second } = shrink(one, { ...from, ...after }, options)
  expect(second).toEqual(first)
  expect(lowered).toEqual([])
  return after
}
