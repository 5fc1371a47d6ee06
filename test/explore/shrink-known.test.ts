import { expect, test } from 'vitest'
import { shrink } from '../../explore/shrink/index.ts'
import { knownBugs } from '../helpers/known-bugs.ts'
import { failureOf } from '../helpers/shrunk.ts'

/** Bugs of which the least number of preemptions is known from the search of others: shrinking comes to just that. */

const known = knownBugs.flatMap(({ id, made, params, figures: { min_preemptions: least } }) =>
  least === null ? [] : [[id, made, params, least] as const],
)

test.each(known)('%s has its least number of preemptions, wherever one begins', (_id, made, params, least) => {
  const fixed = Object.keys(params)
  const all = ['a', 'b'].map((seed) => shrink(made, failureOf(made, params, seed), { fixed }))
  expect(all.map(({ preemptions }) => preemptions)).toEqual([least, least])
  // However it was found, it is as short.
  expect(new Set(all.map(({ steps }) => steps)).size).toBe(1)
})
