import { posix } from './posix.ts'
import type { Family } from './runner.ts'

/** The families of recorded cases, by name. */
export const families: ReadonlyMap<string, Family> = new Map<string, Family>([['posix', posix as Family]])
