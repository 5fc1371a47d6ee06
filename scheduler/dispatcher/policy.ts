import type { Numbers } from '../numbers.ts'
import type { Entity } from './entity.ts'

/**
 * What makes a policy: in which order ready threads run, for how long, and who takes the CPU from whom. All the rest
 * (time, CPUs, costs, timers) is the dispatcher's.
 */

/** How a thread comes into line: it has arrived, was woken, was put off in the middle of its slice, has used it up, gave the CPU up, comes from another queue. */
export type Coming = 'new' | 'woken' | 'put off' | 'expired' | 'yielded' | 'moved'

/** Ready threads in line, for all CPUs or for one of them. Whoever runs is out of line, and still belongs to the queue. */
export interface RunQueue {
  /** How many are in line. */
  readonly length: number
  put(entity: Entity, how: Coming, now: number): void
  /** Takes out of line who is to run next. */
  take(): Entity | null
  /** Takes it out of line for another reason: it can't go on, or goes elsewhere. */
  remove(entity: Entity): void
  /** For how many ns it may run now, at least 1; no more than this and it is put in line again as `expired`. */
  slice(entity: Entity): number
  /** It has run for so long. */
  charge?(entity: Entity, ns: number): void
  /** It is out of line and goes to another queue. Default: as `left`. */
  loses?(entity: Entity): void
  /** It ran, and waits now or has ended. `io`: it waits for a device. */
  left?(entity: Entity, io: boolean): void
  /** Whether `entity`, which is in line, takes the CPU from the running one at once. */
  preempts(entity: Entity, running: Entity): boolean
  /** Whether anybody in line does. */
  puts?(running: Entity): boolean
  /** Its period is over; everybody is in line. */
  tick?(): void
}

export interface Policy {
  /** With its parameters, as it is written in a header: `rr:quantum=2000000`. */
  readonly name: string
  /** Makes an empty run queue. */
  queue(random: Numbers): RunQueue
  /** How often queues are told of a `tick`, in ns. */
  readonly every?: number
  /** Where one comes to stand hangs on what all others have had until then: they are charged whenever time passes. */
  readonly compares?: boolean
  /** What is known of a thread's next call is part of its rank. */
  readonly looksAhead?: boolean
  /** How holding a lock changes the priority: see protocol.ts. */
  readonly protocol?: 'inherit' | 'ceiling'
  /** Of several that sleep for the same, the most urgent is woken: POSIX asks for it where threads have priorities. */
  readonly wakesUrgent?: boolean
}
