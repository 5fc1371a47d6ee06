import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot } from 'ipclab/kernel'
import { DataRaces, dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import type { Fields } from './fields.ts'
import { type Litmus, litmusScenario, type Op, readLitmus } from './litmus-program.ts'

/**
 * Data races of the litmus programs, held against herd7's under RC11: test/oracles/litmus/README.md. Runs here are
 * sequentially consistent, so that a race which takes a weaker order to come about is not seen; what is seen is one.
 */

interface Recorded extends Fields {
  readonly id: string
  readonly race: { readonly rc11: boolean }
}

const file = join(import.meta.dirname, '../oracles/litmus/cases.jsonl')
const cases = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recorded) // as its README says

/** There are no fences here yet. */
const hasFence = (ops: readonly Op[]): boolean =>
  ops.some((op) => op.op === 'fence' || (op.op === 'if' && hasFence(op.body)))

function isRacy(program: Litmus): boolean {
  const decider = dpor()
  const simulation = boot(litmusScenario(program).scenario, { door: decider })
  let racy = false
  const races = new DataRaces(simulation.machine, () => {
    racy = true
  })
  for (let index = 0; !racy; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) break
    races.clear()
    run(simulation, decider, { maxSteps: 1_000, observers: [() => races.observe()] })
  }
  return racy
}

/** Critical sections that only a weaker order lets two enter at once. */
const WEAK = ['Dekker-001', 'Dekker-019', 'Peterson-002', 'Peterson-007']

test('what races here races under RC11, and nearly all that races there does so here', () => {
  const falseAlarms: string[] = []
  const missed: string[] = []
  let racy = 0
  for (const one of cases) {
    const program = readLitmus(one)
    if (program.threads.some(hasFence) || !JSON.stringify(one).includes('"na"')) continue
    const seen = isRacy(program)
    if (one.race.rc11) racy += 1
    if (seen && !one.race.rc11) falseAlarms.push(one.id)
    if (!seen && one.race.rc11) missed.push(one.id)
  }
  expect(falseAlarms).toEqual([])
  expect([racy, missed]).toEqual([97, WEAK])
})
