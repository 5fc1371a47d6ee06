import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  type Id,
  type Kernel,
  nameOfPlace,
  type Outcome,
  READ,
  SEQ_CST,
  SLEEP,
  sleepOn,
  type Thread,
  threadByNumber,
  translate,
  type Waits,
  WRITE,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP } from './flags.ts'
import {
  canRead,
  canWrite,
  claim,
  claimQueue,
  countIn,
  countOut,
  countWriter,
  disclaim,
  endReading,
  endWriting,
  initialise,
  isWriter,
  mayRead,
  mayWrite,
  phaseQueue,
  RWLOCK_WORDS,
  writerNumber,
  yieldQueue,
  yields,
} from './rwlock-words.ts'
import { asNs, isMalformed, type Limit, limit, type Timespec } from './time.ts'
import { reach } from './word.ts'

/**
 * Read-write locks, always process-shared: pthread_rwlock_rdlock(3). Memory that is all zeros is an unlocked one. Many
 * may read at a time, or one write. Readers are preferred, as glibc does by default: a new one passes writers that wait.
 * Others prefer writers. A lock can't lie across the end of a page (EINVAL).
 */

interface LockArgs extends Args {
  readonly rwlock: number
  /** `null`: for ever. */
  readonly abstime: Limit | null
}

// The stages of a wait; it begins with 0, in which a reader counts itself in, once no writer is to go first.
/** A writer waits for the claim. */
const CLAIM = 1
/** Counted in, or with the claim: it waits for its phase. */
const PHASE = 2

const reachLock = (kernel: Kernel, thread: Thread, rwlock: number): Outcome | 0 =>
  reach(kernel, thread, rwlock, RWLOCK_WORDS)

/** Sleeps until the phase changes. */
function awaitPhase(kernel: Kernel, thread: Thread): Outcome {
  kernel.stage = PHASE
  return sleepOn(kernel, thread, phaseQueue(kernel))
}

function enterReading(kernel: Kernel, thread: Thread, { rwlock, abstime }: LockArgs): Outcome {
  if (abstime !== null && isMalformed(abstime)) return fail(kernel, 'EINVAL')
  const faulted = reachLock(kernel, thread, rwlock)
  if (faulted !== 0) return faulted
  if (isWriter(kernel, thread)) return fail(kernel, 'EDEADLK')
  if (yields(kernel)) return sleepOn(kernel, thread, yieldQueue(kernel))
  if (!countIn(kernel)) return fail(kernel, 'EAGAIN')
  return mayRead(kernel) ? done(kernel) : awaitPhase(kernel, thread)
}

function readInPhase(kernel: Kernel, thread: Thread, { rwlock }: LockArgs): Outcome {
  const faulted = reachLock(kernel, thread, rwlock)
  if (faulted !== 0) return faulted
  return mayRead(kernel) ? done(kernel) : awaitPhase(kernel, thread)
}

function enterWriting(kernel: Kernel, thread: Thread, args: LockArgs): Outcome {
  const { rwlock, abstime } = args
  if (abstime !== null && isMalformed(abstime)) return fail(kernel, 'EINVAL')
  const faulted = reachLock(kernel, thread, rwlock)
  if (faulted !== 0) return faulted
  return isWriter(kernel, thread) ? fail(kernel, 'EDEADLK') : claimToWrite(kernel, thread, args)
}

function claimToWrite(kernel: Kernel, thread: Thread, { rwlock }: LockArgs): Outcome {
  const faulted = reachLock(kernel, thread, rwlock)
  if (faulted !== 0) return faulted
  const hasWaited = thread.call?.stage === CLAIM
  if (claim(kernel)) {
    if (hasWaited) countWriter(kernel, -1)
    return mayWrite(kernel, thread) ? done(kernel) : awaitPhase(kernel, thread)
  }
  if (!hasWaited) countWriter(kernel, 1)
  kernel.stage = CLAIM
  return sleepOn(kernel, thread, claimQueue(kernel))
}

function writeInPhase(kernel: Kernel, thread: Thread, { rwlock }: LockArgs): Outcome {
  const faulted = reachLock(kernel, thread, rwlock)
  if (faulted !== 0) return faulted
  return mayWrite(kernel, thread) ? done(kernel) : awaitPhase(kernel, thread)
}

/** No handler ends a wait. Who is out of time takes its mark away; who dies leaves it. */
function giveUp(
  kernel: Kernel,
  thread: Thread,
  rwlock: number,
  reason: GiveUpReason,
  unmark: (stage: number) => void,
): Outcome {
  if (reason !== 'timeout') return SLEEP
  const stage = thread.call?.stage ?? 0
  if (stage !== 0 && translate(kernel, thread, rwlock, true) === null) {
    kernel.footprint.add(kernel.place.frame, kernel.place.word, READ | WRITE, SEQ_CST)
    unmark(stage)
  }
  return fail(kernel, 'ETIMEDOUT')
}

