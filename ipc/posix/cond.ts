import {
  type Args,
  type Call,
  call,
  DONE,
  defineCall,
  done,
  fail,
  firstSleeper,
  type GiveUpReason,
  type Id,
  type Kernel,
  nameOfPlace,
  next,
  type Outcome,
  READ,
  SEQ_CST,
  SLEEP,
  setWord,
  sleepOn,
  type Thread,
  translate,
  type Waits,
  type WakeOrder,
  WRITE,
  wake,
  wakeAll,
  wordKey,
} from '../../kernel/index.ts'
import { address, posixError } from './args.ts'
import { lock, mayLock, mutexBlockers, mutexName, RETURNING, waitsForMutex } from './mutex.ts'
import { MUTEX_WORDS } from './mutex-layout.ts'
import { giveBack, sleepForMutex } from './mutex-words.ts'
import { asNs, isMalformed, type Limit, limit, type Timespec } from './time.ts'
import { looks, reach, reachToRead } from './word.ts'

/**
 * Condition variables, always process-shared: pthread_cond_wait(3). A condition is 48 bytes of memory; memory that is
 * all zeros is one that nobody waits on. It remembers nothing: a signal that finds nobody waiting is lost.
 */

/** sizeof(pthread_cond_t), in words */
const COND_WORDS = 12

/** Who waits and has not been signalled, in or out of the queue: one whose signal handler runs is out of it. */
const WAITERS = 0
/** Signals for waiters that are out of the queue. */
const SIGNALS = 1
/** Not 0: it promises to wake who has waited longest. */
const FIFO = 2

// The stages of a wait; it begins with 0, in which it enters.
/** In the queue. A signal takes the waiter out of this stage into the next. */
const WAIT = 1
/** Signalled, or out of time: on to the mutex. */
const LOCK = 2

function get(kernel: Kernel, field: number): number {
  const { words, word } = kernel.place
  return words[word + field] ?? 0
}

function set(kernel: Kernel, field: number, value: number): void {
  const { words, word } = kernel.place
  setWord(kernel.journal, words, word + field, value)
}

interface WaitArgs extends Args {
  readonly cond: number
  readonly mutex: number
  /** `null`: for ever. */
  readonly abstime: Limit | null
}

/** Counts the caller in, gives the mutex back and sleeps: all one transition, so no signal can fall between. */
function enter(kernel: Kernel, thread: Thread, { cond, mutex, abstime }: WaitArgs): Outcome {
  if (abstime !== null && isMalformed(abstime)) return fail(kernel, 'EINVAL')
  const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
  if (faulted !== 0) return faulted
  const unreachable = reach(kernel, thread, cond, COND_WORDS)
  if (unreachable !== 0) return unreachable
  set(kernel, WAITERS, get(kernel, WAITERS) + 1)
  translate(kernel, thread, mutex, true) // back to the mutex: it was reached above
  const error = giveBack(kernel, thread, false)
  translate(kernel, thread, cond, true)
  if (error !== null) {
    set(kernel, WAITERS, get(kernel, WAITERS) - 1)
    return fail(kernel, error)
  }
  kernel.stage = WAIT
  return sleepOn(kernel, thread, wordKey(kernel, kernel.place.frame, kernel.place.word))
}

/** Comes here from a signal handler: a signal may have been left, else back into the queue. */
function waitAgain(kernel: Kernel, thread: Thread, { cond }: WaitArgs): Outcome {
  const faulted = reach(kernel, thread, cond, COND_WORDS)
  if (faulted !== 0) return faulted
  const signals = get(kernel, SIGNALS)
  if (signals === 0) return sleepOn(kernel, thread, wordKey(kernel, kernel.place.frame, kernel.place.word))
  set(kernel, SIGNALS, signals - 1)
  countOut(kernel, 1)
  return next(kernel, LOCK)
}

/** So many wait no longer. The last lets go on who wants to destroy the condition. */
function countOut(kernel: Kernel, count: number): void {
  const left = Math.max(0, get(kernel, WAITERS) - count)
  set(kernel, WAITERS, left)
  if (get(kernel, SIGNALS) > left) set(kernel, SIGNALS, left)
  if (left === 0 && kernel.state.wakeOrder !== 'any') wakeAll(kernel, destroyers(kernel), kernel.state.wakeOrder)
}

/** The queue of who waits to destroy the condition in `kernel.place`. */
const destroyers = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + SIGNALS)

