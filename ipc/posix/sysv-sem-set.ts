import {
  type Args,
  destroy,
  finish,
  finishWithError,
  type Id,
  type Kernel,
  listSleepers,
  type Process,
  peek,
  type Ref,
  sleepers,
  type Thread,
  threadOf,
  writes,
} from '../../kernel/index.ts'
import { IPC_NOWAIT, SEM_UNDO, SEMVMX } from './sysv-flags.ts'
import { dropId, dropKey, type IpcObject } from './sysv-ids.ts'
import { argsOf, choose } from './waiters.ts'

/**
 * A set of System V semaphores, and who waits for what to become of them: semop(2). The operations of one semop are done
 * all at once or not at all; who can't do them waits, and is served by hand-off as soon as all of them can be done. A
 * waiter for much does not hold back a later one for little.
 */

export interface SemSet extends IpcObject {
  readonly kind: 'sem set'
  values: number[]
  /** Who operated on each last. */
  pids: number[]
  /** What is to be added to each when a process ends: SEM_UNDO. */
  undo: Record<Id, number[]>
}

/** struct sembuf, with short names. */
export interface Operation extends Args {
  readonly num: number
  readonly op: number
  readonly flg: number
}

/** The queue of those who would change something, and of those who only wait for zeros. */
export const changersOf = (set: Id): Id => `${set}/change`
export const zeroWaitersOf = (set: Id): Id => `${set}/zero`

export const alters = (ops: readonly Operation[]): boolean => ops.some(({ op }) => op !== 0)
export const undoes = (ops: readonly Operation[]): boolean => ops.some(({ flg }) => (flg & SEM_UNDO) !== 0)

/** What would come of the operations now: the values and what is to be undone, an errno, or the one that has to wait. */
export type Trial =
  | { readonly how: 'done'; readonly values: Map<number, number>; readonly undo: Map<number, number> }
  | { readonly how: 'failed'; readonly errno: string }
  | { readonly how: 'waits'; readonly at: number }

/** Tries the operations in their order; the set stays as it is. */
export function tryOut(set: SemSet, process: Id, ops: readonly Operation[]): Trial {
  const values = new Map<number, number>()
  const undo = new Map<number, number>()
  for (const [at, { num, op, flg }] of ops.entries()) {
    const value = values.get(num) ?? set.values[num] ?? 0
    const blocked = op === 0 ? value !== 0 : value + op < 0
    if (blocked) return (flg & IPC_NOWAIT) !== 0 ? { how: 'failed', errno: 'EAGAIN' } : { how: 'waits', at }
    if (value + op > SEMVMX) return { how: 'failed', errno: 'ERANGE' }
    if ((flg & SEM_UNDO) !== 0) {
      const owed = (undo.get(num) ?? set.undo[process]?.[num] ?? 0) - op
      if (owed < -SEMVMX - 1 || owed > SEMVMX) return { how: 'failed', errno: 'ERANGE' }
      undo.set(num, owed)
    }
    values.set(num, value + op)
  }
  return { how: 'done', values, undo }
}

/** Does what a trial has shown to be possible. */
export function apply(set: SemSet, { id, pid }: Process, { values, undo }: Extract<Trial, { how: 'done' }>): void {
  for (const [num, value] of values) {
    set.values[num] = value
    set.pids[num] = pid
  }
  for (const [num, owed] of undo) {
    set.undo[id] ??= set.values.map(() => 0)
    ;(set.undo[id] as number[])[num] = owed
  }
}

/** Serves who can go on after those semaphores have changed: who waits for zeros first. `null`: any of them may have. */
export function serve(kernel: Kernel, ref: Ref<SemSet>, changed: readonly Operation[] | null): void {
  serveZeros(kernel, ref, changed)
  const queue = changersOf(ref)
  if (sleepers(kernel, queue) === 0) return
  for (;;) {
    const waiter = choose(kernel, queue, (one) => canGoOn(peek(kernel, ref), one))
    if (waiter === null) return
    const ops = grant(kernel, ref, waiter)
    if (ops !== null) serveZeros(kernel, ref, ops)
  }
}

