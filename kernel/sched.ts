import { type Args, type Call, call, defineCall, type Program, SLEEP } from './call.ts'
import { armTimer, isTime, TIME_MAX } from './clock.ts'
import { BadInput, cheaply, PosixError } from './errors.ts'
import { done, fail, type Kernel, processOf, readsProcess, SCHED, writesProcess } from './kernel.ts'
import { processByPid } from './pids.ts'
import { createThread, forkProcess } from './process.ts'
import type { Data, Id, Process, Sched, Thread } from './state.ts'

/**
 * What scheduling policies go by beside a process's priority, and the calls that say and change it. The kernel keeps it
 * and does nothing with it; under an exploring strategy it makes no difference.
 */

/** What may be said of a process that is to be scheduled. What is not said the policy does without. */
export interface Scheduling {
  /** From -20, the most favoured, to 19: nice(2). Default 0. Children have their parent's. */
  readonly nice?: number
  /** For lottery and stride: a process with twice as many gets twice as much of the CPU. Default 100. Children have their parent's. */
  readonly tickets?: number
  /** CPU time in ns that it will need in all, for policies that have to know. Default: they see no further than its next call. */
  readonly length?: number
  /** Virtual ns from one release of a periodic task to the next: see `wait_period`. */
  readonly period?: number
  /** Virtual ns from each release until the job has to be done. Default: the period. */
  readonly deadline?: number
  /** The CPUs, counted from 0, that it may run on. Default: all. Children have their parent's. */
  readonly cpus?: readonly number[]
}

const CPU_MAX = 1023

