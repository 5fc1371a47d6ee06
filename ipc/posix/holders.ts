import { type Counted, type Description, type Id, type Kernel, peek, type Ref, threadsOf } from '../../kernel/index.ts'
import type { Opened } from './file.ts'

/** What an open file leads to, and others may lead to as well. */
interface Leading extends Opened {
  readonly pipe?: Id
  readonly socket?: Id
}

/**
 * The threads of the processes that have such an open file of the pipe or socket; `null` when that is not exactly
 * known, because one is on its way from process to process or held by a call.
 */
export function whoHas(kernel: Kernel, object: Ref<Counted>, such: (open: Opened) => boolean): readonly Id[] | null {
  const found = new Map<Id, number>()
  const threads = new Set<Id>()
  for (const id of Object.keys(kernel.state.processes)) {
    for (const ref of Object.values(kernel.state.processes[id]?.descriptors ?? {})) {
      const open = peek<Leading>(kernel, ref)
      if ((open.pipe ?? open.socket) !== object || !such(open)) continue
      found.set(ref, (found.get(ref) ?? 0) + 1)
      for (const thread of threadsOf(kernel, id)) threads.add(thread)
    }
  }
  for (const [ref, count] of found) if (peek<Description>(kernel, ref).refs !== count) return null
  return [...threads]
}
