import {
  destroy,
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  madeOnce,
  peek,
  type Ref,
  RUNDOWN,
  registerSubsystem,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { type SemSet, undoFor } from './sysv-sem-set.ts'

/** SEM_UNDO: the sets to which a process owes something when it ends. Its threads share the list; a child begins with none. */

interface UndoList extends KernelObject {
  readonly kind: 'sem undo'
  /** Newest last. */
  sets: Id[]
}

const listOf = madeOnce<UndoList>((process) => `${process}/undo`)

/** The process may owe something to that set from now on. */
export function noteUndo(kernel: Kernel, thread: Thread, set: Ref<SemSet>): void {
  const id = listOf(thread.process)
  if (!exists(kernel, id)) install<UndoList>(kernel, { id, kind: 'sem undo', sets: [] })
  if (!peek(kernel, id).sets.includes(set)) writes(kernel, id).sets.push(set)
}

registerSubsystem({
  name: 'sem undo',
  rundown: RUNDOWN.semUndo,
  kind: 'sem undo',
  holds: (kernel, process) => exists(kernel, listOf(process.id)),
  processExit(kernel, process) {
    const id = listOf(process.id)
    if (!exists(kernel, id)) return
    const sets = peek(kernel, id).sets.slice().reverse()
    destroy(kernel, id)
    for (const set of sets) if (exists(kernel, set)) undoFor(kernel, set, process)
  },
})
