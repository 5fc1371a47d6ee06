import fc from 'fast-check'

import { expect, test } from 'vitest'
import { randomSchedules } from '../../helpers/schedules.ts'
import { broken } from './conserved.ts'
import { machCases, scenarioOf } from './programs.ts'

const RUNS = Number(process.env.RUNS ?? 150)

test('rights, ports and messages are conserved, whatever the programs, the schedule, the faults and the wake order', () => {
  const calls = new Map<string, number>()
  fc.assert(
    fc.property(machCases, (given) => {
      randomSchedules(scenarioOf(given), given.seed, 2, {
        observers: [({ state }) => expect(broken(state)).toEqual([])],
        after({ ghost }) {
          for (const line of ghost as string[]) {
            const word = line
              .split(' ')
              .slice(1, 3)
              .join(' ')
              .replace(/ [^A-Z].*/, ' ok')
            calls.set(word, (calls.get(word) ?? 0) + 1)
          }
        },
      })
    }),
    { numRuns: RUNS },
  )
  if (process.env.SHOW !== undefined)
    console.log(
      [...calls]
        .sort()
        .map(([word, count]) => `${count} ${word}`)
        .join('\n'),
    )
})
