import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inWords, play, readCases } from './runner.ts'
import { schedulers } from './schedulers.ts'

const cases = readCases(schedulers, join(import.meta.dirname, '../oracles/schedulers/cases.jsonl'))

test.each([
  ['FIFO', 60],
  ['SJF', 60],
  ['RR', 60],
  ['MLFQ', 150],
])('all recorded cases of %s go as in the OSTEP simulators', (policy, count) => {
  const chosen = cases.filter(({ part }) => part === policy)
  expect(chosen).toHaveLength(count)
  const differences = chosen.map((one) => play(schedulers, one)).filter((difference) => difference !== null)
  expect(differences.map(inWords)).toEqual([])
})