/** Who is out of time, or woken by nothing, waits no longer, and goes on to the mutex; who dies is only counted out. */
function giveUp(kernel: Kernel, thread: Thread, { cond }: WaitArgs, reason: GiveUpReason): Outcome {
  if (reason === 'signal' || thread.call?.stage !== WAIT) return SLEEP // no handler ends it
  if (translate(kernel, thread, cond, true) === null) {
    kernel.footprint.add(kernel.place.frame, kernel.place.word, READ | WRITE, SEQ_CST)
    countOut(kernel, 1)
  }
  if (reason === 'timeout') thread.call.saved = 'ETIMEDOUT'
  return next(kernel, LOCK)
}

const condName = (kernel: Kernel, thread: Thread, cond: number): string =>
  `condition variable at ${nameOfPlace(kernel, thread, cond)}`

/** What both waits have in common: first they wait to be signalled, then for the mutex. */
const about = {
  waitsFor(kernel: Kernel, thread: Thread, { cond, mutex }: WaitArgs): Waits {
    if (thread.call?.stage === LOCK) return waitsForMutex(kernel, thread, mutex)
    return { object: condName(kernel, thread, cond) }
  },
  subject(kernel: Kernel, thread: Thread, { cond, mutex }: WaitArgs): string {
    return thread.call?.stage === LOCK ? mutexName(kernel, thread, mutex) : condName(kernel, thread, cond)
  },
  lends: (kernel: Kernel, thread: Thread, { mutex }: WaitArgs): string => mutexName(kernel, thread, mutex),
  blockers(kernel: Kernel, thread: Thread, { mutex }: WaitArgs): readonly Id[] | null {
    return thread.call?.stage === LOCK ? mutexBlockers(kernel, thread, mutex) : null
  },
}

const waitStages = [
  { attempt: enter },
  { attempt: waitAgain, wakesSpuriously: true as const },
  {
    // The condition is touched here, too: glibc's waiter, awake again, counts itself out.
    canProceed(kernel: Kernel, thread: Thread, { cond, mutex }: WaitArgs): boolean {
      looks(kernel, thread, cond)
      return mayLock(kernel, thread, mutex)
    },
    attempt(kernel: Kernel, thread: Thread, { cond, mutex }: WaitArgs): Outcome {
      looks(kernel, thread, cond)
      const outcome = lock(kernel, thread, mutex, RETURNING)
      if (outcome === 0) return sleepForMutex(kernel, thread)
      const late = thread.call?.saved === 'ETIMEDOUT'
      return late && outcome === DONE ? fail(kernel, 'ETIMEDOUT') : outcome
    },
  },
]

const waitDef = defineCall<WaitArgs, void>({
  name: 'pthread_cond_wait',
  error: posixError,
  stages: waitStages,
  giveUp,
  ...about,
})

/**
 * Gives the mutex back and waits to be signalled; returns with the mutex locked again. Whatever was waited for may have
 * gone meanwhile: look again. Signal handlers run, and the wait goes on.
 * @throws PosixError EPERM (errorcheck and recursive: the mutex is not the caller's), EINVAL
 * @throws MemoryFault SIGSEGV, SIGBUS when caught, as every call on a condition variable. pthread_cond_wait(3)
 */
export const pthread_cond_wait = (cond: number, mutex: number): Call<void> =>
  call(waitDef, { cond: address(cond), mutex: address(mutex), abstime: null })

const timedwaitDef = defineCall<WaitArgs, void>({
  name: 'pthread_cond_timedwait',
  error: posixError,
  stages: waitStages,
  // Once it is signalled it needs the mutex, however long that takes.
  deadline: (_kernel, thread, { abstime }) => (thread.call?.stage !== WAIT || abstime === null ? null : asNs(abstime)),
  giveUp,
  ...about,
})

/**
 * As `pthread_cond_wait`, until an absolute time; then, too, it returns only with the mutex locked.
 * @param abstime on CLOCK_REALTIME; a malformed one is refused before anything else
 * @throws PosixError ETIMEDOUT, EPERM, EINVAL. pthread_cond_timedwait(3)
 */
export const pthread_cond_timedwait = (cond: number, mutex: number, abstime: Timespec): Call<void> =>
  call(timedwaitDef, { cond: address(cond), mutex: address(mutex), abstime: limit(abstime) })

/** Takes one waiter out of the wait. `false`: nobody is in the queue. */
function signalOne(kernel: Kernel, order: WakeOrder): boolean {
  const queue = wordKey(kernel, kernel.place.frame, kernel.place.word)
  for (;;) {
    const waiter = firstSleeper(kernel, queue, order)
    if (waiter === null) return false
    const call = waiter.call
    if (call === null || (call.name !== waitDef.name && call.name !== timedwaitDef.name)) {
      wake(kernel, waiter) // sleeps on that word for something else, and looks again
      continue
    }
    call.stage = LOCK
    wake(kernel, waiter)
    return true
  }
}

interface CondArgs extends Args {
  readonly cond: number
}

