import { boot, copy, type KernelState, type Scenario, type Simulation, type Transact } from 'ipclab/kernel'
import { type Decider, random } from 'ipclab/scheduler'

/** One run of a scenario under random decisions, step by step, as it can be compared with another. */
export class Stepper {
  readonly simulation: Simulation
  readonly #seed: string
  #decider: Decider

  constructor(scenario: Scenario, seed: string, transact: Transact | null, once = true) {
    this.#seed = seed
    this.#decider = random(seed)
    this.simulation = boot(scenario, { door: this.#decider, transact, once })
    this.start()
  }

  start(): void {
    this.#decider = random(this.#seed)
    this.simulation.machine.kernel.door = this.#decider
    this.simulation.start()
    this.#decider.begin(this.simulation, 0)
  }

  get state(): KernelState {
    return this.simulation.state
  }

  /** What happened in the next step; `null` when there is none. */
  step(): unknown {
    const { machine } = this.simulation
    if (machine.options === 0 || machine.trouble !== null || machine.steps >= 300) return null
    machine.step(this.#decider.next(machine))
    const { kernel, actor, call, callArgs, kind, outcome, logged } = machine
    return copy({
      actor: actor?.id,
      call: call?.def.name,
      args: callArgs,
      kind,
      outcome,
      logged,
      touched: kernel.footprint.touches(),
      woken: kernel.woken,
    })
  }
}
