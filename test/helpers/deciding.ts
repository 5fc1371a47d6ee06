import {
  boot,
  type Context,
  int32,
  map_anonymous,
  type Program,
  type ProgramSpec,
  type Scenario,
  scenario,
} from 'ipclab/kernel'
import { type Decider, run } from 'ipclab/scheduler'

export type Given = Context<Record<never, never>, { base: number }, string[]>

type Spec = ProgramSpec<Record<never, never>, { base: number }, string[]>

/** Programs over a page of shared memory, which note what they do. */
export function made(programs: Record<string, ((context: Given) => Program) | Spec>): Scenario {
  return scenario('deciders', {
    ghost: (): string[] => [],
    *setup() {
      return { base: yield* map_anonymous(4096) }
    },
    programs,
    expect: 'holds',
  })
}

/** So many threads that each make so many steps which have nothing to do with each other. */
export function independent(...lengths: number[]): Scenario {
  const programs = lengths.map((length, at) => [
    `T${at}`,
    function* ({ shared }: Given): Program {
      for (let i = 0; i < length; i++) yield* int32(shared.base).store(at, i)
    },
  ])
  return made(Object.fromEntries(programs))
}

/** Who takes the steps of one run, and what the programs noted. */
export function once(one: Scenario, by: Decider): { order: string; ghost: string; clock: number } {
  const simulation = boot(one, { door: by, once: true })
  simulation.start()
  by.begin(simulation, 0)
  const order: string[] = []
  run(simulation, by, { maxSteps: 1000, observers: [({ machine }) => order.push(machine.actor?.id ?? '')] })
  return { order: order.join(' '), ghost: (simulation.ghost as string[]).join(' '), clock: simulation.state.clock }
}