/** Signals `most` waiters. Without any it only reads. */
function signal(kernel: Kernel, thread: Thread, cond: number, most: number): Outcome {
  const faulted = reachToRead(kernel, thread, cond)
  if (faulted !== 0) return faulted
  const due = Math.min(most, get(kernel, WAITERS) - get(kernel, SIGNALS))
  if (due <= 0) return done(kernel)
  const refused = reach(kernel, thread, cond, COND_WORDS)
  if (refused !== 0) return refused
  // Who is to wake all has no choice whom, and those compete for the mutex afterwards.
  const usual = most > 1 && kernel.state.wakeOrder === 'any' ? 'fifo' : kernel.state.wakeOrder
  const order = get(kernel, FIFO) === 0 ? usual : 'fifo'
  let woken = 0
  while (woken < due && signalOne(kernel, order)) woken += 1
  // The others are in their signal handlers.
  if (woken < due) set(kernel, SIGNALS, get(kernel, SIGNALS) + due - woken)
  countOut(kernel, woken)
  return done(kernel)
}

const signalDef = defineCall<CondArgs, void>({
  name: 'pthread_cond_signal',
  error: posixError,
  synchronizes: 'none',
  does: 'signals',
  subject: (kernel, thread, { cond }) => condName(kernel, thread, cond),
  stages: [{ attempt: (kernel, thread, { cond }) => signal(kernel, thread, cond, 1) }],
})

/** Ends the wait of one who waits; the first to have come, where an order is kept. Without any it does nothing. pthread_cond_signal(3) */
export const pthread_cond_signal = (cond: number): Call<void> => call(signalDef, { cond: address(cond) })

const broadcastDef = defineCall<CondArgs, void>({
  name: 'pthread_cond_broadcast',
  error: posixError,
  synchronizes: 'none',
  does: 'signals',
  subject: (kernel, thread, { cond }) => condName(kernel, thread, cond),
  stages: [{ attempt: (kernel, thread, { cond }) => signal(kernel, thread, cond, Number.POSITIVE_INFINITY) }],
})

/** Ends the wait of all who wait; they then have to get the mutex, one after the other. pthread_cond_broadcast(3) */
export const pthread_cond_broadcast = (cond: number): Call<void> => call(broadcastDef, { cond: address(cond) })

interface InitArgs extends CondArgs {
  readonly fifo: boolean
}

const initDef = defineCall<InitArgs, void>({
  name: 'pthread_cond_init',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { cond, fifo }) {
        const faulted = reach(kernel, thread, cond, COND_WORDS)
        if (faulted !== 0) return faulted
        const { frame, word } = kernel.place
        for (let field = 0; field < COND_WORDS; field++) {
          kernel.footprint.add(frame, word + field, READ | WRITE, SEQ_CST)
          const value = field === FIFO && fifo ? 1 : 0
          if (get(kernel, field) !== value) set(kernel, field, value)
        }
        return done(kernel)
      },
    },
  ],
})

/** An implementation may promise more than POSIX does. */
export interface CondAttributes {
  /** A signal wakes who has waited longest, whatever the scenario's `wakeOrder`; who then gets the mutex it does not say. */
  readonly fifo?: boolean
}

/** Makes a condition variable at that address. @throws PosixError EINVAL (the address). pthread_cond_init(3) */
export const pthread_cond_init = (cond: number, attr: CondAttributes | null = null): Call<void> =>
  call(initDef, { cond: address(cond), fifo: attr?.fifo === true })

/** Whether nobody waits on it, or the attempt faults. */
function isIdle(kernel: Kernel, thread: Thread, cond: number): boolean {
  if (cond % 4 !== 0 || translate(kernel, thread, cond, false) !== null) return true
  kernel.footprint.add(kernel.place.frame, kernel.place.word, READ, SEQ_CST)
  return get(kernel, WAITERS) <= 0
}

const destroyDef = defineCall<CondArgs, void>({
  name: 'pthread_cond_destroy',
  error: posixError,
  stages: [
    {
      canProceed: (kernel, thread, { cond }) => isIdle(kernel, thread, cond),
      attempt(kernel, thread, { cond }) {
        const faulted = reachToRead(kernel, thread, cond)
        if (faulted !== 0) return faulted
        return get(kernel, WAITERS) <= 0 ? done(kernel) : sleepOn(kernel, thread, destroyers(kernel))
      },
    },
  ],
  giveUp: () => SLEEP,
  waitsFor: (kernel, thread, { cond }) => ({ object: `waiters of the ${condName(kernel, thread, cond)}` }),
})

/** The end of a condition variable; as glibc does, it waits until nobody waits on it. pthread_cond_destroy(3) */
export const pthread_cond_destroy = (cond: number): Call<void> => call(destroyDef, { cond: address(cond) })
