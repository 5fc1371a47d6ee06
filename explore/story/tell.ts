import type { Id, Scenario, Simulation } from '../../kernel/index.ts'
import { type Choice, isPick, type Ledger, LivelockWatch, threadOfChoice } from '../../scheduler/index.ts'
import { type LoadedScenario, placesOf, shortCall, type Trace } from '../../trace/index.ts'
import { findingsOf } from '../findings/findings.ts'
import { circlesOf } from './circle.ts'
import { BUDGET, lastChance, type Parting, type SearchBudget } from './last-chance.ts'
import { otherRuns } from './other-runs.ts'
import { lookAgain } from './second-look.ts'
import type { LastChance, Story, StoryWait } from './story.ts'
import { waitsOf } from './waits.ts'
import { writesBehind } from './writes.ts'

export interface StoryOptions {
  /** For the search for the last chance. */
  readonly budget?: SearchBudget
}

/**
 * Tells the story of a failing run: `null` of one that did not fail. The run is made once more, and others beside it;
 * yields between runs, so that whoever asks can stop or show progress.
 * @param given the scenario that the trace was recorded from
 */
export function* tellStory(
  given: LoadedScenario | Scenario,
  trace: Trace,
  { budget = BUDGET }: StoryOptions = {},
): Generator<void, Story | null> {
  const { failure } = trace.verdict
  if (failure === null) return null
  const scenario = 'file' in given ? given.scenario : given
  // A run that is not over could end well from wherever it stands, or nobody knows; and a race is not the schedule's.
  const prospect = ['step limit', 'data race'].includes(failure.kind)
    ? null
    : yield* lastChance(scenario, trace, budget)
  const parting = prospect !== null && 'parting' in prospect ? prospect.parting : null
  const others: Ledger[] = failure.waiting.length === 0 ? [] : yield* otherRuns(given, trace, parting?.good ?? null)
  const calls = new CallsAt(parting)
  const rounds = failure.kind === 'step limit' ? new LivelockWatch(trace.header.maxSteps) : null
  const look = lookAgain(given, trace, (simulation) => {
    calls.note(simulation)
    rounds?.observe(simulation)
  })
  const waits = waitsOf(look, others)
  const circles = circlesOf(waits)
  return {
    kind: failure.kind,
    name: failure.name,
    waits,
    circle: circles[0] ?? [],
    circles,
    ended: endedOf(waits, look.simulation),
    writes: writesBehind(look),
    lastChance: parting === null ? null : calls.chance(parting),
    hopeless: prospect !== null && 'hopeless' in prospect ? prospect.hopeless : null,
    livelock: rounds?.result() ?? null,
    findings: findingsOf(look),
  }
}

const endedOf = (waits: readonly StoryWait[], { machine }: Simulation): Id[] => {
  const ids = new Set(waits.flatMap(({ waitsFor }) => waitsFor))
  return [...ids].filter((id) => machine.tasks.get(id)?.ended !== false)
}

/** A call that a thread stands before, and the line on which it is made. */
interface Standing {
  readonly call: string
  readonly line: string | null
}

/** What the two threads stood before between which the last chance lies. */
class CallsAt {
  readonly #parting: Parting | null
  readonly #standing = new Map<Choice, Standing>()

  constructor(parting: Parting | null) {
    this.#parting = parting
  }

  /** Before each step of the failing run. */
  note({ machine, state }: Simulation): void {
    const parting = this.#parting
    if (parting === null || machine.steps !== parting.step - 1) return
    for (const choice of [parting.took, parting.instead]) {
      const id = isPick(choice) ? null : threadOfChoice(choice)
      const task = id === null ? undefined : machine.tasks.get(id)
      const thread = task === undefined ? undefined : machine.thread(task)
      if (task?.pending === null || task === undefined || thread === undefined || thread.call === null) continue
      const { name, args } = thread.call
      this.#standing.set(choice, {
        call: shortCall(name, args, placesOf(args, thread.process, state)),
        line: task.pending.site,
      })
    }
  }

  chance({ step, took, instead, certain, runs }: Parting): LastChance {
    const [was, would] = [this.#standing.get(took), this.#standing.get(instead)]
    return {
      step,
      took,
      tookCall: was?.call ?? null,
      tookLine: was?.line ?? null,
      instead,
      call: would?.call ?? null,
      line: would?.line ?? null,
      certain,
      runs,
    }
  }
}
