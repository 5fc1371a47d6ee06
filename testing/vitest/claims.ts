import { type Exploration, expectationOf } from '../../explore/index.ts'
import type { Expectation } from '../../kernel/index.ts'
import type { Failure } from '../../scheduler/index.ts'

/** What a matcher claims of a scenario, and whether a search says so. */

export type Answer =
  | 'yes'
  | 'no'
  /** Neither that it is so, nor that it is not. */
  | 'open'

export interface Claim {
  /** Goes on from 'expected … to'. */
  readonly words: string
  /** How it is taken up again: 'and it does', 'and it is not'. */
  readonly verb: 'does' | 'is'
  /** What a failing run says of the claim. */
  ofFailure(failure: Pick<Failure, 'kind' | 'name'>): Answer
  /** What a search says in which no run failed. */
  ofSearch(found: Exploration): Answer
}

export const holds: Claim = {
  words: 'hold in every schedule',
  verb: 'does',
  ofFailure: () => 'no',
  ofSearch: ({ verdict, neverReached }) => (verdict === 'inconclusive' || neverReached.length > 0 ? 'open' : 'yes'),
}

/** @param preemptions proved for schedules with so many at most; `null`: for all */
export const isProved = (preemptions: number | null): Claim => ({
  words:
    preemptions === null ? 'be proved' : `be proved up to ${preemptions} preemption${preemptions === 1 ? '' : 's'}`,
  verb: 'is',
  ofFailure: () => 'no',
  ofSearch({ verdict, bound, neverReached }) {
    const enough =
      verdict === 'proved' || (verdict === 'bounded' && preemptions !== null && (bound ?? -1) >= preemptions)
    return enough && neverReached.length === 0 ? 'yes' : 'open'
  },
})

const notFound = ({ verdict }: Exploration): Answer => (verdict === 'inconclusive' ? 'open' : 'no')

/** @param name as a scenario's `expect` names it; `null`: whatever it is */
export const fails = (name: Expectation | null): Claim => ({
  words: name === null ? 'fail' : inWords(name),
  verb: 'does',
  // A search ends with the first failure: whether the other one would have come is not known.
  ofFailure: (failure) => (name === null || expectationOf(failure) === name ? 'yes' : 'open'),
  ofSearch: notFound,
})

/** @param name of an invariant or an assertion */
export const violates = (name: string): Claim => fails(`violates: ${name}`)

function inWords(name: Expectation): string {
  if (name === 'deadlock') return 'deadlock'
  if (name.startsWith('violates: ')) return `violate '${name.slice('violates: '.length)}'`
  if (name.startsWith('error: ')) return `fail with ${name.slice('error: '.length)}`
  return name === 'step limit' ? 'run on to the step limit' : `fail (${name})`
}
