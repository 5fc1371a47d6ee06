import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type Id,
  type Kernel,
  nameOfPlace,
  type Outcome,
  SLEEP,
  type Thread,
  threadByNumber,
  translate,
  type Waits,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { PTHREAD_MUTEX_DEFAULT, PTHREAD_MUTEX_ROBUST, PTHREAD_MUTEX_STALLED } from './flags.ts'
import { isRobust, MUTEX_WORDS } from './mutex-layout.ts'
import { type Locking, repair } from './mutex-robust.ts'
import {
  acquire,
  destroy,
  giveBack,
  initialise,
  mayAcquire,
  mutexTypes,
  ownerNumber,
  sleepForMutex,
} from './mutex-words.ts'
import { asNs, isMalformed, type Limit, limit, type Timespec } from './time.ts'
import { isWritable, looks, reach } from './word.ts'

/**
 * Mutexes, always process-shared: pthread_mutex_lock(3). A mutex is 40 bytes of memory, and memory that is all zeros is
 * an unlocked normal one. Whoever dies with it locked leaves it locked, unless it is robust.
 *
 * A mutex can't lie across the end of a page (EINVAL).
 */

interface MutexArgs extends Args {
  readonly mutex: number
}

/** Whether taking the mutex would not sleep: it is free, or an error, or the attempt faults. */
export function mayLock(kernel: Kernel, thread: Thread, mutex: number): boolean {
  return !looks(kernel, thread, mutex) || mayAcquire(kernel, thread) || !isWritable(kernel, thread, mutex)
}

/** Takes the mutex, or says the errno, or finds it taken (0): then its place is in `kernel.place`. */
export function lock(kernel: Kernel, thread: Thread, mutex: number, how: Locking = WAITING): Outcome | 0 {
  const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
  if (faulted !== 0) return faulted
  const error = acquire(kernel, thread, mutex, how)
  if (error === null) return done(kernel)
  return error === 'EBUSY' ? 0 : fail(kernel, error)
}

const WAITING: Locking = { joins: true, tries: false }
const TRYING: Locking = { joins: true, tries: true }
/** As who comes back from a condition, and has been a user all the time. */
export const RETURNING: Locking = { joins: false, tries: false }

/** As a reader would name the mutex. */
export const mutexName = (kernel: Kernel, thread: Thread, mutex: number): string =>
  `mutex at ${nameOfPlace(kernel, thread, mutex)}`

/** Who waits, for what, held by whom. */
export function waitsForMutex(kernel: Kernel, thread: Thread, mutex: number): Waits {
  const object = mutexName(kernel, thread, mutex)
  const owner = ownerOf(kernel, thread, mutex)
  return owner === null ? { object } : { object, heldBy: [owner], awaits: [owner] }
}

function ownerOf(kernel: Kernel, thread: Thread, mutex: number): Id | null {
  if (translate(kernel, thread, mutex, false) !== null) return null
  return threadByNumber(kernel, ownerNumber(kernel))
}

/**
 * Who must give the mutex back: its owner, as only the owner may. A normal one does not ask who unlocks it; but what
 * that means is said nowhere, and we take it that nobody else does.
 */
export function mutexBlockers(kernel: Kernel, thread: Thread, mutex: number): readonly Id[] | null {
  const owner = ownerOf(kernel, thread, mutex)
  return owner === null ? null : [owner]
}

/** What the calls that take it and give it back have in common. */
const about = {
  subject: (kernel: Kernel, thread: Thread, { mutex }: MutexArgs): string => mutexName(kernel, thread, mutex),
  waitsFor: (kernel: Kernel, thread: Thread, { mutex }: MutexArgs): Waits => waitsForMutex(kernel, thread, mutex),
  blockers: (kernel: Kernel, thread: Thread, { mutex }: MutexArgs) => mutexBlockers(kernel, thread, mutex),
}

interface InitArgs extends MutexArgs {
  readonly type: number
  readonly robust: number
}

