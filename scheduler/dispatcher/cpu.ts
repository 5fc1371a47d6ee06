import type { Costs } from './costs.ts'
import type { Entity } from './entity.ts'

/** A CPU: who runs on it, since when, and when that comes to its next end. Times are virtual ns. */
export class Cpu {
  readonly number: number
  running: Entity | null = null
  /** Who ran on it last. */
  last: Entity | null = null
  /** Since when what runs has been running and was not charged for it; in the future while the CPU switches. */
  since = 0
  /** What is left of the slice. */
  slice = 0
  /** When the call that runs, or the slice, is over; and the running number of that event. */
  until = 0
  event = 0
  /** Place in the heap of events, -1 while idle. */
  place = -1

  // What is measured.
  busyNs = 0
  switchNs = 0
  switches = 0

  constructor(number: number) {
    this.number = number
  }
}

/** The order of events: by time, and by the running number between those of one time. */
export const sooner = (a: Cpu, b: Cpu): boolean => a.until < b.until || (a.until === b.until && a.event < b.event)

/** Whether one is idle on which the thread may run. */
export function hasRoom(cpus: readonly Cpu[], entity: Entity): boolean {
  for (const cpu of cpus) if (cpu.running === null && entity.mayRunOn(cpu.number)) return true
  return false
}

/** The CPU goes over to another thread than it ran last: for how long it is busy with that. */
export function switchOver(cpu: Cpu, entity: Entity, costs: Costs): number {
  cpu.switches += 1
  entity.switches += 1
  if (entity.putOff) entity.preemptions += 1
  const moves = entity.lastCpu >= 0 && entity.lastCpu !== cpu.number
  if (moves) entity.migrations += 1
  const ns = cpu.last?.process === entity.process ? costs.threadSwitch : costs.processSwitch
  return ns + (moves ? costs.migration : 0)
}

/** ns of switching until now, and not what a switch still takes. */
export const switchedNs = ({ running, since, switchNs }: Cpu, now: number): number =>
  running === null ? switchNs : switchNs - Math.max(0, since - now)
