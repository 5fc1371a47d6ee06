import { BadInput, type Simulation } from '../kernel/index.ts'
import { indexed, run } from '../scheduler/index.ts'

/**
 * A program may keep nothing between runs and draw no random numbers of its own, or no schedule brings a failure back.
 * To see it, a run is made twice with the same choices, and each step compared.
 */

/** One step in words, so that the place where two runs part can be shown. */
function stepInWords({ machine }: Simulation): string {
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
 * Makes the run of `log` twice more on `simulation` and compares.
 * @throws BadInput that says where the two runs part
 */
export function checkDeterminism(simulation: Simulation, log: readonly number[], maxSteps: number): void {
  const first = again(simulation, log, maxSteps)
  const second = again(simulation, log, maxSteps)
  const length = Math.max(first.length, second.length)
  for (let i = 0; i < length; i++) if (first[i] !== second[i]) throw parted(simulation, i + 1, first[i], second[i])
}

function again(simulation: Simulation, log: readonly number[], maxSteps: number): string[] {
  const steps: string[] = []
  const decider = indexed(log)
  simulation.machine.kernel.door = decider
  simulation.start()
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
      `First: ${one}. Then: ${other}. Keep a program's state inside the program, and use choose() for what is arbitrary`,
  )
}
