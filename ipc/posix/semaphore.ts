import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  fault,
  type GiveUpReason,
  type Kernel,
  nameOfPlace,
  type Outcome,
  POSTS,
  READ,
  SEQ_CST,
  setWord,
  type Thread,
  translate,
  type Waits,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { SEM_VALUE_MAX } from './flags.ts'
import { semaphoreName } from './semaphore-table.ts'
import { asNs, isMalformed, type Limit, limit, type Timespec } from './time.ts'
import { isWritable, looks, reach, reachToRead, sleepOnWord, wakeOneOnWord } from './word.ts'

/**
 * POSIX semaphores: sem_overview(7). A semaphore is 32 bytes of memory and its value the first word of them, so it is
 * one and the same for all who map that word. Nobody owns it: who dies with a unit in hand never gives it back.
 */

interface SemArgs extends Args {
  readonly sem: number
}

/** Whether a wait would not sleep: there is a unit, or the attempt faults. */
function mayTake(kernel: Kernel, thread: Thread, sem: number): boolean {
  if (!looks(kernel, thread, sem)) return true
  const { words, word } = kernel.place
  return (words[word] ?? 0) !== 0 || !isWritable(kernel, thread, sem)
}

/** Takes a unit, or sleeps until there may be one. */
function take(kernel: Kernel, thread: Thread, sem: number): Outcome {
  const faulted = reach(kernel, thread, sem)
  if (faulted !== 0) return faulted
  const { words, word } = kernel.place
  const value = words[word] ?? 0
  if (value === 0) return sleepOnWord(kernel, thread)
  setWord(kernel.journal, words, word, (value - 1) | 0)
  return done(kernel)
}

const giveUp = (kernel: Kernel, reason: GiveUpReason): Outcome =>
  fail(kernel, reason === 'timeout' ? 'ETIMEDOUT' : 'EINTR')

const subject = (kernel: Kernel, thread: Thread, { sem }: SemArgs): string =>
  semaphoreName(kernel, thread, sem) ?? `semaphore at ${nameOfPlace(kernel, thread, sem)}`

const waitsFor = (kernel: Kernel, thread: Thread, args: SemArgs): Waits => ({ object: subject(kernel, thread, args) })

const waitDef = defineCall<SemArgs, void>({
  name: 'sem_wait',
  error: posixError,
  synchronizes: 'acquires',
  stages: [
    {
      rises: true,
      canProceed: (kernel, thread, { sem }) => mayTake(kernel, thread, sem),
      attempt: (kernel, thread, { sem }) => take(kernel, thread, sem),
    },
  ],
  restarts: true,
  interruptible: true,
  giveUp: (kernel, _thread, _args, reason) => giveUp(kernel, reason),
  waitsFor,
  does: 'takes',
  subject,
})

/**
 * Takes a unit, sleeping until there is one.
 * @throws PosixError EINTR (a handler without SA_RESTART ran), EINVAL (misaligned)
 * @throws MemoryFault SIGSEGV, SIGBUS when caught, as every call on a semaphore. sem_wait(3)
 */
export const sem_wait = (sem: number): Call<void> => call(waitDef, { sem: address(sem) })

const trywaitDef = defineCall<SemArgs, void>({
  name: 'sem_trywait',
  error: posixError,
  synchronizes: 'acquires',
  does: 'takes',
  subject,
  stages: [
    {
      attempt(kernel, thread, { sem }) {
        const faulted = lookFirst(kernel, thread, sem)
        return faulted !== 0 ? faulted : take(kernel, thread, sem)
      },
    },
  ],
})

/** Without a unit nothing is written, so that a private page isn't copied and a read-only one doesn't fault. */
function lookFirst(kernel: Kernel, thread: Thread, sem: number): Outcome | 0 {
  if (sem % 4 !== 0) return fail(kernel, 'EINVAL')
  const signal = translate(kernel, thread, sem, false)
  if (signal !== null) return fault(kernel, thread, signal)
  const { words, word, frame } = kernel.place
  if ((words[word] ?? 0) !== 0) return 0
  kernel.footprint.add(frame, word, READ, SEQ_CST)
  return fail(kernel, 'EAGAIN')
}

/** Takes a unit if there is one. @throws PosixError EAGAIN, EINVAL. sem_trywait(3) */
export const sem_trywait = (sem: number): Call<void> => call(trywaitDef, { sem: address(sem) })

