import { type Call, call, defineCall, SLEEP } from './call.ts'
import { cheaply, PosixError } from './errors.ts'
import { childrenQueue, joinQueue } from './exit.ts'
import { READ, SEQ_CST } from './footprint.ts'
import { done, fail, type Kernel, LIFE, processOf, readsProcess, writesProcess } from './kernel.ts'
import { sleep } from './queue.ts'
import type { Data, ExitStatus, Id, Process, Thread } from './state.ts'

/** Waiting for others to end: for a thread, and for a child process, which is gone when it has been waited for. */

const error = (code: string, name: string, detail: Data) => cheaply(() => new PosixError(code, name, detail))

const joinDef = defineCall<{ readonly thread: Id }, void>({
  name: 'thread_join',
  error,
  stages: [
    {
      canProceed(kernel, thread, args) {
        kernel.footprint.add(args.thread, LIFE, READ, SEQ_CST)
        const other = kernel.state.threads[args.thread]
        const waits = other !== undefined && other.process === thread.process && other.id !== thread.id
        return !waits || other.status === 'exited'
      },
      attempt(kernel, thread, args) {
        const other = kernel.state.threads[args.thread]
        kernel.footprint.add(args.thread, LIFE, READ, SEQ_CST)
        if (other === undefined || other.process !== thread.process) return fail(kernel, 'ESRCH')
        if (other.id === thread.id) return fail(kernel, 'EDEADLK')
        return other.status === 'exited' ? done(kernel) : sleep(kernel, thread, joinQueue(other.id))
      },
    },
  ],
  giveUp: (_kernel) => SLEEP,
  waitsFor: (_kernel, _thread, { thread }) => ({ object: `end of thread ${thread}`, awaits: [thread] }),
  subject: (_kernel, _thread, { thread }) => `end of thread ${thread}`,
  blockers: (_kernel, _thread, { thread }) => [thread],
})

/** Waits for a thread to end. @throws PosixError ESRCH, EDEADLK. pthread_join(3) */
export const thread_join = (thread: Id): Call<void> => call(joinDef, { thread })

export interface Waited extends ExitStatus {
  readonly pid: number
}

/** The child to report: with `pid` -1 the zombie that was forked first. `undefined`: no such child at all. */
function zombie(kernel: Kernel, thread: Thread, pid: number): Process | null | undefined {
  const parent = readsProcess(kernel, thread.process, LIFE)
  let any = false
  for (const id of Object.keys(parent.children)) {
    const child = kernel.state.processes[id]
    if (child === undefined || (pid !== -1 && child.pid !== pid)) continue
    any = true
    if (child.status === 'zombie') return child
  }
  return any ? null : undefined
}

const waitDef = defineCall<{ readonly pid: number }, Waited>({
  name: 'wait',
  error,
  stages: [
    {
      canProceed: (kernel, thread, { pid }) => zombie(kernel, thread, pid) !== null,
      attempt(kernel, thread, { pid }) {
        const child = zombie(kernel, thread, pid)
        if (child === undefined) return fail(kernel, 'ECHILD')
        if (child === null) return sleep(kernel, thread, childrenQueue(thread.process))
        const status: Waited = { pid: child.pid, code: child.exit?.code ?? null, signal: child.exit?.signal ?? null }
        writesProcess(kernel, child.id, LIFE).status = 'reaped'
        delete writesProcess(kernel, thread.process, LIFE).children[child.id]
        return done(kernel, status)
      },
    },
  ],
  restarts: true,
  giveUp: (kernel) => fail(kernel, 'EINTR'),
  interruptible: true,
  waitsFor(kernel, thread, { pid }) {
    const children = Object.keys(processOf(kernel, thread).children)
    return { object: endOf(pid), awaits: children }
  },
  subject: (_kernel, _thread, { pid }) => endOf(pid),
  blockers(kernel, thread, { pid }) {
    const process = processOf(kernel, thread)
    const children = Object.keys(process.children).filter((id) => pid === -1 || kernel.state.processes[id]?.pid === pid)
    // Another thread of the process may make one more child, or be told of the child's end in the caller's place.
    return [...children.flatMap((id) => threadsOf(kernel, id)), ...othersOf(process, thread)]
  },
})

const endOf = (pid: number): string => (pid === -1 ? 'end of a child' : `end of process ${pid}`)

const othersOf = ({ threads }: Process, { id }: Thread): Id[] => threads.filter((other) => other !== id)

/** The live threads of a process; none, when there is no such process. */
export const threadsOf = (kernel: Kernel, process: Id): readonly Id[] => kernel.state.processes[process]?.threads ?? []

/** Waits for a child (any, or that one) to end. @throws PosixError ECHILD, EINTR. waitpid(2) */
export const wait = (pid = -1): Call<Waited> => call(waitDef, { pid })
