import { type Args, type Call, call, defineCall, type Program } from './call.ts'
import { cheaply, PosixError } from './errors.ts'
import { endProcess, endThread } from './exit.ts'
import { READ, SEQ_CST, WHOLE } from './footprint.ts'
import {
  CREDENTIALS,
  done,
  fail,
  freshId,
  gone,
  type Kernel,
  LIFE,
  processOf,
  readsProcess,
  SIGNALS,
  threadOf,
  writesProcess,
} from './kernel.ts'
import { numberProcess, numberThread, processByPid } from './pids.ts'
import { sleep } from './queue.ts'
import { sendSignal } from './signal.ts'
import {
  type Data,
  type Id,
  NO_ENTRIES,
  NO_ITEMS,
  ownTable,
  type Process,
  type Signal,
  signals,
  type Thread,
} from './state.ts'
import { tellFork } from './subsystems.ts'

/** Processes and threads: making them, waiting for them, ending them, and what programs may ask about themselves. */

export interface NewProcess {
  readonly id: Id
  readonly parent: Id | null
  readonly uid: number
  readonly gid: number
}

/** Makes a process without threads. */
export function createProcess(kernel: Kernel, wish: NewProcess): Process {
  kernel.state.processes[wish.id] = {
    id: wish.id,
    pid: numberProcess(kernel, wish.id),
    parent: wish.parent,
    uid: wish.uid,
    gid: wish.gid,
    priority: 0,
    sched: null,
    umask: 0o022,
    status: 'alive',
    exit: null,
    threaded: false,
    threads: NO_ITEMS,
    children: NO_ENTRIES,
    descriptors: NO_ENTRIES,
    mappings: NO_ITEMS,
    nextAddress: 0x10000,
    dispositions: NO_ENTRIES,
  }
  return writesProcess(kernel, wish.id, LIFE)
}

/** Makes a thread in a process, idle until it is given a program. */
export function createThread(kernel: Kernel, process: Process, id: Id): Thread {
  if (id !== process.id) numberThread(kernel, id)
  kernel.journal?.saveNewThread(id)
  kernel.state.threads[id] = {
    id,
    process: process.id,
    status: 'idle',
    call: null,
    queue: null,
    ahead: null,
    behind: null,
    timer: 0,
    pending: NO_ITEMS,
    interrupted: NO_ITEMS,
    created: 0,
  }
  const owner = writesProcess(kernel, process.id, LIFE)
  if (owner.threads === NO_ITEMS) owner.threads = [id]
  else owner.threads.push(id)
  return threadOf(kernel, id)
}

/** A child with copies of the parent's descriptors, mappings (private pages copied on write), dispositions and credentials. */
export function forkProcess(kernel: Kernel, parentId: Id, id: Id): Process {
  const parent = writesProcess(kernel, parentId, LIFE)
  // Of all that the child gets a copy of, and that other threads may be changing.
  if (parent.threaded) kernel.footprint.add(parentId, WHOLE, READ, SEQ_CST)
  const child = createProcess(kernel, { id, parent: parentId, uid: parent.uid, gid: parent.gid })
  child.priority = parent.priority
  if (parent.sched !== null) child.sched = { ...parent.sched, length: null, period: null, deadline: null }
  child.umask = parent.umask
  for (const signal of Object.keys(parent.dispositions) as Signal[]) {
    const disposition = parent.dispositions[signal]
    if (disposition !== undefined) ownTable(child, 'dispositions')[signal] = { ...disposition, count: 0 }
  }
  tellFork(kernel, parent, child)
  ownTable(parent, 'children')[id] = true
  return child
}

const error = (code: string, name: string, detail: Data) => cheaply(() => new PosixError(code, name, detail))

type None = Record<string, never>

