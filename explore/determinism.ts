import { BadInput, type Scenario, type Simulation } from '../kernel/index.ts'
import { type Decider, type Failure, run } from '../scheduler/index.ts'

/**
 * A program may keep nothing between runs and draw no random numbers of its own, or no schedule brings a failure back.
 * To see it, a run is made twice with the same choices, and each step compared.
 */

/** One step in words, so that the place where two runs part can be shown. */
export function stepInWords({ machine }: Simulation): string {
  const { actor, call, callArgs, callStage, kind, outcome, kernel, result } = machine
  const args = JSON.stringify(callArgs)
  const value = result instanceof Error ? result.message : inWords(result)
  const touched = `${kernel.footprint.objects.slice(0, kernel.footprint.length).join()}:${kernel.footprint.parts.slice(0, kernel.footprint.length).join()}`
  return `${kind} ${actor?.id} ${call?.def.name}${args} stage ${callStage} -> ${outcome} ${value} on ${touched}`
}

function inWords(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'nothing')
}

/**
 * Makes a run by `again`, which decides as the one before it was decided, and compares it with `first`, the steps of
 * that one.
 * @throws BadInput that says where the two runs part
 */
export function checkDeterminism(
  simulation: Simulation,
  again: Decider,
  first: readonly string[],
  maxSteps: number,
): void {
  const second = stepsOf(simulation, again, maxSteps)
  const length = Math.max(first.length, second.length)
  for (let i = 0; i < length; i++) if (first[i] !== second[i]) throw parted(simulation, i + 1, first[i], second[i])
}

function stepsOf(simulation: Simulation, decider: Decider, maxSteps: number): string[] {
  const steps: string[] = []
  simulation.machine.kernel.door = decider
  simulation.start()
  decider.begin(simulation, 0)
  try {
    run(simulation, decider, { maxSteps, observers: [(after) => steps.push(stepInWords(after))] })
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    steps.push(error.message)
  }
  return steps
}

function parted(simulation: Simulation, step: number, one = 'nothing', other = 'nothing'): BadInput {
  return new BadInput(
    `'${simulation.scenario.title}' is not deterministic: made twice with the same choices, its runs part at step ${step}. ` +
      `First: ${one}. Then: ${other}. ${ADVICE}`,
  )
}

const ADVICE = "Keep a program's state inside the program, and use choose() for what is arbitrary"

/** A run that failed does not fail in the same way when it is made again. */
export function differently({ title }: Scenario, first: Failure, second: Failure | null): BadInput {
  return new BadInput(
    `'${title}' is not deterministic: a run that failed, made again with the same choices, ends another way. ` +
      `First: ${first.message}. Then: ${second?.message ?? 'no failure'}. ${ADVICE}`,
  )
}
