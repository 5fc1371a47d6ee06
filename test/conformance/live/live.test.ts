import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { numbers } from '../../../scheduler/numbers.ts'
import { inWords } from '../runner.ts'
import { compare } from './compare.ts'
import { familyNames, randomProgram } from './programs.ts'
import { NoRecorder, Recorder } from './recorder.ts'

/** A few programs on this machine's own kernel; `npm run conform:live` plays thousands. */

const PROGRAMS = Number(process.env.RUNS ?? 48)

const found = await Recorder.start().catch((reason: unknown) => {
  if (reason instanceof NoRecorder) return reason
  throw reason
})

if (found instanceof NoRecorder) {
  test(`nothing is played on a real kernel here: ${found.message}`, () => expect(found.message).toMatch(/./))
} else {
  describe("on this machine's kernel", () => onThisMachine(found))
}

function onThisMachine(recorder: Recorder): void {
  afterAll(() => recorder.stop())

  const families = familyNames.filter((name) => recorder.found.own || name === 'pipe' || name === 'unix')
  test.each(families)('random programs of %s come to what they come to on the model', async (family) => {
    let same = 0
    for (let at = 0; at < PROGRAMS / families.length; at++) {
      const stream = numbers(`${family}-${at}`)
      const wish = { family, length: 30, users: recorder.found.root }
      const verdict = await compare(
        recorder,
        `${family}-${at}`,
        family,
        randomProgram((n) => stream.below(n), wish),
      )
      expect(verdict.kind === 'differs' ? inWords(verdict.difference) : null).toBeNull()
      if (verdict.kind === 'same') same += 1
    }
    // One that is unstable says nothing.
    expect(same).toBeGreaterThan(PROGRAMS / families.length / 2)
  })
}

const main = join(import.meta.dirname, '../../../.build/test/conformance/live/main.js')
const run = (args: string[], env = process.env) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env })

test.each([
  [['--programs', '0'], "--programs takes a whole number from 1 to 999999999, not '0'"],
  [['--families', 'pipe,pope'], "unknown family 'pope'; there are pipe, unix, mq, sysv, sem, sync, shm, mixed"],
  [['--length', '100000'], "--length takes a whole number from 1 to 1000, not '100000'"],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused with one message', (args, message) => {
  const { status, stdout, stderr } = run(args)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain('    at ')
  expect([status, stdout]).toEqual([2, ''])
})

test('without a compiler it says so, and passes nothing', () => {
  const { status, stdout } = run([], { PATH: '/nowhere' })
  expect(stdout).toMatch(/^nothing was played, and nothing passed: /)
  expect(status).toBe(3)
})
