import type { ExitStatus, Id, KernelState, Thread, Timer } from '../kernel/index.ts'
import { changesOf } from './changes.ts'
import type { TraceEvent } from './format.ts'
import type { History, Patch } from './history.ts'
import { callLabel, labelOf, objectLabel, queueLabel } from './labels.ts'
import { describeValue } from './words.ts'

/**
 * A state as tables of plain text, for printing. It knows processes, threads, queues and memory; any other object is
 * shown by its kind, its name and its fields, whatever subsystem it is of.
 */

export interface Shown {
  readonly step: number
  /** What happened in that step; `null` before the first. */
  readonly event: TraceEvent | null
  /** Virtual ns. */
  readonly time: number
  readonly processes: readonly ProcessRow[]
  readonly threads: readonly ThreadRow[]
  readonly queues: readonly QueueRow[]
  readonly objects: readonly ObjectRow[]
  readonly timers: readonly Timer[]
  /** What the step changed, a sentence each. */
  readonly changes: readonly string[]
}

export interface ProcessRow {
  readonly pid: number
  readonly name: Id
  readonly status: string
  readonly threads: readonly Id[]
  readonly descriptors: readonly { readonly fd: number; readonly what: string }[]
  readonly mappings: readonly {
    readonly at: string
    readonly bytes: number
    readonly how: string
    readonly what: string
  }[]
}

export interface ThreadRow {
  readonly thread: Id
  readonly process: Id
  readonly status: Thread['status']
  /** `futex_wait(counter+16, expected 0)`; empty when it is in no call. */
  readonly call: string
  readonly stage: number
  /** The queue it sleeps on, as people call it; empty when on none. */
  readonly queue: string
  readonly signals: readonly string[]
}

export interface QueueRow {
  readonly queue: string
  /** In order of arrival. */
  readonly sleepers: readonly Id[]
}

export interface ObjectRow {
  readonly id: Id
  readonly kind: string
  readonly label: string
  readonly fields: readonly { readonly name: string; readonly value: string }[]
}

/** A step of a history: the state after it, and what it changed. Step 0 is the state before the first. */
export function show(past: History, step: number): Shown {
  if (step === 0) return showState(past.at(0), null, [], 0, null)
  return showState(past.at(step), past.at(step - 1), past.patches(step), step, past.event(step))
}

/** As `show`, of a state that is at hand. */
export function showState(
  state: KernelState,
  before: KernelState | null,
  patches: readonly Patch[],
  step: number,
  event: TraceEvent | null,
): Shown {
  return {
    step,
    event,
    time: state.clock,
    processes: Object.values(state.processes).map((process) => ({
      pid: process.pid,
      name: process.id,
      status: process.status === 'alive' ? 'alive' : `${process.status}${describeExit(process.exit)}`,
      threads: [...process.threads],
      descriptors: Object.keys(process.descriptors).map((fd) => ({
        fd: Number(fd),
        what: objectLabel(process.descriptors[Number(fd)] ?? '', state),
      })),
      mappings: process.mappings.map(({ start, length, prot, shared, object }) => ({
        at: `0x${start.toString(16)}`,
        bytes: length,
        how: `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}${shared ? 's' : 'p'}`,
        what: labelOf(object, state) ?? object,
      })),
    })),
    threads: Object.values(state.threads).map((thread) => threadRow(thread, state)),
    queues: Object.keys(state.queues).map((queue) => ({
      queue: queueLabel(queue, state),
      sleepers: sleepersOn(queue, state),
    })),
    objects: Object.values(state.objects).map((object) => ({
      id: object.id,
      kind: object.kind,
      label: labelOf(object.id, state) ?? object.id,
      fields: Object.entries(object)
        .filter(([name]) => !['id', 'kind', 'name'].includes(name))
        .map(([name, value]) => ({ name, value: describeValue(value) })),
    })),
    timers: state.timers
      .filter(({ thread, number }) => state.threads[thread]?.timer === number)
      .sort((a, b) => a.at - b.at || a.number - b.number),
    changes: before === null ? [] : changesOf(before, state, patches),
  }
}

function threadRow(thread: Thread, state: KernelState): ThreadRow {
  const { id, process, status, call, queue, pending } = thread
  return {
    thread: id,
    process,
    status,
    call: callLabel(thread, state),
    stage: call?.stage ?? 0,
    queue: queue === null ? '' : queueLabel(queue, state),
    signals: pending,
  }
}

function sleepersOn(queue: Id, state: KernelState): Id[] {
  const sleepers: Id[] = []
  for (let id = state.queues[queue]?.first ?? null; id !== null; id = state.threads[id]?.behind ?? null)
    sleepers.push(id)
  return sleepers
}

function describeExit(exit: ExitStatus | null): string {
  if (exit === null) return ''
  return exit.signal === null ? ` (exit code ${exit.code})` : ` (${exit.signal})`
}