const initDef = defineCall<InitArgs, void>({
  name: 'pthread_mutex_init',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mutex, type, robust }) {
        const known = robust === PTHREAD_MUTEX_STALLED || robust === PTHREAD_MUTEX_ROBUST
        if (!mutexTypes.includes(type) || !known) return fail(kernel, 'EINVAL')
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        initialise(kernel, type, robust === PTHREAD_MUTEX_ROBUST)
        return done(kernel)
      },
    },
  ],
})

/** What pthread_mutexattr_settype and pthread_mutexattr_setrobust set. */
export interface MutexAttributes {
  /** PTHREAD_MUTEX_NORMAL (default), PTHREAD_MUTEX_ERRORCHECK or PTHREAD_MUTEX_RECURSIVE. */
  readonly type?: number
  /** PTHREAD_MUTEX_STALLED (default), or PTHREAD_MUTEX_ROBUST: who locks it after its owner has died is told so. */
  readonly robust?: number
}

/**
 * Makes a mutex at that address.
 * @throws PosixError EINVAL (the type, robustness, the address)
 * @throws MemoryFault SIGSEGV, SIGBUS when caught, as every call on a mutex. pthread_mutex_init(3)
 */
export function pthread_mutex_init(mutex: number, attr: MutexAttributes | null = null): Call<void> {
  const { type = PTHREAD_MUTEX_DEFAULT, robust = PTHREAD_MUTEX_STALLED } =
    typeof attr === 'object' ? (attr ?? {}) : { type: -1 }
  return call(initDef, { mutex: address(mutex), type: integer(type), robust: integer(robust) })
}

const lockDef = defineCall<MutexArgs, void>({
  name: 'pthread_mutex_lock',
  error: posixError,
  isLock: true,
  doneWith: 'EOWNERDEAD',
  synchronizes: 'acquires',
  stages: [
    {
      canProceed: (kernel, thread, { mutex }) => mayLock(kernel, thread, mutex),
      attempt(kernel, thread, { mutex }) {
        const outcome = lock(kernel, thread, mutex)
        return outcome !== 0 ? outcome : sleepForMutex(kernel, thread)
      },
    },
  ],
  giveUp: () => SLEEP, // no signal ends it
  does: 'takes',
  ...about,
})

/**
 * Locks the mutex, sleeping while another has it. A normal one that is the caller's own already: for ever. A signal
 * handler does not end the wait.
 * @throws PosixError EDEADLK (errorcheck: it is the caller's own), EAGAIN (recursive: too often), EINVAL (destroyed);
 *   robust: EOWNERDEAD (it is locked now, but its last owner died: see `pthread_mutex_consistent`), ENOTRECOVERABLE
 */
export const pthread_mutex_lock = (mutex: number): Call<void> => call(lockDef, { mutex: address(mutex) })

const trylockDef = defineCall<MutexArgs, void>({
  name: 'pthread_mutex_trylock',
  error: posixError,
  isLock: true,
  doneWith: 'EOWNERDEAD',
  synchronizes: 'acquires',
  does: 'takes',
  subject: about.subject,
  stages: [
    {
      attempt(kernel, thread, { mutex }) {
        const mark = kernel.footprint.length
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        const error = acquire(kernel, thread, mutex, TRYING)
        if (error === null) return done(kernel)
        if (error === 'EBUSY') kernel.footprint.readsOnlyFrom(mark) // a failed compare-and-swap is a read
        return fail(kernel, error)
      },
    },
  ],
})

/**
 * Locks the mutex if nobody has it.
 * @throws PosixError EBUSY (somebody has it, also the caller; a robust errorcheck one that is the caller's: EDEADLK),
 *   EAGAIN, EINVAL; robust: EOWNERDEAD, ENOTRECOVERABLE
 */
export const pthread_mutex_trylock = (mutex: number): Call<void> => call(trylockDef, { mutex: address(mutex) })

