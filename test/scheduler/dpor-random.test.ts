import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { boot, type Scenario } from 'ipclab/kernel'
import { type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { cases, scenarioOf } from '../helpers/random-programs.ts'

/** All that can come of random programs: partial-order reduction sees what every schedule together sees. */

interface Seen {
  readonly ends: Set<string>
  runs: number
  redundant: number
  limit: boolean
}

/** As text, the keys of tables in one order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join()}}`
}

function seenBy(scenario: Scenario, decider: Decider, most: number): Seen | null {
  const seen: Seen = { ends: new Set(), runs: 0, redundant: 0, limit: false }
  const simulation = boot(scenario, { door: decider })
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return seen
    if (index >= most) return null
    const { ending, failure } = run(simulation, decider, { maxSteps: 60 })
    seen.runs += 1
    if (ending === 'step limit') return null
    if (ending === 'redundant') seen.redundant += 1
    else
      seen.ends.add(`${ending} ${failure?.name ?? ''} ${shortened(canonical({ ...simulation.state, timersSet: 0 }))}`)
  }
}

const shortened = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

const check = (one: Parameters<typeof scenarioOf>[0]): void => {
  const scenario = scenarioOf(one)
  const every = seenBy(scenario, dfs(), 1_000)
  fc.pre(every !== null)
  const reduced = seenBy(scenario, dpor(), 20_000)
  expect(reduced).not.toBeNull()
  expect([...(reduced?.ends ?? [])].sort()).toEqual([...(every?.ends ?? [])].sort())
  expect(reduced?.redundant).toBe(0)
}

test('whatever can come of a program is seen, and nothing is made in vain', () => {
  fc.assert(fc.property(cases, check), { numRuns: Number(process.env.RUNS ?? 15) })
}, 600_000)
