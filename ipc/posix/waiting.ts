import {
  type Args,
  fail,
  type Id,
  type Kernel,
  NEXT,
  next,
  type Outcome,
  peek,
  pin,
  pinned,
  processOf,
  type Ref,
  SLEEP,
  type Stage,
  sleepOn,
  type Thread,
  unpin,
  wakeAll,
  wakeOne,
} from '../../kernel/index.ts'
import { type Opened, openFileAt } from './file.ts'

/** Calls that may wait for what comes through a descriptor. */

export interface OnFd extends Args {
  readonly fd: number
}

/** What a call does to the open file behind its descriptor. */
export interface OnOpened<A> {
  /** Whether it would not wait now. Pure. */
  mayProceed(kernel: Kernel, thread: Thread, open: Opened, args: A): boolean
  attempt(kernel: Kernel, thread: Thread, open: Opened, args: A): Outcome
}

/**
 * The stages of such a call. Who waits holds the open file, whatever becomes of the descriptor meanwhile: close(2) in
 * another thread neither ends the call nor closes the file under it. Where there is no other thread nobody could.
 */
export function stagesOn<A extends OnFd>({ mayProceed, attempt }: OnOpened<A>): readonly Stage<A>[] {
  return [
    {
      canProceed(kernel, thread, args) {
        const open = openFileAt(kernel, thread, args.fd)
        return open === null || processOf(kernel, thread).threaded || mayProceed(kernel, thread, open, args)
      },
      attempt(kernel, thread, args) {
        const open = openFileAt(kernel, thread, args.fd)
        if (open === null) return fail(kernel, 'EBADF')
        if (!processOf(kernel, thread).threaded) return attempt(kernel, thread, open, args)
        const mayNot = !mayProceed(kernel, thread, open, args)
        kernel.stage = HOLDING
        const outcome = mayNot ? next(kernel, HOLDING) : attempt(kernel, thread, open, args)
        if (outcome === NEXT || outcome === SLEEP) hold(kernel, thread, open)
        return outcome
      },
    },
    {
      canProceed: (kernel, thread, args) => mayProceed(kernel, thread, held(kernel, thread), args),
      attempt: (kernel, thread, args) => attempt(kernel, thread, held(kernel, thread), args),
    },
  ]
}

/** The stage in which a call holds its open file. */
const HOLDING = 1

function hold(kernel: Kernel, thread: Thread, open: Opened): void {
  unpin(kernel, thread) // a call that is restarted has pinned one before
  pin(kernel, thread, open.id as Ref<Opened>)
}

const held = (kernel: Kernel, thread: Thread): Opened => peek<Opened>(kernel, pinned(thread)[0] as Ref<Opened>) // stage 0 pinned it

/** The open file that a call is about; `null` when its descriptor is none. */
export function openedBy(kernel: Kernel, thread: Thread, { fd }: OnFd): Opened | null {
  return thread.call?.stage === HOLDING ? held(kernel, thread) : openFileAt(kernel, thread, fd)
}

/** A call that is begun anew looks up its descriptor again, and whether it may wait. */
export function startsOver(): void {}

/** Whether the call has not waited yet. */
export const isFresh = ({ call }: Thread): boolean =>
  call === null || (call.stage === 0 && !call.slept && call.progress === 0)

/** Waits in the queue; where no order is promised, for its guard to open. */
export function waitOn(kernel: Kernel, thread: Thread, queue: Id): Outcome {
  return kernel.state.wakeOrder === 'any' ? next(kernel, kernel.stage) : sleepOn(kernel, thread, queue)
}

/** Wakes the next of the queue. Where no order is promised nobody is in it: the decider chooses who goes on. */
export function wakeNext(kernel: Kernel, queue: Id): void {
  const { wakeOrder } = kernel.state
  if (wakeOrder !== 'any') wakeOne(kernel, queue, wakeOrder)
}

/** Wakes all of the queue. */
export function wakeEach(kernel: Kernel, queue: Id): void {
  const { wakeOrder } = kernel.state
  if (wakeOrder !== 'any') wakeAll(kernel, queue, wakeOrder)
}
