import { type Outcome, SLEEP } from './call.ts'
import { disarmTimer } from './clock.ts'
import { invariant } from './errors.ts'
import { READ, SEQ_CST, WRITE } from './footprint.ts'
import { type Kernel, threadOf } from './kernel.ts'
import { type Data, type Id, type Queue, returned, type Thread, type WakeOrder } from './state.ts'

/**
 * Sleeping and waking. A queue is a doubly linked list through the threads that sleep on it, so that joining, leaving
 * from the middle (a time-out, a signal) and waking the first or last cost the same however many sleep.
 */

/**
 * The caller falls asleep on `queue`: `return sleep(kernel, thread, pipe.readable)`. Falling asleep is part of the same
 * transition as the test that found it could not go on, so no wake-up can come between the two.
 */
export function sleep(kernel: Kernel, thread: Thread, queue: Id): Outcome {
  invariant(thread.queue === null, 'a thread sleeps on one queue at a time', thread.id)
  const list = touch(kernel, queue)
  if (list === undefined) {
    kernel.state.queues[queue] = { first: thread.id, last: thread.id, length: 1 }
  } else {
    threadOf(kernel, list.last).behind = thread.id
    thread.ahead = list.last
    list.last = thread.id
    list.length += 1
  }
  thread.queue = queue
  thread.status = 'sleeping'
  return SLEEP
}

/** How many sleep on the queue. */
export function sleepers(kernel: Kernel, queue: Id): number {
  kernel.footprint.add(queue, 0, READ, SEQ_CST)
  return kernel.state.queues[queue]?.length ?? 0
}

/** The thread that a wake-up by `order` would choose, left where it is; `any` asks the decider. */
export function firstSleeper(kernel: Kernel, queue: Id, order: WakeOrder): Thread | null {
  const list = touch(kernel, queue)
  if (list === undefined) return null
  const { urgent } = kernel
  if ((order === 'fifo' && urgent === null) || list.length === 1) return threadOf(kernel, list.first)
  if (order === 'lifo') return threadOf(kernel, list.last)
  const ids = listSleepers(kernel, queue)
  const at =
    order === 'fifo' && urgent !== null ? urgent(ids) : kernel.door.pick('wake', queue, ids.length, (i) => ids[i] ?? '')
  return threadOf(kernel, ids[at] ?? list.first)
}

/** Those asleep on the queue, in order of arrival. */
export function listSleepers(kernel: Kernel, queue: Id): Id[] {
  const ids: Id[] = []
  let id = kernel.state.queues[queue]?.first ?? null
  while (id !== null) {
    ids.push(id)
    id = threadOf(kernel, id).behind
  }
  return ids
}

/** Wakes one thread, which will attempt its stage again; says which, or `null` when nobody sleeps. */
export function wakeOne(kernel: Kernel, queue: Id, order: WakeOrder, word: Data = null): Id | null {
  const thread = firstSleeper(kernel, queue, order)
  if (thread === null) return null
  wake(kernel, thread, word)
  return thread.id
}

/** Wakes everybody, in order of arrival (`lifo`: the other way round). */
export function wakeAll(kernel: Kernel, queue: Id, order: WakeOrder = 'fifo', word: Data = null): number {
  let count = 0
  while (wakeOne(kernel, queue, order === 'lifo' ? 'lifo' : 'fifo', word) !== null) count += 1
  return count
}

/**
 * Wakes this sleeper, wherever it sleeps; it will attempt its stage again and find `word` in `call.wake`. Its time is
 * not up any more: should it have to sleep again, its deadline is set anew.
 */
export function wake(kernel: Kernel, thread: Thread, word: Data = null): void {
  if (thread.timer !== 0) disarmTimer(kernel, thread)
  if (thread.call !== null) {
    thread.call.woken = true
    if (word !== null) thread.call.wake = word
  }
  rouse(kernel, thread)
}

/** Takes the sleeper out of its sleep for something else than what it waits for: a signal. */
export function rouse(kernel: Kernel, thread: Thread): void {
  leaveQueue(kernel, thread)
  if (thread.status === 'sleeping') thread.status = 'ready'
  kernel.woken.push(thread.id)
}

/** Hand-off: the sleeper's call is over, and returns `value` without another attempt. */
export function finish(kernel: Kernel, thread: Thread, value: unknown): void {
  invariant(thread.call !== null, 'a call that is finished for its caller is in progress', thread.id)
  thread.call.outcome = returned(value)
  wake(kernel, thread)
}

/** Hand-off of a failure. */
export function finishWithError(kernel: Kernel, thread: Thread, code: string, detail: Data = null): void {
  invariant(thread.call !== null, 'a call that is finished for its caller is in progress', thread.id)
  thread.call.outcome = { code, detail }
  wake(kernel, thread)
}

/** Takes the thread off whatever queue it is on, without waking it. */
export function leaveQueue(kernel: Kernel, thread: Thread): void {
  const queue = thread.queue
  if (queue === null) return
  const list = touch(kernel, queue)
  invariant(list !== undefined, "a thread's queue exists", queue)
  if (list.length === 1) {
    delete kernel.state.queues[queue]
  } else {
    list.length -= 1
    if (thread.ahead === null) list.first = thread.behind ?? ''
    else threadOf(kernel, thread.ahead).behind = thread.behind
    if (thread.behind === null) list.last = thread.ahead ?? ''
    else threadOf(kernel, thread.behind).ahead = thread.ahead
  }
  thread.queue = null
  thread.ahead = null
  thread.behind = null
}

/** Moves a sleeper to another queue without waking it (FUTEX_REQUEUE). */
export function requeue(kernel: Kernel, thread: Thread, queue: Id): void {
  leaveQueue(kernel, thread)
  sleep(kernel, thread, queue)
}

function touch(kernel: Kernel, queue: Id): Queue | undefined {
  kernel.footprint.add(queue, 0, READ | WRITE, SEQ_CST)
  if (kernel.journal !== null) kernel.journal.save('queues', queue)
  return kernel.state.queues[queue]
}
