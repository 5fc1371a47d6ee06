import type { Kernel } from './kernel.ts'
import type { Process, Thread } from './state.ts'

/** Subsystems tell the kernel what to do with what is theirs when a process forks or ends, so that it need not know them. */

export interface Subsystem {
  readonly name: string
  /** Where it comes in the order of a process's end: lower is earlier. */
  readonly rundown: number
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

type Hook = 'holds' | 'threadExit' | 'processExit' | 'fork'

/** The functions that subsystems have for each occasion, in order: kept apart, because ends are many and most have none. */
const hooks: { [K in Hook]: NonNullable<Subsystem[K]>[] } = { holds: [], threadExit: [], processExit: [], fork: [] }

/** From now on the subsystem is asked. One of the same name is replaced. */
export function registerSubsystem(subsystem: Subsystem): void {
  const at = subsystems.findIndex((other) => other.name === subsystem.name)
  if (at >= 0) subsystems.splice(at, 1)
  subsystems.push(subsystem)
  subsystems.sort((a, b) => a.rundown - b.rundown || (a.name < b.name ? -1 : 1))
  collect('holds')
  collect('threadExit')
  collect('processExit')
  collect('fork')
}

function collect<K extends Hook>(hook: K): void {
  const list: unknown[] = hooks[hook]
  list.length = 0
  for (const subsystem of subsystems) if (subsystem[hook] !== undefined) list.push(subsystem[hook])
}

/** Whether the end of the process would release something that others could see. */
export function anyHolds(kernel: Kernel, process: Process): boolean {
  const { holds } = hooks
  for (let i = 0; i < holds.length; i++) if (holds[i]?.(kernel, process) === true) return true
  return false
}

export function tellThreadExit(kernel: Kernel, thread: Thread): void {
  const { threadExit } = hooks
  for (let i = 0; i < threadExit.length; i++) threadExit[i]?.(kernel, thread)
}

export function tellProcessExit(kernel: Kernel, process: Process, thread: Thread | undefined): void {
  const { processExit } = hooks
  for (let i = 0; i < processExit.length; i++) processExit[i]?.(kernel, process, thread)
}

export function tellFork(kernel: Kernel, parent: Process, child: Process): void {
  for (const fork of hooks.fork) fork(kernel, parent, child)
}

/** All subsystems, in the order in which a dying process gives things up. */
export const registeredSubsystems = (): readonly Subsystem[] => subsystems