const nameOf = (kernel: Kernel, thread: Thread, rwlock: number): string =>
  `rwlock at ${nameOfPlace(kernel, thread, rwlock)}`

/** Who writes, if anybody does; who reads is not known. */
function writer(kernel: Kernel, thread: Thread, rwlock: number): Id | null {
  if (rwlock % 4 !== 0 || translate(kernel, thread, rwlock, false) !== null) return null
  return threadByNumber(kernel, writerNumber(kernel))
}

const about = {
  error: posixError,
  subject: (kernel: Kernel, thread: Thread, { rwlock }: { readonly rwlock: number }): string =>
    nameOf(kernel, thread, rwlock),
  waitsFor(kernel: Kernel, thread: Thread, { rwlock }: LockArgs): Waits {
    const owner = writer(kernel, thread, rwlock)
    const object = nameOf(kernel, thread, rwlock)
    return owner === null ? { object } : { object, heldBy: [owner], awaits: [owner] }
  },
}

const until = (_kernel: Kernel, _thread: Thread, { abstime }: LockArgs): number | null =>
  abstime === null ? null : asNs(abstime)

const reading = {
  ...about,
  synchronizes: 'acquires' as const,
  does: 'takes' as const,
  stages: [{ attempt: enterReading }, { attempt: readInPhase }, { attempt: readInPhase }],
  giveUp: (kernel: Kernel, thread: Thread, { rwlock }: LockArgs, reason: GiveUpReason): Outcome =>
    giveUp(kernel, thread, rwlock, reason, () => countOut(kernel)),
}

const writing = {
  ...about,
  synchronizes: 'acquires' as const,
  does: 'takes' as const,
  stages: [{ attempt: enterWriting }, { attempt: claimToWrite }, { attempt: writeInPhase }],
  giveUp: (kernel: Kernel, thread: Thread, { rwlock }: LockArgs, reason: GiveUpReason): Outcome =>
    giveUp(kernel, thread, rwlock, reason, (stage) => (stage === PHASE ? disclaim(kernel) : countWriter(kernel, -1))),
}

const rdlockDef = defineCall<LockArgs, void>({ name: 'pthread_rwlock_rdlock', ...reading })
const timedrdlockDef = defineCall<LockArgs, void>({ name: 'pthread_rwlock_timedrdlock', deadline: until, ...reading })
const wrlockDef = defineCall<LockArgs, void>({ name: 'pthread_rwlock_wrlock', ...writing })
const timedwrlockDef = defineCall<LockArgs, void>({ name: 'pthread_rwlock_timedwrlock', deadline: until, ...writing })

/**
 * Locks it for reading, sleeping while somebody writes. No handler ends the wait.
 * @throws PosixError EDEADLK (the caller writes), EAGAIN (too many readers), EINVAL (the address)
 * @throws MemoryFault SIGSEGV, SIGBUS when caught, as every call on it. pthread_rwlock_rdlock(3)
 */
export const pthread_rwlock_rdlock = (rwlock: number): Call<void> =>
  call(rdlockDef, { rwlock: address(rwlock), abstime: null })

/**
 * As `pthread_rwlock_rdlock`, until an absolute time; a malformed one is refused in any case.
 * @param abstime on CLOCK_REALTIME
 * @throws PosixError ETIMEDOUT, EINVAL, EDEADLK, EAGAIN. pthread_rwlock_timedrdlock(3)
 */
export const pthread_rwlock_timedrdlock = (rwlock: number, abstime: Timespec): Call<void> =>
  call(timedrdlockDef, { rwlock: address(rwlock), abstime: limit(abstime) })

/**
 * Locks it for writing, sleeping while anybody reads or writes; one that the caller reads: for ever. No handler ends the
 * wait.
 * @throws PosixError EDEADLK (the caller writes), EINVAL (the address). pthread_rwlock_wrlock(3)
 */
export const pthread_rwlock_wrlock = (rwlock: number): Call<void> =>
  call(wrlockDef, { rwlock: address(rwlock), abstime: null })

/**
 * As `pthread_rwlock_wrlock`, until an absolute time; a malformed one is refused in any case.
 * @param abstime on CLOCK_REALTIME
 * @throws PosixError ETIMEDOUT, EINVAL, EDEADLK. pthread_rwlock_timedwrlock(3)
 */
export const pthread_rwlock_timedwrlock = (rwlock: number, abstime: Timespec): Call<void> =>
  call(timedwrlockDef, { rwlock: address(rwlock), abstime: limit(abstime) })

interface RwArgs extends Args {
  readonly rwlock: number
}

