import { bugs } from './bugs.ts'
import { explorer } from './explorer.ts'
import { litmus } from './litmus.ts'
import { lpc } from './lpc.ts'
import { machFamily } from './mach.ts'
import { posix } from './posix.ts'
import type { Family } from './runner.ts'
import { schedulers } from './schedulers.ts'

/** The families of recorded cases, by name. A family plays none but its own cases. */
export const families: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['bugs', bugs],
  ['explorer', explorer as Family],
  ['litmus', litmus as Family],
  ['lpc', lpc as Family],
  ['mach', machFamily as Family],
  ['posix', posix as Family],
  ['schedulers', schedulers as Family],
])
