import { type Story, type StoryOptions, tellStory } from '../../explore/index.ts'
import type { Scenario } from '../../kernel/index.ts'
import { type Choice, type Decider, decider, replay } from '../../scheduler/index.ts'
import { type RecordOptions, record, type Trace } from '../../trace/index.ts'

/** Runs that fail, and their stories. */

/** The story of a failing run, told to its end. */
export function told(scenario: Scenario, trace: Trace, options: StoryOptions = {}): Story {
  const telling = tellStory(scenario, trace, options)
  for (;;) {
    const { done, value } = telling.next()
    if (done !== true) continue
    if (value === null) throw new Error(`the run did not fail: ${trace.verdict.ending}`)
    return value
  }
}

/** One run, by a schedule or a decider. */
export function recorded(
  scenario: Scenario,
  by: readonly Choice[] | Decider,
  options: Omit<RecordOptions, 'decider'> = {},
): Trace {
  return record(scenario, { ...options, decider: 'length' in by ? replay(by) : by })
}

/** The first failing run of a decider, if one of the first so many fails. */
export function firstFailing(scenario: Scenario, seed: string, runs: number): Trace | null {
  for (let index = 0; index < runs; index++) {
    const trace = recorded(scenario, decider('random', `${seed} ${index}`))
    if (trace.verdict.failure !== null) return trace
  }
  return null
}
