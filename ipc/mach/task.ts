import {
  type Args,
  type Call,
  call,
  createMemory,
  defineCall,
  definitionOf,
  destroy,
  done,
  endProcess,
  exists,
  FAIL,
  fail,
  finish,
  finishWithError,
  gone,
  type Id,
  type Kernel,
  LIFE,
  mapMemory,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  type Process,
  peek,
  processByPid,
  READ,
  RUNDOWN,
  readsProcess,
  registerSubsystem,
  release,
  retain,
  SEQ_CST,
  SLEEP,
  type Thread,
  threadOf,
  unmapMemory,
  WRITE,
} from '../../kernel/index.ts'
import { text, unsigned } from './args.ts'
import { error } from './errors.ts'
import { destroyName } from './right.ts'
import { allNames, type SpaceRef, spaceOf } from './space.ts'

/**
 * Tasks and threads. A task is a process; calls that take one are given `mach_task_self()`, or another's pid where real
 * programs have a right to its task port.
 */

const SELF = 0

/** The calling task. */
export const mach_task_self = (): number => SELF

/** The process that a call is about; `null` when there is none alive. */
export function taskOf(kernel: Kernel, thread: Thread, task: number): Id | null {
  if (task === SELF) return thread.process
  const process = processByPid(kernel, task)
  return process !== null && readsProcess(kernel, process.id, LIFE).status === 'alive' ? process.id : null
}

export function spaceOfTask(kernel: Kernel, thread: Thread, task: number): SpaceRef | null {
  const process = taskOf(kernel, thread, task)
  return process === null ? null : spaceOf(process)
}

/** A dying task gives up every right, in the order of their names. */
function endTask(kernel: Kernel, process: Process): void {
  const space = spaceOf(process.id)
  if (!exists(kernel, space)) return
  for (const name of allNames(kernel, space)) if (name in peek(kernel, space).entries) destroyName(kernel, space, name)
  destroy(kernel, space)
}

registerSubsystem({
  name: 'mach ports',
  rundown: RUNDOWN.ports,
  kind: 'mach space',
  holds(kernel, process) {
    kernel.footprint.add(spaceOf(process.id), 0, READ, SEQ_CST)
    return exists(kernel, spaceOf(process.id))
  },
  processExit: endTask,
})

interface TaskArgs extends Args {
  readonly task: number
}

const terminateDef = defineCall<TaskArgs, void>({
  name: 'task_terminate',
  error,
  stages: [
    {
      attempt(kernel, thread, { task }) {
        const id = taskOf(kernel, thread, task)
        if (id === null) return fail(kernel, 'MACH_SEND_INVALID_DEST')
        endProcess(kernel, readsProcess(kernel, id, LIFE), { code: null, signal: 'SIGKILL' })
        return thread.status === 'exited' ? gone() : done(kernel)
      },
    },
  ],
})

/**
 * Ends a task with all its threads; its rights are given up one by one, in the order of their names.
 * @throws MachError MACH_SEND_INVALID_DEST (there is no such task)
 */
export const task_terminate = (task: number): Call<void> => call(terminateDef, { task: unsigned(task) })

const abortDef = defineCall<{ readonly thread: Id }, void>({
  name: 'thread_abort',
  error,
  stages: [
    {
      attempt(kernel, _thread, { thread: id }) {
        // Whatever the thread does, and whoever wakes it, comes before or after.
        kernel.footprint.add(id, LIFE, READ | WRITE, SEQ_CST)
        const target = Object.hasOwn(kernel.state.threads, id) ? kernel.state.threads[id] : undefined
        if (target === undefined || target.status === 'exited') return fail(kernel, 'MACH_SEND_INVALID_DEST')
        abort(kernel, threadOf(kernel, id))
        return done(kernel)
      },
    },
  ],
})

/** Ends the call that the thread waits in, if it waits. */
function abort(kernel: Kernel, target: Thread): void {
  const { call: waiting } = target
  if (waiting === null || waiting.woken || waiting.outcome !== null) return
  const def = definitionOf(waiting)
  const stage = def?.stages[waiting.stage]
  // Who leaves no mark waits when an attempt would not go through.
  const waits = target.status === 'sleeping' || stage?.canProceed?.(kernel, target, waiting.args) === false
  if (!waits || def?.giveUp === undefined) return
  const outcome = def.giveUp(kernel, target, waiting.args, 'abort')
  if (outcome === SLEEP) return
  if (outcome === FAIL) finishWithError(kernel, target, kernel.code, kernel.detail)
  else finish(kernel, target, kernel.value)
}

/**
 * Ends the call that a thread waits in: mach_msg fails with MACH_SEND_INTERRUPTED or MACH_RCV_INTERRUPTED. To a thread
 * that does not wait it does nothing.
 * @throws MachError MACH_SEND_INVALID_DEST (there is no such thread)
 */
export const thread_abort = (thread: Id): Call<void> => call(abortDef, { thread: text(thread) })

const allocateDef = defineCall<TaskArgs & { readonly size: number }, number>({
  name: 'vm_allocate',
  error,
  stages: [
    {
      attempt(kernel, thread, { task, size }) {
        const id = taskOf(kernel, thread, task)
        if (id === null) return fail(kernel, 'MACH_SEND_INVALID_DEST')
        if (size === 0) return done(kernel, 0)
        if (size > SIZE_MAX) return fail(kernel, 'KERN_NO_SPACE')
        const object = createMemory(kernel, thread, 'memory', Math.ceil(size / PAGE_SIZE) * PAGE_SIZE)
        retain(kernel, object) // while it is being mapped
        const wish = { start: null, length: size, prot: PROT_READ | PROT_WRITE, shared: false, object, offset: 0 }
        const address = mapMemory(kernel, id, wish)
        release(kernel, object)
        return done(kernel, address)
      },
    },
  ],
})

/** What a 32-bit task may have: 3 GiB. */
const SIZE_MAX = 0xc000_0000

/**
 * Gives a task zeroed memory of its own, wherever there is room; returns the address.
 * @throws MachError MACH_SEND_INVALID_DEST (there is no such task), KERN_NO_SPACE
 */
export const vm_allocate = (task: number, size: number): Call<number> =>
  call(allocateDef, { task: unsigned(task), size: unsigned(size) })

const deallocateDef = defineCall<TaskArgs & { readonly address: number; readonly size: number }, void>({
  name: 'vm_deallocate',
  error,
  stages: [
    {
      attempt(kernel, thread, { task, address, size }) {
        const id = taskOf(kernel, thread, task)
        if (id === null) return fail(kernel, 'MACH_SEND_INVALID_DEST')
        const from = address - (address % PAGE_SIZE)
        if (size > 0) unmapMemory(kernel, id, from, address + size - from)
        return done(kernel)
      },
    },
  ],
})

/**
 * Unmaps every page that the range touches; what is not mapped is passed over.
 * @throws MachError MACH_SEND_INVALID_DEST (there is no such task)
 */
export const vm_deallocate = (task: number, address: number, size: number): Call<void> =>
  call(deallocateDef, { task: unsigned(task), address: unsigned(address), size: unsigned(size) })
