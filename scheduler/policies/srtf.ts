import type { Policy } from '../dispatcher/policy.ts'
import { Ranked } from '../dispatcher/ranked.ts'
import { needed } from './sjf.ts'

/**
 * Shortest remaining time first: as `sjf`, and one that needs less than what is left of the running one takes the CPU
 * from it. Schrage: A proof of the optimality of the shortest remaining processing time discipline, Operations Research
 * 16 (3), 1968; OSTEP, chapter 7, has it as STCF.
 */
export const srtf = (): Policy => ({
  name: 'srtf',
  looksAhead: true,
  queue: () => new Ranked({ rank: needed, preemptive: true }),
})
