/** The machine: state, processes and threads, calls and stages, memory, signals, time; `scenario` and `boot`. */
export * from './access.ts'
export * from './anonymous.ts'
export * from './boot.ts'
export * from './call.ts'
export * from './clock.ts'
export * from './contents.ts'
export * from './copies.ts'
export * from './descriptors.ts'
export * from './drive.ts'
export * from './errors.ts'
export * from './exit.ts'
export { FAULTS, type Fault } from './faults.ts'
export * from './footprint.ts'
export * from './futex.ts'
export { copy, Journal } from './journal.ts'
export * from './kernel.ts'
export * from './local.ts'
export { Looks, textOf } from './looks.ts'
export { Machine } from './machine.ts'
export * from './memory.ts'
export * from './objects.ts'
export * from './paging.ts'
export * from './pids.ts'
export * from './process.ts'
export type { MachineOptions, Trouble } from './programs.ts'
export {
  finish,
  finishWithError,
  firstSleeper,
  leaveQueue,
  listSleepers,
  requeue,
  sleep as sleepOn,
  sleepers,
  wake,
  wakeAll,
  wakeOne,
} from './queue.ts'
export * from './ready.ts'
export * from './scenario.ts'
export * from './sched.ts'
export { fault, raise, sendSignal } from './signal.ts'
export * from './state.ts'
export { RUNDOWN, registerSubsystem, type Subsystem } from './subsystems.ts'
export type { Traffic } from './traffic.ts'
export type { Finished, StepKind, Transact } from './turns.ts'
export * from './view.ts'
export * from './wait.ts'
