/** Deciders: exploring strategies and scheduling policies; schedules as lists of choices; one run from start to end. */
export { type Access, DataRaces, type Race, type RaceReport } from './checks/data-race.ts'
export { type Inversion, type Lock, LockOrder, type Nesting } from './checks/lock-order.ts'
export { inversionInWords, inversionKey, placeInWords, raceInWords, raceKey } from './checks/words.ts'
export * from './choice.ts'
export { type Decider, type Learned, together } from './decider.ts'
export {
  COSTS,
  type Cost,
  type CostModel,
  type CostName,
  type Costs,
  costs,
  isCoarse,
  readCosts,
  unit,
  zero,
} from './dispatcher/costs.ts'
export { Dispatcher } from './dispatcher/dispatcher.ts'
export { Entity } from './dispatcher/entity.ts'
export { Histogram } from './dispatcher/histogram.ts'
export {
  type CpuMeasures,
  jain,
  type Measures,
  measuresOf,
  type ProcessMeasures,
  type TotalMeasures,
} from './dispatcher/measures.ts'
export type { QueueMeasures } from './dispatcher/messages.ts'
export type { Coming, Policy, RunQueue } from './dispatcher/policy.ts'
export type { Layout } from './dispatcher/queues.ts'
export { Recorder, type Stretch } from './dispatcher/recorder.ts'
export { CPUS_MAX, type DispatcherOptions, type DispatcherSettings } from './dispatcher/settings.ts'
export { PUBLISHED, type Published, X86_64, x86 } from './dispatcher/x86-64.ts'
export { decider, deciders, dispatcher, type OnMachine } from './named.ts'
export { exponential, type Numbers, numbers } from './numbers.ts'
export { cfs } from './policies/cfs.ts'
export { edf } from './policies/edf.ts'
export { eevdf } from './policies/eevdf.ts'
export { fifo } from './policies/fifo.ts'
export { lottery } from './policies/lottery.ts'
export { type MlfqOptions, mlfq } from './policies/mlfq.ts'
export { policies, policyNamed, readTime } from './policies/named.ts'
export { type LockProtocol, priority } from './policies/priority.ts'
export { rateMonotonic } from './policies/rate-monotonic.ts'
export { rr } from './policies/rr.ts'
export { sjf } from './policies/sjf.ts'
export { srtf } from './policies/srtf.ts'
export { stride } from './policies/stride.ts'
export * from './run.ts'
export { type Dfs, type DfsOptions, type DfsPart, dfs, partAfter } from './strategies/dfs.ts'
export { boundedDpor } from './strategies/dpor/bounded.ts'
export { dpor } from './strategies/dpor/dpor.ts'
export { type Guess, type Guided, guided, type ScheduledStep } from './strategies/guided.ts'
export { indexed, type Logged, logged, type Schedule, type Witnessed, witnessed } from './strategies/indexed.ts'
export { pct } from './strategies/pct.ts'
export { pos } from './strategies/pos.ts'
export { prefixed } from './strategies/prefixed.ts'
export { random } from './strategies/random.ts'
export { Departure, type Replay, replay } from './strategies/replay.ts'
export { surw, urw } from './strategies/surw.ts'
export { byTurns } from './strategies/turns.ts'
export { type Standstill, standstill } from './waiting/circle.ts'
export { type Holding, Ledger, type LostSignal, type Mark } from './waiting/ledger.ts'
export { findLivelock, type Livelock, LivelockWatch, type Mover, roundsInWords } from './waiting/livelock.ts'
export { type Waiting, whoWaits } from './waiting/waits.ts'
