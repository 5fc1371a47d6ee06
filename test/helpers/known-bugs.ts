import { readFileSync } from 'node:fs'
import type { AnyValues, Scenario } from '../../kernel/index.ts'
import { bugOf } from './bugs-by-id.ts'

/** The library's known bugs, and what is known of each: test/oracles/explorer/bugs.json, by its id. */

export interface KnownBug {
  readonly id: string
  readonly made: Scenario
  readonly params: AnyValues
  readonly figures: Figures
}

/** Shares of the runs that fail, and what they were taken from. */
export interface Rates {
  readonly random_walk: number
  readonly pct_d1: number
  readonly pct_d2: number
  readonly pct_d3: number
  readonly pos: number
  readonly urw: number
  readonly samples_each: number
  readonly max_steps: number
  readonly random_walk_exact?: number
  readonly interleavings?: number
}

/** Mean schedules to the first bug of the original C program, by others. */
export interface Published {
  readonly surw_artifact_mean_schedules_to_first_bug?: { readonly [strategy: string]: string }
  readonly rff_artifact?: {
    readonly [strategy: string]: {
      readonly found: number
      readonly trials: number
      readonly mean_schedules: number | null
    }
  }
  readonly period_reported_schedules?: number
  readonly maple_alg?: { readonly found: boolean; readonly schedules: number }
}

export interface Figures {
  readonly id: string
  readonly threads: number
  readonly min_preemptions: number | null
  readonly bug_probability_per_schedule_here: Rates
  readonly published: Published | null
  readonly every_schedule_fails?: boolean
}

/** From the root, where tests and benchmarks run: compiled, this file lies elsewhere. */
const figures = JSON.parse(readFileSync('test/oracles/explorer/bugs.json', 'utf8')) as Figures[]

/** All of them, in the order of the figures. */
export const knownBugs: readonly KnownBug[] = figures.map((known) => ({
  id: known.id,
  figures: known,
  ...bugOf(known.id),
}))
