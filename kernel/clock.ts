import { type Call, call, defineCall, SLEEP } from './call.ts'
import { cheaply, PosixError } from './errors.ts'
import { READ, SEQ_CST, WRITE } from './footprint.ts'
import { done, fail, type Kernel } from './kernel.ts'
import type { KernelState, Thread, Timer } from './state.ts'
import { popTimer, pushTimer } from './timers.ts'

/**
 * Virtual time and timers. A thread has at most one timer: the end of its sleep, or the deadline of the call it waits
 * in. Under a policy the clock runs; under an exploring strategy there is no time and timers fire in deadline order,
 * at any moment.
 */

/** The footprint of all that has to do with time. */
export const CLOCK = 'clock'

/** Arms the thread's timer for an absolute time in virtual ns. */
export function armTimer(kernel: Kernel, thread: Thread, at: number): void {
  kernel.footprint.add(CLOCK, 0, READ | WRITE, SEQ_CST)
  const { state } = kernel
  state.timersSet += 1
  thread.timer = state.timersSet
  pushTimer(state.timers, { at, number: state.timersSet, thread: thread.id })
}

/** When the thread's timer fires; `null` when none is armed. */
export function armedUntil(kernel: Kernel, thread: Thread): number | null {
  return timerOf(kernel, thread)?.at ?? null
}

/** The thread's timer, if one is armed. */
export function timerOf(kernel: Kernel, thread: Thread): Timer | undefined {
  if (thread.timer === 0) return undefined
  return kernel.state.timers.find(({ number }) => number === thread.timer)
}

/** Whether the timer will fire, and is not one that was cancelled. */
export const isArmed = ({ threads }: KernelState, { thread, number }: Timer): boolean =>
  threads[thread]?.timer === number

/** The thread's timer will not fire. */
export function disarmTimer(kernel: Kernel, thread: Thread): void {
  const { timer } = thread
  if (timer === 0) return
  thread.timer = 0
  const { timers } = kernel.state
  if (timers[0]?.number === timer) popTimer(timers)
  dropStale(kernel)
}

/** A cancelled timer stays in the heap until it comes to the top, and goes then: the top is always an armed one. */
function dropStale(kernel: Kernel): void {
  const { state } = kernel
  const { timers } = state
  for (let top = timers[0]; top !== undefined; top = timers[0]) {
    if (isArmed(state, top)) return
    popTimer(timers)
  }
}

/** Takes the thread's timer off, and sets the clock to its time, if that is later. */
export function fireTimer(kernel: Kernel, { at }: Timer, thread: Thread): void {
  kernel.footprint.add(CLOCK, 0, READ | WRITE, SEQ_CST)
  if (at > kernel.state.clock) kernel.state.clock = at
  disarmTimer(kernel, thread)
}

const error = (code: string, name: string) => cheaply(() => new PosixError(code, name))

/** The longest time that a call takes, in virtual ns: some 13 days. So the clock stays exact. */
export const TIME_MAX = 2 ** 50

/** A whole number of ns that is not too long. */
export const isTime = (ns: unknown): ns is number =>
  Number.isSafeInteger(ns) && (ns as number) >= 0 && (ns as number) <= TIME_MAX

const sleepDef = defineCall<{ readonly ns: number }, void>({
  name: 'sleep',
  error,
  stages: [
    {
      attempt(kernel, thread, { ns }) {
        if (!isTime(ns)) return fail(kernel, 'EINVAL')
        armTimer(kernel, thread, kernel.state.clock + ns)
        thread.status = 'sleeping'
        kernel.stage = 1
        return SLEEP
      },
    },
    {
      // Comes here only when a signal took it out of its sleep that is ignored by now.
      attempt(_kernel, thread) {
        thread.status = 'sleeping'
        return SLEEP
      },
    },
  ],
  giveUp: (kernel) => done(kernel),
  waitsFor: (_kernel, _thread, { ns }) => ({ object: `${ns} ns to pass` }),
})

/** Sleeps for so many virtual nanoseconds. @throws PosixError EINVAL (no whole number from 0 to `TIME_MAX`). nanosleep(2). Under an exploring strategy, for any time at all, in deadline order with other timers. */
export const sleep = (ns: number): Call<void> => call(sleepDef, { ns })

const ioDef = defineCall<{ readonly ns: number }, void>({
  ...sleepDef,
  name: 'io',
  waitsFor: () => ({ object: 'I/O' }),
})

/** Waits for so many virtual nanoseconds for a device, which serves everybody at once. Apart from its name it is `sleep`: policies and measures tell the two apart. */
export const io = (ns: number): Call<void> => call(ioDef, { ns })

const clockDef = defineCall<Record<string, never>, number>({
  name: 'clock',
  error,
  stages: [
    {
      attempt(kernel) {
        kernel.footprint.add(CLOCK, 0, READ, SEQ_CST)
        return done(kernel, kernel.state.clock)
      },
    },
  ],
})

/** Virtual nanoseconds since boot. */
export const clock = (): Call<number> => call(clockDef, {})

const computeDef = defineCall<{ readonly ns: number }, void>({
  name: 'compute',
  error,
  stages: [{ attempt: (kernel, _thread, { ns }) => (isTime(ns) ? done(kernel) : fail(kernel, 'EINVAL')) }],
})

/** Uses the CPU for so many virtual nanoseconds. @throws PosixError EINVAL (as `sleep`). It costs time only under a policy. */
export const compute = (ns: number): Call<void> => call(computeDef, { ns })

const yieldDef = defineCall<Record<string, never>, void>({
  name: 'yield',
  error,
  stages: [{ attempt: (kernel) => done(kernel) }],
})

/** sched_yield: the caller goes behind all who are ready. */
export const yield_ = (): Call<void> => call(yieldDef, {})
