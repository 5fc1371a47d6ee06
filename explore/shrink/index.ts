/** Shrinking: the smallest run that fails in the same way. */
export { type ShrinkFrom, type ShrinkOptions, type Shrunk, shrink, shrinking } from './shrink.ts'
