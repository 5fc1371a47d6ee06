import type { Policy } from '../dispatcher/policy.ts'
import { Ranked } from '../dispatcher/ranked.ts'

/** What a lock does to the priority of who has it: see `Protocol`. */
export type LockProtocol = 'none' | 'inherit' | 'ceiling'

/**
 * Fixed priorities: whoever is most urgent runs until it waits, ends or yields; a more urgent one that becomes ready
 * takes the CPU from it at once. Among equals first come, first served, and who is put off keeps its place at the head.
 * These are the rules of SCHED_FIFO: IEEE Std 1003.1-2017, XSH 2.8.4; sched(7).
 * @param protocol `inherit`: who waits for a lock lends its priority to the holder; `ceiling`: the holder is as urgent as anybody
 */
export const priority = (protocol: LockProtocol = 'none'): Policy => ({
  name: protocol === 'none' ? 'priority' : `priority:${protocol}`,
  queue: () => new Ranked({ rank: (entity) => -entity.priority, preemptive: true }),
  wakesUrgent: true,
  ...(protocol === 'none' ? {} : { protocol }),
})
