import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machFamily } from './mach.ts'
import { inWords, play, readCases } from './runner.ts'

const cases = readCases(machFamily, join(import.meta.dirname, '../oracles/mach/cases.jsonl'))

test.each([
  ['hand', 123],
  ['random', 1021],
  ['fifo', 8],
])('all recorded cases of Mach (%s) go as on GNU Mach', (part, count) => {
  const chosen = cases.filter((one) => one.part === part)
  expect(chosen).toHaveLength(count)
  const differences = chosen.map((one) => play(machFamily, one)).filter((difference) => difference !== null)
  expect(differences.map(inWords)).toEqual([])
})

test('a thread that waits on a stack is not one that waits in a queue', () => {
  const fifo = cases.filter((one) => one.fifo)
  const turned = fifo.map((one) => play(machFamily, { ...one, fifo: false }))
  expect(turned.filter((difference) => difference === null)).toEqual([])
})
