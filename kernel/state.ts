/**
 * The kernel's whole state: plain data, and a tree. Numbers, strings, booleans, `null`, arrays and plain objects,
 * no object reachable twice: whatever refers does so by id. So it can be printed, hashed, compared, sent to a worker
 * and drafted by immer. Only the users' generators live outside (machine.ts).
 */

/** Names a kernel object: its creator's id and the creator's count, so that unrelated creations don't depend on each other. */
export type Id = string

export type Data = null | boolean | number | string | readonly Data[] | { readonly [key: string]: Data }

/** Who is woken first. `any`: no order is promised, and the decider picks. */
export type WakeOrder = 'any' | 'fifo' | 'lifo'

export const signals = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
  'SIGBUS',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGCHLD',
] as const
export type Signal = (typeof signals)[number]

export interface KernelState {
  /** Virtual nanoseconds since boot; also what CLOCK_REALTIME shows, counted from the epoch below. */
  clock: number
  /** The wake order of objects that promise none of their own. */
  readonly wakeOrder: WakeOrder
  processes: Record<Id, Process>
  threads: Record<Id, Thread>
  /** Everything else that calls refer to: memory objects, open file descriptions, name spaces, mailboxes, ports … */
  objects: Record<Id, KernelObject>
  /** Physical pages. */
  frames: Record<Id, Frame>
  /** Wait queues with somebody in them; an empty one has no entry. */
  queues: Record<Id, Queue>
  /** A heap ordered by (at, number); a cancelled timer stays until it comes to the top (clock.ts). */
  timers: Timer[]
  timersSet: number
}

export interface Process {
  readonly id: Id
  readonly pid: number
  readonly parent: Id | null
  uid: number
  gid: number
  /** Higher is more urgent. Only policies look at it; children have their parent's. */
  priority: number
  /** What policies go by beside it; `null` when nothing was said. */
  sched: Sched | null
  umask: number
  status: 'alive' | 'zombie' | 'reaped'
  /** How it ended; `null` while it lives. */
  exit: ExitStatus | null
  /** It has had more than one thread. */
  threaded: boolean
  /** Live threads, in the order in which they came to be. */
  threads: Id[]
  /** Children not yet waited for, as a set. */
  children: Record<Id, true>
  /** Open descriptors: number to open file description. */
  descriptors: Record<number, Id>
  /** Sorted by start, never overlapping. */
  mappings: Mapping[]
  /** Where the next mapping without a wished address goes. */
  nextAddress: number
  dispositions: Partial<Record<Signal, Disposition>>
}

/** What policies go by (sched.ts); `null` stands for what was not said. Times in virtual ns. */
export interface Sched {
  /** From -20, the most favoured, to 19. */
  nice: number
  tickets: number | null
  /** CPU time that it will need in all. */
  length: number | null
  /** From one release of a periodic task to the next. */
  period: number | null
  /** From each release until the job has to be done. */
  deadline: number | null
  /** Of the job under way; the first is the arrival. */
  release: number
  /** The CPUs that it may run on. */
  cpus: number[] | null
}

/**
 * What nearly all processes have nothing in, and nearly all threads: one empty table and one empty list for them all, which
 * nobody can write to. They alone are reached by several ways, which makes no difference while they are empty.
 */
export const NO_ENTRIES: Readonly<Record<string, never>> = Object.freeze({})
export const NO_ITEMS: never[] = Object.freeze([] as never[]) as never[] // a write to it throws

type Table = 'children' | 'descriptors' | 'dispositions'

/** A table of the process, to put something in. */
export function ownTable<T extends Table>(process: Process, table: T): Process[T] {
  if (process[table] === NO_ENTRIES) process[table] = {} as Process[T] // there is nothing in it
  return process[table]
}

export interface ExitStatus {
  code: number | null
  signal: Signal | null
}

export interface Disposition {
  how: 'ignore' | 'handler'
  /** Key of the handler's program in the machine's table; `null` for a handler that only counts (driven by hand). */
  handler: Id | null
  /** SA_RESTART. */
  restart: boolean
  /** Times the handler was entered. */
  count: number
}

export interface Thread {
  readonly id: Id
  readonly process: Id
  /** `idle` has no program (it is driven by hand); `sleeping` is on a wait queue or waits for its timer. */
  status: 'idle' | 'ready' | 'sleeping' | 'exited'
  /** The call it stands before or is in; `null` while idle or exited. */
  call: CallState | null
  /** Its place on a wait queue: the queue and its neighbours. */
  queue: Id | null
  ahead: Id | null
  behind: Id | null
  /** Number of its armed timer, 0 for none. */
  timer: number
  /** Signals to be delivered, oldest first. */
  pending: Signal[]
  /** Calls that a signal handler, which makes calls of its own, has interrupted; the newest last. */
  interrupted: InterruptedCall[]
  /** How many kernel objects it has created. */
  created: number
}

/** A call that waits for a signal handler to end, and the time until which it was waiting, if there was one. */
export interface InterruptedCall {
  /** The handler's signal, which is held back until it ends. */
  readonly signal: Signal
  call: CallState
  until: number | null
}

/** A call in progress, as data. */
export interface CallState {
  name: string
  args: { readonly [name: string]: Data }
  stage: number
  /** It has slept, in this stage or an earlier one. */
  slept: boolean
  /** What it slept for has woken it, and it has not looked yet: no signal and no time-out comes between. */
  woken: boolean
  /** How much of it is done: bytes taken, items sent … */
  progress: number
  /** Objects that must outlive the call, whatever happens to their names and handles. */
  pins: Id[] | null
  /** A word from whoever woke it. */
  wake: Data
  /** What earlier stages left for later ones. */
  saved: Data
  /** Set when a waker has finished the call (hand-off). */
  outcome: CallOutcome | null
}

/** What a call returned, `{}` for nothing, or the code it failed with. */
export type CallOutcome = { value?: unknown } | { code: string; detail: Data }

/** The outcome of a call that returns `value`; in the state there is no `undefined`. */
export const returned = (value: unknown): CallOutcome => (value === undefined ? {} : { value })

/** Any other kernel object; each subsystem extends it with its kinds. */
export interface KernelObject {
  readonly id: Id
  readonly kind: string
}

/** A page of memory: 32-bit words as signed integers. Words past the end of the array are zero. */
export interface Frame {
  /** How many mappings' private copies or memory objects hold it. */
  refs: number
  words: number[]
}

export interface Mapping {
  start: number
  length: number
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  prot: number
  /** Whether PROT_WRITE can be given to it: not to what is shared from a read-only descriptor. */
  readonly mayWrite: boolean
  shared: boolean
  /** The memory object, and where in it the mapping starts (bytes, a multiple of the page size). */
  object: Id
  offset: number
  /** Pages of a private mapping that were written to: page number in the mapping to frame. */
  copied: Record<number, Id>
}

export interface Queue {
  first: Id
  last: Id
  length: number
}

export interface Timer {
  at: number
  number: number
  thread: Id
}

/** An id that says what it names, so that `reads(kernel, ref)` is typed. */
export type Ref<T extends KernelObject> = Id & { readonly '->'?: T }

export function emptyState(wakeOrder: WakeOrder): KernelState {
  return {
    clock: 0,
    wakeOrder,
    processes: {},
    threads: {},
    objects: {},
    frames: {},
    queues: {},
    timers: [],
    timersSet: 0,
  }
}