const isFrom = (least: number, most: number, value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

const LENGTH = 'a whole number of ns from 1 to 2^50'
const isLength = (value: unknown): boolean => isFrom(1, TIME_MAX, value)

/** What each part accepts: whether it does, and in words. */
export const SCHEDULING: {
  readonly [K in keyof Scheduling]-?: readonly [accepts: (value: unknown) => boolean, words: string]
} = {
  nice: [(value) => isFrom(-20, 19, value), 'a whole number from -20 to 19'],
  tickets: [(value) => isFrom(1, 1_000_000, value), 'a whole number from 1 to 1000000'],
  length: [isLength, LENGTH],
  period: [isLength, LENGTH],
  deadline: [isLength, `${LENGTH}, after the arrival: a deadline in the past can't be met`],
  cpus: [
    (value) => Array.isArray(value) && value.length > 0 && value.every((cpu) => isFrom(0, CPU_MAX, cpu)),
    `a list of CPUs, from 0 to ${CPU_MAX}, at least one`,
  ],
}

/** Says what is wrong with what is said of a process; `null` when nothing is. */
export function wrongWith(wish: { readonly [key: string]: unknown }): string | null {
  for (const key in SCHEDULING) {
    const value = wish[key]
    const [accepts, words] = SCHEDULING[key as keyof Scheduling]
    if (value !== undefined && !accepts(value))
      return `${key} is ${words}, not ${typeof value === 'number' ? value : JSON.stringify(value)}`
  }
  return null
}

const plain = (): Sched => ({
  nice: 0,
  tickets: null,
  length: null,
  period: null,
  deadline: null,
  release: 0,
  cpus: null,
})

/** Takes over what is said of a process. */
export function schedule(process: Process, wish: Scheduling): void {
  const { nice, tickets, length, period, deadline, cpus } = wish
  if ([nice, tickets, length, period, deadline, cpus].every((one) => one === undefined)) return
  const sched = process.sched ?? plain()
  if (nice !== undefined) sched.nice = nice
  if (tickets !== undefined) sched.tickets = tickets
  if (length !== undefined) sched.length = length
  if (period !== undefined) sched.period = period
  if (deadline !== undefined) sched.deadline = deadline
  if (cpus !== undefined) sched.cpus = [...cpus]
  process.sched = sched
}

const error = (code: string, name: string, detail: Data) => cheaply(() => new PosixError(code, name, detail))

function changed(kernel: Kernel, id: Id): Sched {
  const process = writesProcess(kernel, id, SCHED)
  process.sched ??= plain()
  return process.sched
}

const arriveDef = defineCall<{ readonly at: number }, void>({
  name: 'arrive',
  error,
  stages: [{ attempt: () => SLEEP }],
  giveUp(kernel, thread) {
    const { sched } = processOf(kernel, thread)
    if (sched !== null) changed(kernel, thread.process).release = kernel.state.clock
    return done(kernel)
  },
  waitsFor: (_kernel, _thread, { at }) => ({ object: `${at} ns` }),
})

/** The call that a process is in until it arrives: nothing of its program has run. */
export const arrive = (at: number): Call<void> => call(arriveDef, { at })

/** The thread stands in `arrive`: it sleeps until then. */
export function awaitArrival(kernel: Kernel, thread: Thread, at: number): void {
  if (thread.call !== null) thread.call.slept = true
  thread.status = 'sleeping'
  armTimer(kernel, thread, at)
}

export interface SpawnOptions extends Scheduling {
  /** When the child arrives, in virtual ns since boot. Default: now. */
  readonly at?: number
  /** Default: the parent's. */
  readonly priority?: number
}

interface Spawning {
  readonly program: unknown
  readonly args: readonly unknown[]
  readonly wish: SpawnOptions
}

const spawnDef = defineCall<Args, number>({
  name: 'spawn',
  error,
  synchronizes: 'none',
  stages: [
    {
      attempt(kernel, thread) {
        const { program, args, wish } = kernel.extra as Spawning // spawn() puts nothing else there
        const { at, priority } = wish
        if (at !== undefined && at < kernel.state.clock) return fail(kernel, 'EINVAL', `at ${at}, which is past`)
        thread.created += 1
        const child = forkProcess(kernel, thread.process, `${thread.id}/${thread.created}`)
        schedule(child, wish)
        if (child.sched !== null) child.sched.release = at ?? kernel.state.clock
        if (priority !== undefined) child.priority = priority
        createThread(kernel, child, child.id)
        kernel.spawned.push({ thread: child.id, program, args, ...(at === undefined ? {} : { at }) })
        return done(kernel, child.pid)
      },
    },
  ],
})

/**
 * `fork` of a child of which more is said: that it arrives later, and what its scheduling goes by.
 * @throws PosixError EINVAL (a time that is past). posix_spawn(3) has the attributes; the time is ours
 */
export function spawn<A extends readonly unknown[]>(
  wish: SpawnOptions,
  program: (...args: A) => Program<unknown>,
  ...args: A
): Call<number> {
  const { at, priority } = wish
  const wrong = wrongWith({ ...wish })
  if (wrong !== null) throw new BadInput(`spawn: ${wrong}`)
  if (at !== undefined && !isTime(at))
    throw new BadInput(`spawn: at is a whole number of ns since boot, at least 0, not ${at}`)
  if (priority !== undefined && !Number.isSafeInteger(priority))
    throw new BadInput(`spawn: priority is a whole number, not ${priority}`)
  return call(spawnDef, { program: program.name, at: at ?? null }, { program, args, wish })
}

const periodDef = defineCall<Record<string, never>, void>({
  name: 'wait_period',
  error,
  reschedules: true,
  stages: [
    {
      attempt(kernel, thread) {
        const { sched } = readsProcess(kernel, thread.process, SCHED)
        if (sched === null || sched.period === null) return fail(kernel, 'EPERM')
        const next = sched.release + sched.period
        if (next <= kernel.state.clock) return released(kernel, thread)
        armTimer(kernel, thread, next)
        thread.status = 'sleeping'
        kernel.stage = 1
        return SLEEP
      },
    },
    {
      // Comes here only when a signal took it out of its sleep.
      attempt(_kernel, thread) {
        thread.status = 'sleeping'
        return SLEEP
      },
    },
  ],
  giveUp: (kernel, thread, _args, reason) => (reason === 'timeout' ? released(kernel, thread) : SLEEP),
  waitsFor: () => ({ object: 'the next period' }),
})

/** Releases come a period apart, however late the job before them was. */
function released(kernel: Kernel, thread: Thread) {
  const sched = changed(kernel, thread.process)
  sched.release += sched.period ?? 0
  return done(kernel)
}

/**
 * The job of this period is done: sleeps until the next release, or goes on at once when that is past. The first release
 * is the process's arrival. As rt_task_wait_period of RTAI and Xenomai.
 * @throws PosixError EPERM (a process without a period)
 */
export const wait_period = (): Call<void> => call(periodDef, {})

const niceDef = defineCall<{ readonly inc: number }, number>({
  name: 'nice',
  error,
  reschedules: true,
  stages: [
    {
      attempt(kernel, thread, { inc }) {
        const sched = changed(kernel, thread.process)
        sched.nice = Math.min(19, Math.max(-20, sched.nice + inc))
        return done(kernel, sched.nice)
      },
    },
  ],
})

/** Adds to the caller's nice value, within -20 and 19; returns the new one. Anybody may favour himself. nice(2) */
export const nice = (inc: number): Call<number> => call(niceDef, { inc: Math.trunc(inc) })

const setparamDef = defineCall<{ readonly pid: number; readonly priority: number }, void>({
  name: 'sched_setparam',
  error,
  reschedules: true,
  stages: [
    {
      attempt(kernel, thread, { pid, priority }) {
        const target = pid === 0 ? processOf(kernel, thread) : processByPid(kernel, pid)
        if (target === null || target.status === 'reaped') return fail(kernel, 'ESRCH')
        if (!Number.isSafeInteger(priority)) return fail(kernel, 'EINVAL')
        writesProcess(kernel, target.id, SCHED).priority = priority
        return done(kernel)
      },
    },
  ],
})

/** Gives a process, 0 for the caller, another priority; higher is more urgent. @throws PosixError ESRCH, EINVAL. sched_setparam(2) */
export const sched_setparam = (pid: number, priority: number): Call<void> => call(setparamDef, { pid, priority })

interface AffinityArgs extends Args {
  readonly pid: number
  readonly cpus: readonly number[]
}

const affinityDef = defineCall<AffinityArgs, void>({
  name: 'sched_setaffinity',
  error,
  reschedules: true,
  stages: [
    {
      attempt(kernel, thread, { pid, cpus }) {
        const target = pid === 0 ? processOf(kernel, thread) : processByPid(kernel, pid)
        if (target === null || target.status === 'reaped') return fail(kernel, 'ESRCH')
        if (!SCHEDULING.cpus[0](cpus) || cpus.every((cpu) => cpu >= kernel.cpus)) return fail(kernel, 'EINVAL')
        changed(kernel, target.id).cpus = [...cpus]
        return done(kernel)
      },
    },
  ],
})

/** The CPUs that a process, 0 for the caller, may run on. @throws PosixError ESRCH, EINVAL (none of them is there). sched_setaffinity(2) */
export const sched_setaffinity = (pid: number, cpus: readonly number[]): Call<void> =>
  call(affinityDef, { pid, cpus: [...cpus] })
