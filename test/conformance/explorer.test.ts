import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot, type Scenario } from 'ipclab/kernel'
import { type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { PROGRAMS, programOf } from './explorer-programs.ts'

/** Programs whose schedules others have counted: test/oracles/explorer/README.md. */

interface Count {
  readonly program: string
  readonly params: string
  readonly mazurkiewicz_traces: number
  readonly deadlocked_traces?: number
  readonly assume_blocked?: number
  readonly interleavings?: number
}

const file = join(import.meta.dirname, '../oracles/explorer/counts.json')
const counts = JSON.parse(readFileSync(file, 'utf8')) as Count[]

const paramsOf = (text: string): Record<string, number> =>
  Object.fromEntries(text.split(',').map((word) => [word.split('=')[0] ?? '', Number(word.split('=')[1])]))

/** How many runs the decider makes, and how they end. */
function tally(scenario: Scenario, decider: Decider): { whole: number; deadlocks: number; pruned: number } {
  const simulation = boot(scenario, { door: decider })
  const seen = { whole: 0, deadlocks: 0, pruned: 0 }
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) break
    const { ending } = run(simulation, decider, { maxSteps: 100_000 })
    if (ending === 'pruned') seen.pruned += 1
    else seen.whole += 1
    if (ending === 'deadlock') seen.deadlocks += 1
    if (ending === 'redundant' || ending === 'broken') throw new Error(`a run is ${ending}`)
  }
  expect(decider.complete).toBe(true)
  return seen
}

const named = counts.map((count) => [`${count.program} ${count.params}`, count] as const)

test('every program of the table is written, and no other', () => {
  expect(new Set(Object.keys(PROGRAMS))).toEqual(new Set(counts.map(({ program }) => program)))
})

describe('dpor makes one run of each trace, and no other', () => {
  test.each(named)(
    '%s',
    (_name, { program, params, ...count }) => {
      expect(tally(programOf(program, paramsOf(params)), dpor())).toEqual({
        whole: count.mazurkiewicz_traces,
        deadlocks: count.deadlocked_traces ?? 0,
        pruned: count.assume_blocked ?? 0,
      })
    },
    120_000,
  )
})

/** More are made where RUNS says so. */
const MOST = Number(process.env.RUNS ?? 20_000)
const few = named.filter(([, { interleavings = Infinity }]) => interleavings <= MOST)

describe('dfs makes every schedule once', () => {
  test.each(few)(
    '%s',
    (_name, { program, params, interleavings }) => {
      const { whole, pruned } = tally(programOf(program, paramsOf(params)), every())
      expect(whole + pruned).toBe(interleavings)
    },
    120_000,
  )
})

/** Depth first, with what `assume` gives up made to its end, as those who counted did. */
function every(): Decider {
  const inner = dfs()
  return {
    name: inner.name,
    keepsTime: false,
    needsEnds: true,
    get complete() {
      return inner.complete
    },
    begin: (simulation, index) => inner.begin(simulation, index),
    next: (machine) => inner.next(machine),
    pick: (kind, thread, count, label) => inner.pick(kind, thread, count, label),
  }
}
