import { DONE, FAIL, GONE, NEXT, type Outcome } from './call.ts'
import { invariant } from './errors.ts'
import { Footprint, READ, SEQ_CST, WRITE } from './footprint.ts'
import type { Journal } from './journal.ts'
import type { Data, Id, KernelObject, KernelState, Process, Ref, Thread } from './state.ts'
import type { Occasions } from './subsystems.ts'
import type { Traffic } from './traffic.ts'

/** A choice inside a step, as the decider is asked for it. */
export type PickKind = 'choose' | 'wake'

/** The one door through which nondeterminism enters a step. `label(i)` names option i; it is called only by those who keep records. */
export interface Door {
  pick(kind: PickKind, thread: Id, count: number, label: (index: number) => string): number
}

/** Where an address leads: filled in by `translate`, valid until the next one. */
export interface Place {
  /** Names the physical page. */
  frame: Id
  words: number[]
  /** Index of the word in the page. */
  word: number
}

/** A translation that a thread has used: a cache, not state. */
export interface Translation {
  process: Id
  /** Of the page. */
  start: number
  /** Good while `kernel.mappingsEpoch` is this. */
  epoch: number
  writable: boolean
  frame: Id
  words: number[]
}

/** One for each remainder of a page's number: variables and the locks that guard them often lie on different pages. */
export type Tlb = (Translation | null)[]

/** Whose turn it is; it has a tlb once there is something in it. */
export interface Walker {
  tlb: Tlb | null
}

/** A thread that a transition has made, and the program it is to run. */
export interface Spawned {
  readonly thread: Id
  readonly program: unknown
  readonly args: readonly unknown[]
  /** When it arrives; absent: now. */
  readonly at?: number
}

/**
 * What calls are given: the state, and beside it what belongs to the transition under way and is over with it.
 * The same functions run whether `state` is the plain object or immer's draft of it.
 */
export class Kernel {
  state: KernelState
  /** What this transition touched. */
  footprint = new Footprint()
  /** Present when the state will have to be brought back. */
  journal: Journal | null = null
  door: Door
  /** Under a policy by urgency: which of those asleep is woken, where else it is who came first. */
  urgent: ((sleepers: readonly Id[]) => number) | null = null
  /** How many CPUs there are, under a policy. */
  cpus = Number.POSITIVE_INFINITY
  /** Threads woken by this transition, in order. */
  readonly woken: Id[] = []
  /** Threads made by this transition, in order. */
  readonly spawned: Spawned[] = []
  /** Threads ended by this transition, in order. */
  readonly ended: Id[] = []
  /** Kinds of which an object was ever put in. */
  kinds = new Set<string>()
  /** The subsystems that they concern, once that was asked. */
  concerned: Occasions | null = null
  /** Programs of signal handlers, by the key that the state holds. */
  readonly handlers = new Map<Id, unknown>()
  walker: Walker | null = null
  /** Transitions are run on drafts: what the tlb says is right, but for the words. */
  drafted = false
  readonly place: Place = { frame: '', words: [], word: 0 }
  /** Names of words by page, as they have been asked for: see `wordKey`. */
  readonly wordKeys = new Map<Id, Id[]>()
  /** Is told of messages on their way. */
  traffic: Traffic | null = null
  /** Changes whenever a cached address translation may have become wrong. */
  mappingsEpoch = 0

  // The outcome under way: see the functions below.
  value: unknown = undefined
  code = ''
  detail: Data = null
  stage = 0
  /** What came with the call and isn't data. */
  extra: unknown = null

  constructor(state: KernelState, door: Door) {
    this.state = state
    this.door = door
  }
}

/** The call is over and returns `value`. */
export function done(kernel: Kernel, value?: unknown): Outcome {
  kernel.value = value
  return DONE
}

/** The call is over and fails with the system's own code. */
export function fail(kernel: Kernel, code: string, detail: Data = null): Outcome {
  kernel.code = code
  kernel.detail = detail
  return FAIL
}