interface TimedArgs extends SemArgs {
  readonly abs_timeout: Limit
}

const timedwaitDef = defineCall<TimedArgs, void>({
  name: 'sem_timedwait',
  error: posixError,
  synchronizes: 'acquires',
  stages: [
    {
      rises: true,
      canProceed: (kernel, thread, { sem, abs_timeout }) => isMalformed(abs_timeout) || mayTake(kernel, thread, sem),
      attempt: (kernel, thread, { sem, abs_timeout }) =>
        isMalformed(abs_timeout) ? fail(kernel, 'EINVAL') : take(kernel, thread, sem),
    },
  ],
  deadline: (_kernel, _thread, { abs_timeout }) => asNs(abs_timeout),
  interruptible: true,
  giveUp: (kernel, _thread, _args, reason) => giveUp(kernel, reason),
  waitsFor,
  does: 'takes',
  subject,
})

/**
 * As `sem_wait`, until an absolute time. A time that is past matters only if the call would sleep; a malformed one is
 * refused in any case. No handler's SA_RESTART makes it go on.
 * @param abs_timeout on CLOCK_REALTIME
 * @throws PosixError ETIMEDOUT, EINTR, EINVAL. sem_timedwait(3)
 */
export const sem_timedwait = (sem: number, abs_timeout: Timespec): Call<void> =>
  call(timedwaitDef, { sem: address(sem), abs_timeout: limit(abs_timeout) })

const postDef = defineCall<SemArgs, void>({
  name: 'sem_post',
  error: posixError,
  synchronizes: 'releases',
  does: 'gives',
  subject,
  stages: [
    {
      attempt(kernel, thread, { sem }) {
        const faulted = reach(kernel, thread, sem)
        if (faulted !== 0) return faulted
        const { words, word } = kernel.place
        const value = words[word] ?? 0
        if (value === SEM_VALUE_MAX) return fail(kernel, 'EOVERFLOW')
        setWord(kernel.journal, words, word, (value + 1) | 0)
        kernel.footprint.wasOnly(POSTS)
        wakeOneOnWord(kernel)
        return done(kernel)
      },
    },
  ],
})

/** Adds a unit, and wakes one who sleeps for it. @throws PosixError EOVERFLOW (beyond SEM_VALUE_MAX), EINVAL. sem_post(3) */
export const sem_post = (sem: number): Call<void> => call(postDef, { sem: address(sem) })

const getvalueDef = defineCall<SemArgs, number>({
  name: 'sem_getvalue',
  error: posixError,
  synchronizes: 'none',
  stages: [
    {
      attempt(kernel, thread, { sem }) {
        const faulted = reachToRead(kernel, thread, sem)
        return faulted !== 0 ? faulted : done(kernel, (kernel.place.words[kernel.place.word] ?? 0) >>> 0)
      },
    },
  ],
})

/** How many units there are; 0, never less, while somebody sleeps for one. sem_getvalue(3) */
export const sem_getvalue = (sem: number): Call<number> => call(getvalueDef, { sem: address(sem) })

interface InitArgs extends SemArgs {
  readonly pshared: number
  readonly value: number
}

const initDef = defineCall<InitArgs, void>({
  name: 'sem_init',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { sem, value }) {
        if (value < 0 || value > SEM_VALUE_MAX) return fail(kernel, 'EINVAL')
        const faulted = reach(kernel, thread, sem)
        if (faulted !== 0) return faulted
        setWord(kernel.journal, kernel.place.words, kernel.place.word, value)
        return done(kernel)
      },
    },
  ],
})

/**
 * Makes an unnamed semaphore at that address.
 * @param pshared not looked at: a semaphore is shared by all who map its memory
 * @throws PosixError EINVAL (a value beyond SEM_VALUE_MAX, a misaligned address). sem_init(3)
 */
export const sem_init = (sem: number, pshared: number, value: number): Call<void> =>
  call(initDef, { sem: address(sem), pshared: integer(pshared), value: integer(value) })

const destroyDef = defineCall<SemArgs, void>({
  name: 'sem_destroy',
  error: posixError,
  stages: [{ attempt: (kernel) => done(kernel) }],
})

/** The end of an unnamed semaphore; on Linux it does nothing. sem_destroy(3) */
export const sem_destroy = (sem: number): Call<void> => call(destroyDef, { sem: address(sem) })
