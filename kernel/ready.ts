import type { Call, Program } from './call.ts'
import type { Tlb, Walker } from './kernel.ts'
import { type Id, NO_ITEMS, type Thread } from './state.ts'
import type { Watch } from './watch.ts'

/** A thread as the machine runs it: its generator and the call it stands before, which can't be in the state. */
export class Task implements Walker {
  readonly id: Id
  /** How many came to be before it in its run; in every run the same for those that exist from the start. */
  readonly number: number
  /** It exists from the start of every run. */
  readonly original: boolean
  /** The thread's record while the state is changed in place. */
  thread: Thread
  /** Its thread has come to its end. */
  ended = false
  /** `null`: driven by hand. */
  program: Program<unknown> | null
  pending: Call<unknown> | null = null
  /** Programs, and the calls that they stand before, under a running signal handler. */
  interrupted: { program: Program<unknown> | null; pending: Call<unknown> | null }[] = NO_ITEMS
  /** Where it is in the ready set, -1 when it isn't. */
  slot = -1
  tlb: Tlb | null = null
  /** On how many parts of objects its guard hangs, while it has one. */
  watching = 0
  /** The first so many of these are on, the others are kept for later. */
  watches: Watch[] = NO_ITEMS
  /** By which question of `Watches` it was found last. */
  found = 0
  /** What a policy keeps of it. */
  kept: object | null = null
  /** What a call that was made by hand came to. */
  result: HandResult | null = null

  constructor(id: Id, number: number, thread: Thread, program: Program<unknown> | null, original: boolean) {
    this.id = id
    this.number = number
    this.original = original
    this.thread = thread
    this.program = program
  }

  /** Begins again with another program, or the same one from its start. */
  restart(thread: Thread, program: Program<unknown> | null): void {
    this.thread = thread
    this.program = program
    this.pending = null
    this.ended = false
    this.slot = -1
    this.result = null
    this.watching = 0
    this.kept = null
    this.interrupted = NO_ITEMS
  }
}

export type HandResult = { readonly value: unknown } | { readonly error: unknown }

/**
 * The threads that could take the next step. Place 0 is the running thread's, if it can go on; the others stand in an
 * order that depends on nothing but what happened. Joining, leaving and choosing cost the same however many there are.
 */
export class ReadySet {
  readonly #tasks: Task[] = []
  size = 0

  at(index: number): Task {
    return this.#tasks[index] as Task // callers ask below size
  }

  add(task: Task): void {
    if (task.slot >= 0) return
    task.slot = this.size
    this.#tasks[this.size] = task
    this.size += 1
  }

  remove(task: Task): void {
    const { slot } = task
    if (slot < 0) return
    this.size -= 1
    const last = this.#tasks[this.size] as Task // size was above 0, since the task was in
    this.#tasks[slot] = last
    last.slot = slot
    task.slot = -1
  }

  /** Makes the task the running one. */
  toFront(task: Task): void {
    const { slot } = task
    if (slot <= 0) return
    const front = this.#tasks[0] as Task // as in `remove`
    this.#tasks[0] = task
    this.#tasks[slot] = front
    front.slot = slot
    task.slot = 0
  }

  clear(): void {
    for (let i = 0; i < this.size; i++) this.at(i).slot = -1
    this.size = 0
  }
}
