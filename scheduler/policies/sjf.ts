import type { Entity } from '../dispatcher/entity.ts'
import type { Policy } from '../dispatcher/policy.ts'
import { Ranked } from '../dispatcher/ranked.ts'

/**
 * Shortest job first: of those that are ready the one that needs the CPU for the shortest time, and it keeps it until it
 * waits or ends. What a thread needs is what its process says (`length`); of one that says nothing, its next call.
 * Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 7.
 */
export const sjf = (): Policy => ({
  name: 'sjf',
  looksAhead: true,
  queue: () => new Ranked({ rank: needed, preemptive: false }),
})

/** CPU time that it still needs, as far as that is known. */
export const needed = ({ length, cpuNs, left }: Entity): number =>
  length === null ? left : Math.max(0, length - cpuNs)
