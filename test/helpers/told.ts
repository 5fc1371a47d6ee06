import { type Story, type StoryOptions, tellStory } from '../../explore/index.ts'
import { boot, type Scenario } from '../../kernel/index.ts'
import { type Choice, type Decider, MAX_STEPS, random, replay, run } from '../../scheduler/index.ts'
import { type RecordOptions, record, type Trace, withChoices } from '../../trace/index.ts'

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

/** The first of so many random runs that fails, if one does. */
export function firstFailing(scenario: Scenario, seed: string, runs: number): Trace | null {
  const by = withChoices(random(seed))
  const simulation = boot(scenario, { door: by.decider })
  for (let index = 0; index < runs; index++) {
    simulation.start()
    by.decider.begin(simulation, index)
    const { failure } = run(simulation, by.decider, { maxSteps: scenario.maxSteps ?? MAX_STEPS })
    if (failure !== null) return recorded(scenario, by.choices)
  }
  return null
}
