import type { Policy } from '../dispatcher/policy.ts'
import { Ranked } from '../dispatcher/ranked.ts'

/**
 * Earliest deadline first: whoever's job has to be done first runs, at once; who has no deadline after all that do. Liu,
 * Layland: Scheduling algorithms for multiprogramming in a hard-real-time environment, Journal of the ACM 20 (1), 1973,
 * section 7.
 */
export const edf = (): Policy => ({
  name: 'edf',
  queue: () => new Ranked({ rank: ({ deadline }) => deadline, preemptive: true }),
})
