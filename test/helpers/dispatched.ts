import { type AnyValues, boot, type Scenario, type Simulation } from 'ipclab/kernel'
import {
  Dispatcher,
  type Entity,
  type OnMachine,
  type Policy,
  policyNamed,
  Recorder,
  run,
  zero,
} from 'ipclab/scheduler'

export interface Dispatched {
  readonly dispatcher: Dispatcher
  readonly simulation: Simulation
  readonly recorder: Recorder
  readonly ending: string
}

export interface Wish extends OnMachine {
  readonly seed?: string
  readonly params?: AnyValues
  /** Default: enough. */
  readonly maxSteps?: number
  /** Told after every step. */
  readonly watch?: (dispatcher: Dispatcher, simulation: Simulation) => void
}

/** One run under a policy, where nothing takes time but `compute` unless costs are given. */
export function dispatched(one: Scenario, policy: string | Policy, wish: Wish = {}): Dispatched {
  const { watch, params, maxSteps = 10_000_000, ...on } = wish
  const recorder = new Recorder()
  const named = typeof policy === 'string' ? policyNamed(policy) : policy
  const dispatcher = new Dispatcher({ costs: zero, recorder, ...on, policy: named })
  const simulation = boot(one, {
    ...(params === undefined ? {} : { params }),
    door: dispatcher,
    wakeOrder: one.wakeOrder ?? dispatcher.wakeOrder,
    once: true,
  })
  simulation.start()
  dispatcher.begin(simulation, 0)
  const observers = watch === undefined ? [] : [() => watch(dispatcher, simulation)]
  const { ending } = run(simulation, dispatcher, { maxSteps, observers })
  dispatcher.settleAccounts()
  return { dispatcher, simulation, recorder, ending }
}

/** CPU time that it has had until now, also what it was not charged for yet; where switching costs nothing. */
export const serviceOf = ({ cpuNs, cpu }: Entity, now: number): number =>
  cpuNs + (cpu === null ? 0 : Math.max(0, now - cpu.since))
