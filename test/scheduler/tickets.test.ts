import fc from 'fast-check'
import { compute, type Program, type Scenario, scenario } from 'ipclab/kernel'
import { expect, test } from 'vitest'
import { dispatched, serviceOf } from '../helpers/dispatched.ts'

/** Policies that share the CPU out by tickets. */

const runs = Number(process.env.RUNS ?? 30)

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** All there from the start with other numbers of tickets, until one has computed for so long. */
const shares = (tickets: readonly number[], ns: number): Scenario =>
  scenario('shares', {
    programs: Object.fromEntries(
      tickets.map((each, at) => [
        `j${at}`,
        {
          tickets: each,
          *program(): Program {
            for (let left = ns; left > 0; left -= 50) yield* compute(50)
          },
        },
      ]),
    ),
    expect: 'holds',
  })

/** How far each is from its share by tickets, in ns, while all are there. */
function off(tickets: readonly number[], ns: number, policy: string, look: (error: number) => void): void {
  const all = sum(tickets)
  dispatched(shares(tickets, ns), policy, {
    watch({ entities, now }) {
      if (entities.some(({ ended }) => ended >= 0)) return
      for (const entity of entities) look(serviceOf(entity, now) - (now * entity.tickets) / all)
    },
  })
}

test('under stride everybody is within a quantum for each thread of its share', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 8 }), (tickets) => {
      // Two are never more than a quantum apart from what they should be, relative to each other, so in all it is one for
      // each of them: Waldspurger and Weihl, section 3.2.
      off(tickets, 5_000, 'stride:quantum=100', (error) =>
        expect(Math.abs(error)).toBeLessThanOrEqual(100 * tickets.length),
      )
    }),
    { numRuns: runs },
  )
})

test('under a lottery everybody comes near his share', () => {
  // The number of wins in n draws has the standard deviation sqrt(n p (1 - p)), at most half of sqrt(n): four of them.
  let last: number[] = []
  off([10, 20, 30, 40], 40_000, 'lottery:quantum=100', (error) => void last.push(error))
  last = last.slice(-4)
  const draws = 1000 // until the one with 40 tickets of 100 has had its 400 slices
  for (const error of last) expect(Math.abs(error)).toBeLessThan(4 * 0.5 * Math.sqrt(draws) * 100)
})
