import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lpc } from './lpc.ts'
import { inWords, play, readCases } from './runner.ts'

const cases = readCases(lpc, join(import.meta.dirname, '../oracles/lpc/cases.jsonl'))

test.each([
  ['hand', 130],
  ['random', 1135],
])('all recorded %s cases go as in ReactOS', (kind, count) => {
  const chosen = cases.filter(({ part }) => part === kind)
  expect(chosen).toHaveLength(count)
  const differences = chosen.map((one) => play(lpc, one)).filter((difference) => difference !== null)
  expect(differences.map(inWords)).toEqual([])
})
