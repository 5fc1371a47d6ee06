import { type Args, type Id, invariant, type Kernel, listSleepers, type Thread, threadOf } from '../../kernel/index.ts'

/** Of those who wait on a queue and could be served, the one who is. `any`: the decider's choice. */
export function choose(kernel: Kernel, queue: Id, suits: (waiter: Thread) => boolean): Thread | null {
  const { wakeOrder } = kernel.state
  if (wakeOrder === 'fifo') return oldest(kernel, queue, suits)
  const ids = listSleepers(kernel, queue).filter((id) => suits(threadOf(kernel, id)))
  if (ids.length === 0) return null
  let at = ids.length - 1
  if (wakeOrder === 'any' && ids.length > 1) at = kernel.door.pick('wake', queue, ids.length, (i) => ids[i] ?? '')
  return threadOf(kernel, ids[at] ?? '')
}

/** Looks no further than the first, for there may be thousands. */
function oldest(kernel: Kernel, queue: Id, suits: (waiter: Thread) => boolean): Thread | null {
  let id = kernel.state.queues[queue]?.first ?? null
  while (id !== null) {
    const waiter = threadOf(kernel, id)
    if (suits(waiter)) return waiter
    id = waiter.behind
  }
  return null
}

/** The arguments of the call that the thread waits in, which the queue that it waits on tells. */
export function argsOf<A extends Args>({ id, call }: Thread): A {
  invariant(call !== null, 'who waits is in a call', id)
  return call.args as A // whoever sleeps on a queue is in one of the calls that sleep there
}
