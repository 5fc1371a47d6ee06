import { join } from 'node:path'
import { expect, test } from 'vitest'
import { posix } from './posix.ts'
import { inWords, play, readCases } from './runner.ts'

const cases = readCases(posix, join(import.meta.dirname, '../oracles/posix/cases.jsonl'))

test.each([
  ['shm', 300],
  ['sem', 271],
  ['mq', 325],
  ['sync', 230],
  ['sysv', 296],
  ['pipe', 329],
  ['unix', 294],
  ['proc', 2],
  ['mixed', 275],
])('all recorded cases of %s go as on Linux', (family, count) => {
  const chosen = cases.filter(({ part }) => part === family)
  expect(chosen).toHaveLength(count)
  const differences = chosen.map((one) => play(posix, one)).filter((difference) => difference !== null)
  expect(differences.map(inWords)).toEqual([])
})
