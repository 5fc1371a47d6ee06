import type { Kernel } from './kernel.ts'
import type { Process, Thread } from './state.ts'

/** Subsystems tell the kernel what to do with what is theirs when a process forks or ends, so that it need not know them. */

export interface Subsystem {
  readonly name: string
  /** Where it comes in the order of a process's end: lower is earlier. */
  readonly rundown: number
  /** The kind of objects without which it has to do with no process; absent: it is asked always. */
  readonly kind?: string
  /** Whether the process holds something whose release others could see: then its end is an event. */
  readonly holds?: (kernel: Kernel, process: Process) => boolean
  readonly threadExit?: (kernel: Kernel, thread: Thread) => void
  /** `thread` is the process's last, for those who create something. */
  readonly processExit?: (kernel: Kernel, process: Process, thread: Thread | undefined) => void
  readonly fork?: (kernel: Kernel, parent: Process, child: Process) => void
}

/** Order in which a dying process gives things up. */
export const RUNDOWN = { robustList: 10, semUndo: 20, mappings: 30, descriptors: 40, ports: 50, mailboxes: 60 } as const

const subsystems: Subsystem[] = []

/** From now on the subsystem is asked. One of the same name is replaced. */
export function registerSubsystem(subsystem: Subsystem): void {
  const at = subsystems.findIndex((other) => other.name === subsystem.name)
  if (at >= 0) subsystems.splice(at, 1)
  subsystems.push(subsystem)
  subsystems.sort((a, b) => a.rundown - b.rundown || (a.name < b.name ? -1 : 1))
}

type Occasion = 'holds' | 'threadExit' | 'processExit' | 'fork'

/** The functions to be called on each occasion, in order: kept apart, because ends are many and most concern few. */
export type Occasions = { readonly [K in Occasion]: readonly NonNullable<Subsystem[K]>[] }

function concerned(kernel: Kernel): Occasions {
  if (kernel.concerned !== null) return kernel.concerned
  const those = subsystems.filter(({ kind }) => kind === undefined || kernel.kinds.has(kind))
  kernel.concerned = {
    holds: those.flatMap(({ holds }) => holds ?? []),
    threadExit: those.flatMap(({ threadExit }) => threadExit ?? []),
    processExit: those.flatMap(({ processExit }) => processExit ?? []),
    fork: those.flatMap(({ fork }) => fork ?? []),
  }
  return kernel.concerned
}

/** Whether the end of the process would release something that others could see. */
export function anyHolds(kernel: Kernel, process: Process): boolean {
  for (const holds of concerned(kernel).holds) if (holds(kernel, process)) return true
  return false
}

export function tellThreadExit(kernel: Kernel, thread: Thread): void {
  for (const exit of concerned(kernel).threadExit) exit(kernel, thread)
}

export function tellProcessExit(kernel: Kernel, process: Process, thread: Thread | undefined): void {
  for (const exit of concerned(kernel).processExit) exit(kernel, process, thread)
}

export function tellFork(kernel: Kernel, parent: Process, child: Process): void {
  for (const fork of concerned(kernel).fork) fork(kernel, parent, child)
}

/** All subsystems, in the order in which a dying process gives things up. */
export const registeredSubsystems = (): readonly Subsystem[] => subsystems