const forkDef = defineCall<Args, number>({
  name: 'fork',
  error,
  synchronizes: 'none',
  stages: [
    {
      attempt(kernel, thread) {
        const { program, args } = kernel.extra as Starting // fork() puts nothing else there
        thread.created += 1
        const child = forkProcess(kernel, thread.process, `${thread.id}/${thread.created}`)
        createThread(kernel, child, child.id)
        kernel.spawned.push({ thread: child.id, program, args })
        return done(kernel, child.pid)
      },
    },
  ],
})

interface Starting {
  readonly program: unknown
  readonly args: readonly unknown[]
}

/**
 * Makes a child process that runs `program(...args)`; returns its pid. The child has the parent's descriptors and
 * mappings; private pages are copied on write. Generators can't be cloned, so the child's program is named. fork(2)
 */
export function fork<A extends readonly unknown[]>(
  program: (...args: A) => Program<unknown>,
  ...args: A
): Call<number> {
  return call(forkDef, { program: program.name }, { program, args })
}

const threadCreateDef = defineCall<Args, Id>({
  name: 'thread_create',
  error,
  synchronizes: 'none',
  stages: [
    {
      attempt(kernel, thread) {
        const { program, args } = kernel.extra as Starting // as above
        const id = `${freshId(thread)}+`
        createThread(kernel, processOf(kernel, thread), id)
        processOf(kernel, thread).threaded = true
        kernel.spawned.push({ thread: id, program, args })
        return done(kernel, id)
      },
    },
  ],
})

/** Makes a further thread of the calling process that runs `program(...args)`; returns its id, for `thread_join`. */
export function thread_create<A extends readonly unknown[]>(
  program: (...args: A) => Program<unknown>,
  ...args: A
): Call<Id> {
  return call(threadCreateDef, { program: program.name }, { program, args })
}

const exitDef = defineCall<{ readonly code: number }, never>({
  name: 'exit',
  error,
  synchronizes: 'releases',
  stages: [
    {
      attempt(kernel, thread, { code }) {
        endProcess(kernel, processOf(kernel, thread), { code: code & 0xff, signal: null })
        return gone()
      },
    },
  ],
})

/** Ends the calling process with all its threads. _exit(2) */
export const exit = (code = 0): Call<never> => call(exitDef, { code })

const threadExitDef = defineCall<None, never>({
  name: 'thread_exit',
  error,
  synchronizes: 'releases',
  stages: [
    {
      attempt(kernel, thread) {
        endThread(kernel, processOf(kernel, thread), thread)
        return gone()
      },
    },
  ],
})

/** Ends the calling thread, and with the last one the process. pthread_exit(3) */
export const thread_exit = (): Call<never> => call(threadExitDef, {})

const killDef = defineCall<{ readonly pid: number; readonly signal: Signal | '0' }, void>({
  name: 'kill',
  error,
  stages: [
    {
      attempt(kernel, thread, { pid, signal }) {
        if (signal !== '0' && !signals.includes(signal)) return fail(kernel, 'EINVAL')
        const target = processByPid(kernel, pid)
        if (target === null || readsProcess(kernel, target.id, LIFE).status === 'reaped') return fail(kernel, 'ESRCH')
        const own = readsProcess(kernel, thread.process, CREDENTIALS)
        if (own.uid !== 0 && own.uid !== readsProcess(kernel, target.id, CREDENTIALS).uid) return fail(kernel, 'EPERM')
        if (signal !== '0') sendSignal(kernel, target, signal)
        return thread.status === 'exited' ? gone() : done(kernel)
      },
    },
  ],
})

/** Sends a signal; `'0'` only checks. @throws PosixError EINVAL, ESRCH, EPERM. kill(2) */
export const kill = (pid: number, signal: Signal | '0' = 'SIGTERM'): Call<void> => call(killDef, { pid, signal })

interface ActionArgs extends Args {
  readonly signal: Signal
  readonly how: 'handler' | 'ignore' | 'default'
  readonly restart: boolean
}

