import { expect, test } from 'vitest'
import { shrink } from '../../explore/shrink/index.ts'
import { knownBugs } from '../helpers/known-bugs.ts'
import { failureOf } from '../helpers/shrunk.ts'

/** Bugs of which the least number of preemptions is known from the search of others: shrinking comes to just that. */

test.each(knownBugs.map(([made, least]) => [made.title, made, least] as const))(
  '%s has its least number of preemptions, wherever one begins',
  (_title, made, least) => {
    const all = ['a', 'b'].map((seed) => shrink(made, failureOf(made, {}, seed)))
    expect(all.map(({ preemptions }) => preemptions)).toEqual([least, least])
    // However it was found, it is as short.
    expect(new Set(all.map(({ steps }) => steps)).size).toBe(1)
  },
)
