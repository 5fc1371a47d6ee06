import type { Expectation } from '../kernel/index.ts'
import type { Failure } from '../scheduler/index.ts'

/** A failure as a scenario's `expect` names it: `deadlock`, `violates: NAME`, `error: CODE`, `step limit`. */
export function nameOf({ kind, name }: Pick<Failure, 'kind' | 'name'>): Expectation {
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
