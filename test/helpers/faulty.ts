import { boot, type Faults, int32, type Program, type Scenario, type Simulation } from 'ipclab/kernel'
import { choiceOf, choicesOf, optionOf } from 'ipclab/scheduler'
import { expect } from 'vitest'
import { type Body, type Given, made } from './explored.ts'

/** Scenarios in which things may go wrong, and runs of them by hand. */

const door = { pick: () => 0 }

type Programs = Record<string, (given: Given) => Program<unknown>>

export const faulty = (faults: Faults, programs: Programs, rest: Partial<Body> = {}): Scenario =>
  made(programs, { ...rest, faults })

/** A program of so many steps that nobody else takes part in. */
export const stores = (count: number, at = 0) =>
  function* ({ shared }: Given): Program {
    for (let i = 0; i < count; i++) yield* int32(shared.base).store(at, i)
  }

export function started(one: Scenario): Simulation {
  const simulation = boot(one, { door })
  simulation.start()
  return simulation
}

/** Makes the choices, which must be possible, and says what can happen then. */
export function took(simulation: Simulation, ...choices: string[]): string[] {
  const { machine } = simulation
  for (const choice of choices) {
    const option = optionOf(machine, choice)
    expect(option, `${choice} is among ${choicesOf(machine)}`).toBeGreaterThanOrEqual(0)
    expect(choiceOf(machine, option)).toBe(choice)
    machine.step(option)
  }
  return choicesOf(machine)
}