function serveZeros(kernel: Kernel, ref: Ref<SemSet>, changed: readonly Operation[] | null): void {
  const set = peek(kernel, ref)
  const gotZero = changed === null ? set.values.includes(0) : changed.some(({ num }) => set.values[num] === 0)
  const queue = zeroWaitersOf(ref)
  if (!gotZero || sleepers(kernel, queue) === 0) return
  const waiters = listSleepers(kernel, queue).map((id) => threadOf(kernel, id))
  for (const waiter of waiters.filter((one) => canGoOn(set, one))) grant(kernel, ref, waiter)
}

/** Whether the waiter would not have to wait any more. If it would, it is noted which of its operations holds it up. */
function canGoOn(set: SemSet, waiter: Thread): boolean {
  const trial = tryOut(set, waiter.process, operationsOf(waiter))
  if (trial.how === 'waits' && waiter.call !== null) waiter.call.progress = trial.at
  return trial.how !== 'waits'
}

/** Ends the wait of one who need not wait. Says what was done; `null`: it failed. */
function grant(kernel: Kernel, ref: Ref<SemSet>, waiter: Thread): readonly Operation[] | null {
  const ops = operationsOf(waiter)
  const set = writes(kernel, ref)
  const trial = tryOut(set, waiter.process, ops)
  if (trial.how === 'done') {
    const process = kernel.state.processes[waiter.process]
    if (process !== undefined) apply(set, process, trial)
    finish(kernel, waiter, undefined)
    return ops
  }
  finishWithError(kernel, waiter, trial.how === 'failed' ? trial.errno : 'EAGAIN')
  return null
}

/** What a waiter wants done. */
const operationsOf = (waiter: Thread): readonly Operation[] => argsOf<Wanting>(waiter).ops

interface Wanting extends Args {
  readonly ops: readonly Operation[]
}

/** How many wait for that semaphore to grow, or to become zero. */
export function countWaiters(kernel: Kernel, ref: Ref<SemSet>, num: number, forZero: boolean): number {
  let count = 0
  for (const queue of [changersOf(ref), zeroWaitersOf(ref)]) {
    if (sleepers(kernel, queue) === 0) continue
    for (const id of listSleepers(kernel, queue)) {
      const waiter = threadOf(kernel, id)
      const held = operationsOf(waiter)[waiter.call?.progress ?? 0]
      if (held?.num === num && (forZero ? held.op === 0 : held.op < 0)) count += 1
    }
  }
  return count
}

/** The process has ended, and what it wanted undone is: none goes below 0 or above SEMVMX by that. */
export function undoFor(kernel: Kernel, ref: Ref<SemSet>, { id, pid }: Process): void {
  const set = writes(kernel, ref)
  const owed = set.undo[id]
  delete set.undo[id]
  if (owed === undefined) return
  for (const [num, by] of owed.entries()) {
    if (by === 0) continue
    set.values[num] = Math.min(SEMVMX, Math.max(0, (set.values[num] ?? 0) + by))
    set.pids[num] = pid
  }
  serve(kernel, ref, null)
}

/** Takes the set out of existence; whoever waits there fails with EIDRM. */
export function removeSet(kernel: Kernel, ref: Ref<SemSet>): void {
  const set = writes(kernel, ref)
  dropKey(kernel, 'sem', set)
  dropId(kernel, 'sem', set)
  for (const queue of [changersOf(ref), zeroWaitersOf(ref)]) {
    if (sleepers(kernel, queue) === 0) continue
    for (const id of listSleepers(kernel, queue)) finishWithError(kernel, threadOf(kernel, id), 'EIDRM')
  }
  destroy(kernel, ref)
}
