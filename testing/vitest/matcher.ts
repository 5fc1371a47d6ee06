import { mkdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { RunnerTestCase } from 'vitest'
import {
  type Exploration,
  type ExploreOptions,
  explore,
  type Found,
  type Story,
  tellStory,
} from '../../explore/index.ts'
import { BadInput, isScenario, type Scenario } from '../../kernel/index.ts'
import { type LoadedScenario, type Trace, type TraceFailure, writeTrace } from '../../trace/index.ts'
import type { Answer, Claim } from './claims.ts'
import { type Keeping, keep, keptAt, type Tried, tryKept } from './kept.ts'
import { limited } from './limit.ts'
import { type Place, placeOf, shownPath } from './place.ts'
import { aboutBreaking, aboutSearch, type Breaking, keptIn, type Question } from './words.ts'

/** What all matchers do: try what is kept, search, and say how what was found meets the claim. */

/** What vitest says of the matcher's call. */
export interface Asking {
  readonly isNot: boolean
  readonly task?: Readonly<RunnerTestCase>
  readonly testPath?: string
}

/** What bounds a search. Without any it is as `explore` has it. */
export type HoldOptions = Pick<
  ExploreOptions,
  'executions' | 'strategy' | 'params' | 'seed' | 'time' | 'maxSteps' | 'wakeOrder' | 'checkDeterminism'
>

export interface Verdict {
  readonly pass: boolean
  readonly message: () => string
}

type Given = Scenario | LoadedScenario

/** @param name the matcher's, for complaints */
export function ask(
  asking: Asking,
  name: string,
  received: unknown,
  claim: Claim,
  options: HoldOptions = {},
): Promise<Verdict> {
  const { task, testPath } = asking
  // Before anything is waited for: matchers are counted in the order in which they are called.
  const place = task === undefined || testPath === undefined ? null : placeOf(task, testPath)
  return answered(asking, name, received, claim, options, place)
}

async function answered(
  { isNot, task }: Asking,
  name: string,
  received: unknown,
  claim: Claim,
  options: HoldOptions,
  place: Place | null,
): Promise<Verdict> {
  const given = scenarioIn(received, name)
  const question = (answer: Answer): Question => ({ scenario: scenarioOf(given), claim, isNot, answer })

  function said(answer: Answer, message: () => string): Verdict {
    const met = answer === (isNot ? 'no' : 'yes')
    if (met) return { pass: !isNot, message: () => '' }
    // What is not known is neither claim's.
    const text = message()
    return { pass: isNot, message: () => text }
  }

  for (const path of place === null ? [] : keptAt(place)) {
    const tried = tryKept(path, given, options)
    const { failure } = tried
    if (failure === null) continue
    const answer = claim.ofFailure(failure)
    return said(answer, () => aboutBreaking(question(answer), ofTried(tried, failure, given, place)))
  }
  const found = await limited(task ?? null, (signal) => explore(given, { ...options, signal }))
  const { failure } = found
  const answer = failure === null ? claim.ofSearch(found) : claim.ofFailure(failure)
  return said(answer, () =>
    failure === null
      ? aboutSearch(question(answer), found)
      : aboutBreaking(question(answer), ofFound(found, failure, given, place)),
  )
}

function scenarioIn(received: unknown, name: string): Given {
  if (isScenario(received)) return received
  const inside = typeof received === 'object' && received !== null && 'scenario' in received ? received.scenario : null
  if (isScenario(inside) && 'files' in (received as object)) return received as LoadedScenario
  const how = "what scenario() has made, or what 'await loadScenarioFile(path)' gives"
  throw new BadInput(
    `${name}() is for a scenario: ${how}; this is ${received === null ? 'null' : `a ${typeof received}`}`,
  )
}

const scenarioOf = (given: Given): Scenario => ('files' in given ? given.scenario : given)

function ofTried(tried: Tried, failure: TraceFailure, given: Given, place: Place | null): Breaking {
  const { trace, schedule, guesses, path } = tried
  const { preemptions, steps } = schedule
  const size = `${steps} step${steps === 1 ? '' : 's'} with ${preemptions} preemption${preemptions === 1 ? '' : 's'}`
  return {
    failure,
    story: storyOf(given, trace),
    params: trace.header.params,
    schedule,
    facts: [`${size}, as kept in ${shownPath(path)}`],
    guesses,
    ...kept(trace, given, place, tried),
  }
}

function ofFound(found: Exploration, failure: Found, given: Given, place: Place | null): Breaking {
  const { trace, story, params, schedule, execution, strategy, message } = failure
  // Behind the headline and what is told already.
  const facts = found.text.split('\n').slice(1 + message.split('\n').length)
  const by = strategy === found.strategy ? strategy : `${found.strategy}: ${strategy}`
  facts.push(`found in run ${execution} (${by})`)
  return { failure, story, params, schedule, facts, guesses: [], ...kept(trace, given, place, null) }
}

/** Where the schedule is kept, and how it is seen again. */
function kept(
  trace: Trace,
  given: Given,
  place: Place | null,
  tried: Tried | null,
): Pick<Breaking, 'keeping' | 'command'> {
  const keeping = place === null ? { why: 'not kept, as no test is running' } : keep(trace, place, tried)
  return { keeping: inWords(keeping, tried), command: commandFor(trace, given, place) }
}

function inWords(keeping: Keeping, tried: Tried | null): string {
  if ('why' in keeping) return keeping.why
  return tried === null ? keptIn(keeping.path) : `${keptIn(keeping.path).replace(', to be', ', which is')}`
}

function storyOf(given: Given, trace: Trace): Story | null {
  const telling = tellStory(given, trace)
  for (;;) {
    const { done, value } = telling.next()
    if (done === true) return value
  }
}

/** A scenario that a file holds is replayed by the command line; one that a test makes, by the test. */
function commandFor(trace: Trace, given: Given, place: Place | null): string {
  if ('files' in given && place !== null) {
    const path = `ipclab-out/${basename(place.folder)}/${place.name}/trace.ndjson`
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeTrace(trace, path)
      return `npx ipclab replay ${path}`
    } catch {
      // A disk that can't be written must not hide what was found: the test shows it again, too.
    }
  }
  return place?.command ?? 'npx vitest run'
}
