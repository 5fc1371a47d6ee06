import { type GiveUpReason, type Id, invariant, type Kernel, type Outcome, type Thread } from '../../kernel/index.ts'
import type { Opened } from './file.ts'

/**
 * What the calls on descriptors do to each kind of open file, as `struct file_operations` says it in Linux. A kind
 * registers its own; the calls know none of them.
 */

/** One way for bytes to go: `what` is how many to read, or what to write. */
export interface Transfer<O extends Opened, W> {
  attempt(kernel: Kernel, thread: Thread, open: O, what: W): Outcome
  /** Whether it would not wait now. Pure. Absent: it never waits. */
  mayProceed?(kernel: Kernel, thread: Thread, open: O, what: W): boolean
  /** The wait is ended from outside. Absent: EINTR. */
  giveUp?(kernel: Kernel, thread: Thread, open: O, what: W, reason: GiveUpReason): Outcome
  /** What it is about, as a reader would name it. */
  subject?(kernel: Kernel, open: O): string
  /** As a call's `blockers`. */
  blockers?(kernel: Kernel, open: O): readonly Id[] | null
}

export interface Operations<O extends Opened> {
  readonly read: Transfer<O, number>
  /** What is written has one character a byte. */
  readonly write: Transfer<O, string>
  /** The POLL flags that hold now. @param asked those that somebody wants to know of */
  poll(kernel: Kernel, open: O, asked: number): number
  /** FIONREAD: how many bytes could be read at once, or an errno. */
  unread(kernel: Kernel, open: O): number | string
}

const operations = new Map<string, Operations<Opened>>()

/** From now on open files of that kind do so. */
export function defineOperations<O extends Opened>(kind: O['kind'], those: Operations<O>): void {
  operations.set(kind, those as unknown as Operations<Opened>) // only ever called with open files of that kind
}

export function operationsOf({ kind }: Opened): Operations<Opened> {
  const those = operations.get(kind)
  invariant(those !== undefined, 'a kind of open files has its operations', kind)
  return those
}
