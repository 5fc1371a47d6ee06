/** Arbitraries of fast-check's: schedules, programs, and commands to a kernel driven by hand. */

export { outcomeInWord } from './by-hand.ts'
export * from './commands.ts'
export * from './programs.ts'
export { type Followed, follow, type ScheduleData, type ScheduleOptions, schedules } from './schedules.ts'
export type { Staging } from './stage.ts'
export type { Discipline, Step } from './well-formed.ts'