/** The two trylocks: a failed one only reads. */
const trying = (can: (kernel: Kernel) => boolean, take: (kernel: Kernel, thread: Thread) => boolean) => ({
  error: posixError,
  subject: about.subject,
  synchronizes: 'acquires' as const,
  does: 'takes' as const,
  stages: [
    {
      attempt(kernel: Kernel, thread: Thread, { rwlock }: RwArgs): Outcome {
        const mark = kernel.footprint.length
        const faulted = reachLock(kernel, thread, rwlock)
        if (faulted !== 0) return faulted
        if (!can(kernel)) {
          kernel.footprint.readsOnlyFrom(mark)
          return fail(kernel, 'EBUSY')
        }
        return take(kernel, thread) ? done(kernel) : fail(kernel, 'EAGAIN')
      },
    },
  ],
})

const tryrdlockDef = defineCall<RwArgs, void>({
  name: 'pthread_rwlock_tryrdlock',
  ...trying(canRead, (kernel) => countIn(kernel) && mayRead(kernel)),
})

/** Locks it for reading if nobody writes. @throws PosixError EBUSY, EAGAIN (too many readers), EINVAL. pthread_rwlock_tryrdlock(3) */
export const pthread_rwlock_tryrdlock = (rwlock: number): Call<void> => call(tryrdlockDef, { rwlock: address(rwlock) })

const trywrlockDef = defineCall<RwArgs, void>({
  name: 'pthread_rwlock_trywrlock',
  ...trying(canWrite, (kernel, thread) => claim(kernel) && mayWrite(kernel, thread)),
})

/** Locks it for writing if nobody reads, writes, or waits to write. @throws PosixError EBUSY, EINVAL. pthread_rwlock_trywrlock(3) */
export const pthread_rwlock_trywrlock = (rwlock: number): Call<void> => call(trywrlockDef, { rwlock: address(rwlock) })

const unlockDef = defineCall<RwArgs, void>({
  name: 'pthread_rwlock_unlock',
  error: posixError,
  synchronizes: 'releases',
  does: 'gives',
  subject: about.subject,
  stages: [
    {
      attempt(kernel, thread, { rwlock }) {
        const faulted = reachLock(kernel, thread, rwlock)
        if (faulted !== 0) return faulted
        if (isWriter(kernel, thread)) endWriting(kernel)
        else if (!endReading(kernel)) return fail(kernel, 'EPERM')
        return done(kernel)
      },
    },
  ],
})

/**
 * Unlocks it. After a writer all readers that wait go first, or where writers are preferred a writer; after the last
 * reader a writer.
 * @throws PosixError EPERM (nobody has it; glibc does not notice), EINVAL. pthread_rwlock_unlock(3)
 */
export const pthread_rwlock_unlock = (rwlock: number): Call<void> => call(unlockDef, { rwlock: address(rwlock) })

/** What pthread_rwlockattr_setkind_np says. */
export interface RwlockAttributes {
  /** PTHREAD_RWLOCK_PREFER_READER_NP, the default, PTHREAD_RWLOCK_PREFER_WRITER_NP or PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP. */
  readonly kind?: number
}

interface InitArgs extends RwArgs {
  readonly kind: number
}

const initDef = defineCall<InitArgs, void>({
  name: 'pthread_rwlock_init',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { rwlock, kind }) {
        if (kind < PTHREAD_RWLOCK_PREFER_READER_NP || kind > PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
          return fail(kernel, 'EINVAL')
        const faulted = reachLock(kernel, thread, rwlock)
        if (faulted !== 0) return faulted
        initialise(kernel, kind)
        return done(kernel)
      },
    },
  ],
})

/**
 * Makes a read-write lock at that address. Where writers are preferred, one that leaves hands the lock to another that
 * waits, before any reader; but while some read, a new reader passes a writer that waits. With
 * PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP it does not; who already reads must not lock it again for reading then.
 * @throws PosixError EINVAL (the address, the kind). pthread_rwlock_init(3), pthread_rwlockattr_setkind_np(3)
 */
export function pthread_rwlock_init(rwlock: number, attr: RwlockAttributes | null = null): Call<void> {
  const { kind = PTHREAD_RWLOCK_PREFER_READER_NP } = typeof attr === 'object' ? (attr ?? {}) : { kind: -1 }
  return call(initDef, { rwlock: address(rwlock), kind: integer(kind) })
}

const destroyDef = defineCall<RwArgs, void>({
  name: 'pthread_rwlock_destroy',
  error: posixError,
  stages: [{ attempt: (kernel) => done(kernel) }],
})

/** The end of a read-write lock; with glibc it does nothing. pthread_rwlock_destroy(3) */
export const pthread_rwlock_destroy = (rwlock: number): Call<void> => call(destroyDef, { rwlock: address(rwlock) })
