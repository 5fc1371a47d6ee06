import type { Policy } from '../dispatcher/policy.ts'
import { Turns } from './rr.ts'

/**
 * First come, first served: a thread runs until it waits or ends. Arpaci-Dusseau, Operating Systems: Three Easy Pieces,
 * chapter 7.
 */
export const fifo = (): Policy => ({ name: 'fifo', queue: () => new Turns(Number.POSITIVE_INFINITY) })
