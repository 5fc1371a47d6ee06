import { rmSync } from 'node:fs'
import { assume, BadInput, type Exploration, explore, loadScenarioFile, type Scenario, scenario, yield_ } from 'ipclab'
import { sem_open } from 'ipclab/posix'
import 'ipclab/vitest'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { counting, crossing, spinning } from './scenarios.ts'

// What fails here is meant to, and nothing is to be kept of it.
beforeAll(() => void vi.stubEnv('CI', '1'))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync('ipclab-out/matchers.test.ts', { recursive: true, force: true })
})

/** What a matcher says when it does not match. */
async function saying(work: Promise<void>): Promise<string> {
  const told = await work.then(
    () => null,
    (error: unknown) => (error as Error).message,
  )
  if (told === null) throw new Error('it matches')
  return told
}

const mended = counting(2, { locked: true })

/** Every run is given up. */
const assumed = scenario('assumed', {
  programs: {
    *p() {
      yield* yield_()
      yield* assume(false)
    },
  },
  expect: 'holds',
})

/** Holds, but what should come to pass never does. */
const vacuous = scenario('vacuous', {
  programs: {
    *p() {
      yield* yield_()
    },
  },
  sometimes: { 'somebody waits': () => false },
  expect: 'holds',
})

const thrown = scenario('thrown', {
  programs: {
    *p() {
      yield* sem_open('/none', 0)
    },
  },
  expect: 'holds',
})

const endless = scenario('endless', {
  maxSteps: 20,
  programs: {
    *p() {
      for (;;) yield* yield_()
    },
  },
  expect: 'step limit',
})

test('each matcher matches what it says, and its opposite what it does not', async () => {
  await expect(mended).toHold({ executions: 50 })
  await expect(mended).toBeProved()
  await expect(mended).toBeProved({ preemptions: 1 })
  await expect(counting(3, { locked: true, extra: 3 })).toBeProved({ preemptions: 1, executions: 200 })
  await expect(mended).not.toDeadlock()
  await expect(mended).not.toViolate('none is lost')
  await expect(mended).not.toFail()
  await expect(spinning()).toHold({ strategy: 'random', executions: 50 })
  await expect(counting()).not.toHold()
  await expect(counting()).not.toBeProved()
  await expect(counting()).toViolate('none is lost')
  await expect(counting()).toFail()
  await expect(counting()).toFail('violates: none is lost')
  await expect(crossing()).toDeadlock()
  await expect(crossing()).toDeadlock({ strategy: 'dfs', executions: 10, seed: 2, time: 10 })
  await expect(crossing()).toFail('deadlock')
  await expect(thrown).toFail('error: ENOENT')
  await expect(endless).toFail('step limit')
  await expect(endless).toFail('in some way', { maxSteps: 5 })
  await expect(await loadScenarioFile('scenarios/posix/mutex-first.ts')).toDeadlock()
})

test('what fails is told with its story, its schedule and the command that shows it again', async () => {
  const told = (await saying(expect(crossing()).toHold())).split('\n')
  expect(told[0]).toBe("expected 'crossing' to hold in every schedule, and it does not: deadlock")
  expect(told[1]).toMatch(/^nobody can go on: /)
  const text = told.join('\n')
  expect(text).toMatch(/left waits for ever in sem_wait\(locks\+32\) since step \d \(scenarios.ts:\d+\)/)
  expect(text).toContain('the last chance\n  until step 2 it could still have ended well')
  expect(text).toMatch(
    /^schedule: (left right|right left)\n2 steps with 1 preemption.*\n(.*\n)?found in run \d+ \(.*\)$/m,
  )
  expect(told.at(-2)).toBe('not kept, as CI is set')
  expect(told.at(-1)).toBe(
    'npx vitest run test/testing/matchers.test.ts -t "what fails is told with its story, its schedule and the command that shows it again"',
  )
})

test('a scenario of a file is shown again by the command line', async () => {
  const told = await saying(expect(await loadScenarioFile('scenarios/posix/mutex-first.ts')).toHold())
  expect(told).toContain('\nwith slots=')
  expect(told.split('\n').at(-1)).toBe(
    'npx ipclab replay ipclab-out/matchers.test.ts/a-scenario-of-a-file-is-shown-again-by-the-command-line/trace.ndjson',
  )
})

