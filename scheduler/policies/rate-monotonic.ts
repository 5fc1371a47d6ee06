import type { Policy } from '../dispatcher/policy.ts'
import { Ranked } from '../dispatcher/ranked.ts'

/**
 * Rate-monotonic: fixed priorities by period, the shortest first, at once; who has none comes last. Liu, Layland:
 * Scheduling algorithms for multiprogramming in a hard-real-time environment, Journal of the ACM 20 (1), 1973, section 4.
 */
export const rateMonotonic = (): Policy => ({
  name: 'rate-monotonic',
  queue: () => new Ranked({ rank: ({ period }) => period, preemptive: true }),
})
