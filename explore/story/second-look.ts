import { invariant, type Scenario, type Simulation } from '../../kernel/index.ts'
import { Ledger, type Observer, Recorder } from '../../scheduler/index.ts'
import { type LoadedScenario, type Review, review, type Trace } from '../../trace/index.ts'
import { OrderWatch } from '../findings/order.ts'
import { Timeline } from '../findings/timed/timeline.ts'
import { Periods } from './periods.ts'
import { Urgency } from './urgency.ts'

/** A run made once more for what its trace does not say: who waited, who held and gave what, who was more urgent. */
export interface SecondLook {
  readonly trace: Trace
  readonly review: Review
  readonly periods: Periods
  readonly ledger: Ledger
  readonly urgency: Urgency
  readonly order: OrderWatch
  /** Who did what when, where a policy kept the time. */
  readonly timeline: Timeline | null
  /** Stands behind the run's last step. */
  readonly simulation: Simulation
}

/** @param onStep told of the machine before its first step, and after each */
export function lookAgain(
  given: LoadedScenario | Scenario,
  trace: Trace,
  onStep: (simulation: Simulation) => void = () => {},
): SecondLook {
  const watchers: Omit<SecondLook, 'trace' | 'review' | 'periods' | 'timeline'>[] = []
  const recorder = trace.header.machine === undefined ? null : new Recorder()
  const watch = (simulation: Simulation): Observer => {
    const ledger = new Ledger(simulation)
    const urgency = new Urgency(simulation, ledger)
    const order = new OrderWatch(simulation)
    watchers.push({ ledger, urgency, order, simulation })
    onStep(simulation)
    return () => {
      ledger.observe()
      urgency.observe()
      order.observe()
      onStep(simulation)
    }
  }
  const seen = review(trace, given, watch, recorder)
  const [watcher] = watchers
  invariant(watcher !== undefined, 'a review asks who else watches')
  recorder?.close()
  const timeline = recorder === null ? null : new Timeline(trace, recorder.stretches)
  return { trace, review: seen, periods: new Periods(seen.waits), timeline, ...watcher }
}