interface TimedArgs extends MutexArgs {
  readonly abstime: Limit
}

const timedlockDef = defineCall<TimedArgs, void>({
  name: 'pthread_mutex_timedlock',
  error: posixError,
  isLock: true,
  doneWith: 'EOWNERDEAD',
  synchronizes: 'acquires',
  stages: [
    {
      canProceed: (kernel, thread, { mutex, abstime }) => isMalformed(abstime) || mayLock(kernel, thread, mutex),
      attempt(kernel, thread, { mutex, abstime }) {
        const outcome = lock(kernel, thread, mutex)
        if (outcome !== 0) return outcome
        if (isMalformed(abstime)) return fail(kernel, abstime.tv_sec < 0 ? 'ETIMEDOUT' : 'EINVAL')
        return sleepForMutex(kernel, thread)
      },
    },
  ],
  deadline: (_kernel, _thread, { abstime }) => asNs(abstime),
  giveUp: (kernel, _thread, _args, reason) => (reason === 'timeout' ? fail(kernel, 'ETIMEDOUT') : SLEEP),
  does: 'takes',
  ...about,
})

/**
 * As `pthread_mutex_lock`, until an absolute time. The time is looked at only if the call would sleep, also whether it
 * is well formed.
 * @param abstime on CLOCK_REALTIME
 * @throws PosixError ETIMEDOUT, EINVAL, EDEADLK, EAGAIN; robust: EOWNERDEAD, ENOTRECOVERABLE. pthread_mutex_timedlock(3)
 */
export const pthread_mutex_timedlock = (mutex: number, abstime: Timespec): Call<void> =>
  call(timedlockDef, { mutex: address(mutex), abstime: limit(abstime) })

const unlockDef = defineCall<MutexArgs, void>({
  name: 'pthread_mutex_unlock',
  error: posixError,
  synchronizes: 'releases',
  does: 'gives',
  isLock: true,
  subject: about.subject,
  stages: [
    {
      attempt(kernel, thread, { mutex }) {
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        const error = giveBack(kernel, thread)
        return error === null ? done(kernel) : fail(kernel, error)
      },
    },
  ],
})

/**
 * Unlocks the mutex and wakes who sleeps for it first; whoever locks it first has it, woken or not. A normal mutex is
 * unlocked by anybody, locked or not: nothing says what that means. A robust one that was not repaired after its owner's
 * death is not recoverable from then on.
 * @throws PosixError EPERM (errorcheck, recursive and robust: not the caller's), EINVAL (destroyed)
 */
export const pthread_mutex_unlock = (mutex: number): Call<void> => call(unlockDef, { mutex: address(mutex) })

const consistentDef = defineCall<MutexArgs, void>({
  name: 'pthread_mutex_consistent',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mutex }) {
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        return isRobust(kernel) && repair(kernel, thread) ? done(kernel) : fail(kernel, 'EINVAL')
      },
    },
  ],
})

/**
 * What a robust mutex guards is in order again, after its owner's death: it can be unlocked, and locked as ever.
 * @throws PosixError EINVAL (not robust, or nobody has died with it). pthread_mutex_consistent(3)
 */
export const pthread_mutex_consistent = (mutex: number): Call<void> => call(consistentDef, { mutex: address(mutex) })

const destroyDef = defineCall<MutexArgs, void>({
  name: 'pthread_mutex_destroy',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mutex }) {
        const faulted = reach(kernel, thread, mutex, MUTEX_WORDS)
        if (faulted !== 0) return faulted
        return destroy(kernel) ? done(kernel) : fail(kernel, 'EBUSY')
      },
    },
  ],
})

/** The end of a mutex; to lock it afterwards is EINVAL. @throws PosixError EBUSY (locked, or waited with on a condition), EINVAL. pthread_mutex_destroy(3) */
export const pthread_mutex_destroy = (mutex: number): Call<void> => call(destroyDef, { mutex: address(mutex) })