describe('what does not match says what is so', () => {
  test.each<[string, () => Promise<void>, string]>([
    [
      'a deadlock that is not found',
      () => expect(mended).toDeadlock(),
      "expected 'counting' to deadlock, and it does not\nproved: holds in every schedule (2 runs",
    ],
    [
      'a failure that is not found',
      () => expect(mended).toFail('error: EPERM', { strategy: 'random', executions: 9 }),
      "expected 'counting' to fail with EPERM, and it does not\nsampled: holds in 9 schedules; there may be others",
    ],
    [
      'a violation in the place of a deadlock',
      () => expect(counting()).toDeadlock(),
      "expected 'counting' to deadlock, and that is not known: something else came first, violates: none is lost",
    ],
    [
      'and where none of one kind is wanted: the other is no proof of it',
      () => expect(counting()).not.toDeadlock(),
      "expected 'counting' not to deadlock, and that is not known: something else came first, violates: none is lost",
    ],
    [
      'what holds and should not',
      () => expect(mended).not.toHold(),
      "expected 'counting' not to hold in every schedule, and it does\nproved: ",
    ],
    [
      'what is proved and should not be',
      () => expect(mended).not.toBeProved(),
      "expected 'counting' not to be proved, and it is\nproved: ",
    ],
    [
      'a deadlock that should not be',
      () => expect(crossing()).not.toDeadlock(),
      "expected 'crossing' not to deadlock, and it does: deadlock",
    ],
    [
      'a sample is no proof',
      () => expect(mended).toBeProved({ strategy: 'random', executions: 9 }),
      "expected 'counting' to be proved, and that is not known\nsampled: holds in 9 schedules; there may be others\ngive it more",
    ],
    [
      'nor is it a proof that there is none',
      () => expect(mended).not.toBeProved({ strategy: 'random', executions: 9 }),
      "expected 'counting' not to be proved, and that is not known",
    ],
    [
      'a proof within fewer preemptions than asked for',
      () => expect(counting(3, { locked: true, extra: 3 })).toBeProved({ preemptions: 3, executions: 20 }),
      "expected 'counting' to be proved up to 3 preemptions, and that is not known\nproved up to 0 preemptions",
    ],
    [
      'runs that were all given up',
      () => expect(assumed).toHold(),
      "expected 'assumed' to hold in every schedule, and that is not known\ninconclusive",
    ],
    ['and they do not show the opposite', () => expect(assumed).not.toHold(), 'and that is not known\ninconclusive'],
    ['nor that nothing fails', () => expect(assumed).not.toFail(), 'and that is not known\ninconclusive'],
    [
      'what was to come to pass and never did',
      () => expect(vacuous).toHold(),
      'never reached in any run: somebody waits\nwhat never came to pass was not tried',
    ],
  ])('%s', async (_, work, words) => {
    expect(await saying(work())).toContain(words)
  })
})

test('what is no scenario is told', async () => {
  for (const strange of [3, null, undefined, {}, { scenario: 3 }, 'scenarios/posix/mutex-first.ts'])
    expect(await saying(expect(strange).toHold())).toMatch(/^toHold\(\) is for a scenario: .* this is /)
  expect(await saying(expect(counting()).toHold({ params: { copies: 3 } }))).toContain("has no parameter 'copies'")
  await expect(expect(counting()).toHold({ strategy: 'luck' })).rejects.toThrow(BadInput)
})

test('the search is that of explore: the same options find the same', async () => {
  const options = { strategy: 'random', seed: 'x', executions: 1000 }
  const { failure }: Exploration = await explore(counting(3), options)
  expect(await saying(expect(counting(3)).toHold(options))).toContain(`found in run ${failure?.execution} (random)`)
})

/** A search that has no end within the time of a test. */
const large: Scenario = counting(5, { locked: true, extra: 30 })

test('a search is ended before the time of its test is over', { timeout: 1000 }, async () => {
  expect(await saying(expect(large).toHold({ strategy: 'dfs', executions: 1e9 }))).toMatch(
    /^'counting' did not fail in \d+ runs, and then the test's 1 s were over; ask for fewer \{ executions \}/,
  )
})

test('a search that was given a time ends with it, and holds as far as it came', { timeout: 5000 }, async () => {
  await expect(large).toHold({ strategy: 'dfs', executions: 1e9, time: 0.3 })
})
