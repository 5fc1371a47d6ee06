import fc from 'fast-check'
import type { Scenario } from 'ipclab/kernel'
import { type Decider, dfs, dpor } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { seenBy } from '../helpers/ends.ts'
import { type Case, cases, faultyCases, type Op, scenarioOf } from '../helpers/random-programs.ts'

/** All that can come of random programs: partial-order reduction sees what every schedule together sees. */

/** So many programs, the same each time; or others, and larger ones, where more are asked for. */
const isDeep = process.env.RUNS !== undefined
const PROGRAMS = isDeep ? { numRuns: Number(process.env.RUNS) } : { numRuns: 5, seed: 12 }
const SCHEDULES_MAX = isDeep ? 500 : 100

/** Calls of one thread that may take another's next step from it, or wait for a process. */
const MEDDLING: ReadonlySet<Op['op']> = new Set(['kill', 'handle', 'exit', 'reap', 'fork', 'thread', 'join'])
const meddles = (ops: readonly Op[]): boolean => ops.some(({ op }) => MEDDLING.has(op))

function check(one: Case): void {
  const scenario = scenarioOf(one)
  const every = seenBy(scenario, dfs(), SCHEDULES_MAX)
  fc.pre(every !== null)
  const reduced = seenBy(scenario, dpor(), 20_000)
  expect([...(reduced?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
  const bySource = seenBy(scenario, dpor({ source: true }), 20_000)
  expect([...(bySource?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
  if (one.faults === undefined && !one.programs.some(meddles)) {
    expect(reduced?.redundant).toBe(0)
    expect((bySource?.runs ?? 0) - (bySource?.redundant ?? 0)).toBe(reduced?.runs)
  }
}

const bare = { programs: [[], [], []], capacity: 0, wakeOrder: 'any', seed: '' } as const
/** A child's end did not look at whether its parent had ended. */
const orphan: Case = {
  ...bare,
  programs: [
    [],
    [],
    [{ op: 'handle', signal: 'SIGCHLD', body: [], restart: false }, { op: 'fork', body: [] }, { op: 'yield' }],
  ],
}

test('whatever can come of a program is seen, and nothing is made in vain', () => {
  fc.assert(fc.property(cases, check), { ...PROGRAMS, examples: [[orphan]] })
}, 600_000)

test('whatever can come of a program that faults befall is seen', () => {
  fc.assert(fc.property(faultyCases, check), PROGRAMS)
}, 600_000)

/** What an invariant is shown of the memory that programs share, in any run. */
function shownBy(one: Case, decider: Decider, most: number): Set<string> | null {
  const shown = new Set<string>()
  const tells: NonNullable<Scenario['invariants']> = {
    tells(world) {
      const { shared } = world.shared as { shared: number }
      shown.add([0, 8, 16, 24].map((at) => world.load(shared + at, 'i32')).join())
      return true
    },
  }
  const seen = seenBy({ ...scenarioOf(one), invariants: tells }, decider, most)
  return seen === null ? null : shown
}

test('an invariant is shown every state of memory that some schedule comes to', () => {
  const property = fc.property(faultyCases, (one) => {
    const every = shownBy(one, dfs(), 200)
    fc.pre(every !== null)
    expect(shownBy(one, dpor(), 20_000)).toEqual(every)
  })
  fc.assert(property, PROGRAMS)
}, 600_000)
