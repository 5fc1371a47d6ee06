import type { Expectation } from '../kernel/index.ts'
import type { Failure } from '../scheduler/index.ts'

/** What a search says at its end. "No bug found" is never said alone: it always says how far the search went. */
export type Verdict =
  /** Every schedule there is was made, and all held. */
  | 'proved'
  /** Every schedule with at most so many preemptions was made, and all held. */
  | 'bounded'
  /** So many schedules were made, and all held. */
  | 'sampled'
  | 'failed'
  /** A budget ran out, or every run was given up, before anything could be said. */
  | 'inconclusive'

/** Whether that is what the scenario expects. */
export type Met = 'as expected' | 'not as expected' | 'inconclusive'

/** Whether a failure is the one that the scenario expects. */
export const isExpected = (expect: Expectation, failure: Pick<Failure, 'kind' | 'name'>): boolean =>
  expect === expectationOf(failure)

/** A failure as a scenario's `expect` names it: `deadlock`, `violates: NAME`, `error: CODE`, `step limit`. */
export function expectationOf({ kind, name }: Pick<Failure, 'kind' | 'name'>): Expectation {
  switch (kind) {
    case 'deadlock':
    case 'data race':
    case 'step limit':
      return kind
    case 'invariant':
    case 'assertion':
      return `violates: ${name}`
    case 'uncaught error':
      return `error: ${name}`
    default:
      return kind satisfies never
  }
}

export function meets(expect: Expectation, verdict: Verdict, failure: Failure | null): Met {
  if (failure !== null) return isExpected(expect, failure) ? 'as expected' : 'not as expected'
  if (verdict === 'inconclusive') return 'inconclusive'
  if (expect === 'holds') return 'as expected'
  if (expect === 'proved') return verdict === 'proved' ? 'as expected' : 'inconclusive'
  return 'not as expected'
}

/** The command line's exit code. */
export const exitCode = (met: Met): 0 | 1 | 3 => (met === 'as expected' ? 0 : met === 'inconclusive' ? 3 : 1)
