/**
 * Matchers of vitest's for scenarios: `import 'ipclab/vitest'` in a test, or in a setup file, and
 * `await expect(scenario).toHold()`. What fails is kept beside the test, and tried first from then on.
 */
import { expect } from 'vitest'
import type { Expectation } from '../../kernel/index.ts'
import { fails, holds, isProved, violates } from './claims.ts'
import { type Asking, ask, type HoldOptions } from './matcher.ts'

export type { HoldOptions } from './matcher.ts'

export interface ProveOptions extends HoldOptions {
  /** Be content with all schedules of so many preemptions at most. */
  readonly preemptions?: number
}

/** What `expect(scenario)` offers. Each is a promise, to be awaited. */
export interface ScenarioMatchers {
  /** No schedule that was tried breaks it. */
  toHold(options?: HoldOptions): Promise<void>
  /** No schedule that there is breaks it: every one was tried. */
  toBeProved(options?: ProveOptions): Promise<void>
  /** A schedule is found in which nobody, or a circle of some, can ever go on. */
  toDeadlock(options?: HoldOptions): Promise<void>
  /** A schedule is found that breaks this invariant or assertion. */
  toViolate(name: string, options?: HoldOptions): Promise<void>
  /** A schedule is found that fails: like this, as in a scenario's `expect`, or `'in some way'`. */
  toFail(how?: Expectation | 'in some way', options?: HoldOptions): Promise<void>
}

declare module 'vitest' {
  interface Matchers<T> extends ScenarioMatchers {}
}

expect.extend({
  toHold(received: unknown, options?: HoldOptions) {
    return ask(this as Asking, 'toHold', received, holds, options)
  },
  toBeProved(received: unknown, { preemptions, ...options }: ProveOptions = {}) {
    const strategy = preemptions === undefined ? {} : { strategy: `dfs:preemptions=${preemptions}` }
    return ask(this as Asking, 'toBeProved', received, isProved(preemptions ?? null), { ...strategy, ...options })
  },
  toDeadlock(received: unknown, options?: HoldOptions) {
    return ask(this as Asking, 'toDeadlock', received, fails('deadlock'), options)
  },
  toViolate(received: unknown, name: string, options?: HoldOptions) {
    return ask(this as Asking, 'toViolate', received, violates(name), options)
  },
  toFail(received: unknown, how: Expectation | 'in some way' = 'in some way', options?: HoldOptions) {
    return ask(this as Asking, 'toFail', received, fails(how === 'in some way' ? null : how), options)
  },
})