/** This stage is over; the call goes on at `stage` in a later transition. */
export function next(kernel: Kernel, stage: number): Outcome {
  kernel.stage = stage
  return NEXT
}

/** The calling thread has ended within its call. */
export function gone(): Outcome {
  return GONE
}

/** The object, to be read; `part` says which independent part of it. */
export function reads<T extends KernelObject>(kernel: Kernel, ref: Ref<T>, part = 0): T {
  kernel.footprint.add(ref, part, READ, SEQ_CST)
  return peek(kernel, ref)
}

/** The object, to be changed. */
export function writes<T extends KernelObject>(kernel: Kernel, ref: Ref<T>, part = 0): T {
  kernel.footprint.add(ref, part, READ | WRITE, SEQ_CST)
  if (kernel.journal !== null) kernel.journal.save('objects', ref)
  return peek(kernel, ref)
}

/** The object, for printing or for a fact that never changes: leaves no footprint. */
export function peek<T extends KernelObject>(kernel: Kernel, ref: Ref<T>): T {
  const object = kernel.state.objects[ref]
  invariant(object !== undefined, 'a reference names an object that exists', ref)
  return object as T // a Ref<T> is only ever made for a T
}

export function exists(kernel: Kernel, ref: Id): boolean {
  return kernel.state.objects[ref] !== undefined
}

/** A fresh id: the creator's, and how many it has created. */
export function freshId(creator: Thread): Id {
  creator.created += 1
  return `${creator.id}.${creator.created}`
}

/** Makes a kernel object; `make` is given its id. */
export function create<T extends KernelObject>(kernel: Kernel, creator: Thread, make: (id: Id) => T): Ref<T> {
  const id = freshId(creator)
  return install(kernel, make(id))
}

/** Puts in an object whose id its maker has chosen, such as a name space that exists once. */
export function install<T extends KernelObject>(kernel: Kernel, object: T): Ref<T> {
  if (kernel.journal !== null) kernel.journal.save('objects', object.id)
  kernel.state.objects[object.id] = object
  if (!kernel.kinds.has(object.kind)) kernel.concerned = null
  kernel.kinds.add(object.kind)
  kernel.footprint.add(object.id, 0, WRITE, SEQ_CST)
  return object.id
}

/** Takes an object out of existence. */
export function destroy(kernel: Kernel, ref: Id): void {
  if (kernel.journal !== null) kernel.journal.save('objects', ref)
  kernel.footprint.add(ref, 0, WRITE, SEQ_CST)
  delete kernel.state.objects[ref]
}

/** Independent parts of a process. */
export const LIFE = 0
export const DESCRIPTORS = 1
export const MAPPINGS = 2
export const SIGNALS = 3
export const CREDENTIALS = 4
export const SCHED = 5

export function processOf(kernel: Kernel, thread: Thread): Process {
  const process = kernel.state.processes[thread.process]
  invariant(process !== undefined, 'a thread belongs to a process that exists', thread.id)
  return process
}

export function readsProcess(kernel: Kernel, id: Id, part: number): Process {
  kernel.footprint.add(id, part, READ, SEQ_CST)
  const process = kernel.state.processes[id]
  invariant(process !== undefined, 'a process id names a process that exists', id)
  return process
}

export function writesProcess(kernel: Kernel, id: Id, part: number): Process {
  kernel.footprint.add(id, part, READ | WRITE, SEQ_CST)
  if (kernel.journal !== null) kernel.journal.save('processes', id)
  const process = kernel.state.processes[id]
  invariant(process !== undefined, 'a process id names a process that exists', id)
  return process
}

export function threadOf(kernel: Kernel, id: Id): Thread {
  const thread = kernel.state.threads[id]
  invariant(thread !== undefined, 'a thread id names a thread that exists', id)
  return thread
}
