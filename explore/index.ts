/** The explorer: the loop over schedules, what it finds, and the words for it. */
export type { CallPlace, Coverage, Vacuity } from './coverage/coverage.ts'
export { checkDeterminism } from './determinism.ts'
export * from './explore.ts'
export { guarded, SILENCE_MS_MAX } from './guarded.ts'
export type { Found } from './investigate.ts'
export * from './shrink/index.ts'
export * from './story/index.ts'
export * from './verdict.ts'