/** For those who drive by hand, too: a handler without a program only counts. */
export const sigactionDef = defineCall<ActionArgs, void>({
  name: 'sigaction',
  error,
  stages: [
    {
      attempt(kernel, thread, { signal, how, restart }) {
        if (!signals.includes(signal) || signal === 'SIGKILL') return fail(kernel, 'EINVAL')
        const process = writesProcess(kernel, thread.process, SIGNALS)
        if (how === 'default') {
          delete process.dispositions[signal]
          return done(kernel)
        }
        let handler: Id | null = null
        if (kernel.extra !== null) {
          handler = freshId(thread)
          kernel.handlers.set(handler, kernel.extra)
        }
        const count = process.dispositions[signal]?.count ?? 0
        ownTable(process, 'dispositions')[signal] = { how, handler, restart, count }
        return done(kernel)
      },
    },
  ],
})

/** What a signal does: `'default'`, `'ignore'`, or a program that runs on the receiving thread's stack and may make calls. */
export type Action = 'default' | 'ignore' | ((signal: Signal) => Program<unknown>)

/**
 * Sets what a signal does to the calling process.
 * @param restart SA_RESTART: calls that can be restarted are, after the handler, instead of failing with EINTR
 * @throws PosixError EINVAL (SIGKILL, or no signal). sigaction(2)
 */
export function sigaction(signal: Signal, action: Action, { restart = false } = {}): Call<void> {
  const how = typeof action === 'function' ? 'handler' : action
  return call(sigactionDef, { signal, how, restart }, typeof action === 'function' ? action : null)
}

const pauseDef = defineCall<None, never>({
  name: 'pause',
  error,
  stages: [{ attempt: (kernel, thread) => sleep(kernel, thread, `${thread.id}/pause`) }],
  giveUp: (kernel) => fail(kernel, 'EINTR'),
  interruptible: true,
  waitsFor: () => ({ object: 'a signal' }),
  subject: () => 'a signal',
})

/** Sleeps until a signal handler has run, then always fails. @throws PosixError EINTR. pause(2) */
export const pause = (): Call<never> => call(pauseDef, {})

const getpidDef = defineCall<None, number>({
  name: 'getpid',
  error,
  stages: [{ attempt: (kernel, thread) => done(kernel, processOf(kernel, thread).pid) }],
})

export const getpid = (): Call<number> => call(getpidDef, {})

const getppidDef = defineCall<None, number>({
  name: 'getppid',
  error,
  synchronizes: 'none',
  stages: [
    {
      attempt(kernel, thread) {
        const { parent } = processOf(kernel, thread)
        if (parent === null) return done(kernel, 0)
        const process = readsProcess(kernel, parent, LIFE)
        return done(kernel, process.status === 'alive' ? process.pid : 1)
      },
    },
  ],
})

/** The parent's pid; 1 once it has ended. getppid(2) */
export const getppid = (): Call<number> => call(getppidDef, {})

const setuidDef = defineCall<{ readonly uid: number }, void>({
  name: 'setuid',
  error,
  stages: [
    {
      attempt(kernel, thread, { uid }) {
        const process = writesProcess(kernel, thread.process, CREDENTIALS)
        if (process.uid !== 0 && process.uid !== uid) return fail(kernel, 'EPERM')
        process.uid = uid
        return done(kernel)
      },
    },
  ],
})

/** @throws PosixError EPERM. setuid(2) */
export const setuid = (uid: number): Call<void> => call(setuidDef, { uid })

const umaskDef = defineCall<{ readonly mask: number }, number>({
  name: 'umask',
  error,
  stages: [
    {
      attempt(kernel, thread, { mask }) {
        const process = writesProcess(kernel, thread.process, CREDENTIALS)
        const old = process.umask
        process.umask = mask & 0o777
        return done(kernel, old)
      },
    },
  ],
})

/** Sets the file mode creation mask; returns the old one. umask(2) */
export const umask = (mask: number): Call<number> => call(umaskDef, { mask })
