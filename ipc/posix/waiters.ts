import { type Args, type Id, invariant, type Kernel, type Thread, threadOf } from '../../kernel/index.ts'

/** Of those who wait on a queue, oldest first, and could all be served, the one who is. `any`: the decider's choice. */
export function choose(kernel: Kernel, queue: Id, ids: readonly Id[]): Thread | null {
  const { wakeOrder } = kernel.state
  if (ids.length === 0) return null
  let at = wakeOrder === 'lifo' ? ids.length - 1 : 0
  if (wakeOrder === 'any' && ids.length > 1) at = kernel.door.pick('wake', queue, ids.length, (i) => ids[i] ?? '')
  return threadOf(kernel, ids[at] ?? '')
}

/** The arguments of the call that the thread waits in, which the queue that it waits on tells. */
export function argsOf<A extends Args>({ id, call }: Thread): A {
  invariant(call !== null, 'who waits is in a call', id)
  return call.args as A // whoever sleeps on a queue is in one of the calls that sleep there
}
