/**
 * ipclab: the machine, its schedulers, the explorer, and traces. The systems' own calls have faces of their own:
 * `ipclab/posix`, `ipclab/mach`, `ipclab/lpc`, `ipclab/message`, `ipclab/atomics`.
 */
export * from './explore/index.ts'
// Both kernel and scheduler have an Outcome: of an attempt at a call, and of a run.
export type { Outcome } from './kernel/index.ts'
export * from './kernel/index.ts'
export type { Outcome as RunOutcome } from './scheduler/index.ts'
export * from './scheduler/index.ts'
export * from './trace/index.ts'
