import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot } from 'ipclab/kernel'
import { dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { programOf } from './explorer-scenario.ts'

/** By source sets runs may be given up, but those made to their end are one of each trace, as with wake-up trees. */

interface Count {
  readonly program: string
  readonly params: string
  readonly mazurkiewicz_traces: number
  readonly deadlocked_traces?: number
  readonly assume_blocked?: number
}

const TRACES_MAX = Number(process.env.RUNS ?? 600)
const counts = JSON.parse(
  readFileSync(join(import.meta.dirname, '../oracles/explorer/counts.json'), 'utf8'),
) as readonly Count[]

const few = counts
  .filter(({ mazurkiewicz_traces }) => mazurkiewicz_traces <= TRACES_MAX)
  .map((count) => [`${count.program} ${count.params}`, count] as const)

const paramsOf = (text: string): Record<string, number> =>
  Object.fromEntries(text.split(',').map((word) => [word.split('=')[0] ?? '', Number(word.split('=')[1])]))

test.each(few)('%s', (_name, { program, params, mazurkiewicz_traces, deadlocked_traces = 0, assume_blocked = 0 }) => {
  const decider = dpor({ source: true })
  const simulation = boot(programOf(program, paramsOf(params)), { door: decider })
  const seen = { whole: 0, deadlocks: 0, pruned: 0 }
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) break
    const { ending } = run(simulation, decider, { maxSteps: 100_000 })
    if (ending === 'pruned') seen.pruned += 1
    else if (ending !== 'redundant') seen.whole += 1
    if (ending === 'deadlock') seen.deadlocks += 1
  }
  expect(decider.complete).toBe(true)
  expect(seen).toEqual({ whole: mazurkiewicz_traces, deadlocks: deadlocked_traces, pruned: assume_blocked })
})
