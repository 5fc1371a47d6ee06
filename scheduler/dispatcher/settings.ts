import { BadInput } from '../../kernel/index.ts'
import type { Costs } from './costs.ts'
import type { Policy } from './policy.ts'
import type { Layout } from './queues.ts'
import type { Recorder } from './recorder.ts'

/** What a dispatcher is made of. */

export interface DispatcherOptions {
  readonly policy: Policy
  /** Default 1. */
  readonly cpus?: number
  /** Default `global`. */
  readonly queues?: Layout
  /** Default `unit`. */
  readonly costs?: Costs
  /** Of what the policy draws and programs `choose`. Default `'1'`. */
  readonly seed?: string
  /** Told of who did what from when to when. */
  readonly recorder?: Recorder | null
}

/** What a dispatcher is made of, as a trace's header says it. */
export interface DispatcherSettings {
  readonly cpus: number
  readonly queues: Layout
  readonly costs: Costs
}

export const CPUS_MAX = 1024

/** @throws BadInput where it is no number of CPUs */
export function accepted(cpus: number): number {
  if (Number.isInteger(cpus) && cpus >= 1 && cpus <= CPUS_MAX) return cpus
  throw new BadInput(`the number of CPUs is a whole number from 1 to ${CPUS_MAX}, not ${cpus}`)
}
