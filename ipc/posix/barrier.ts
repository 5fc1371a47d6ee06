import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type Kernel,
  nameOfPlace,
  type Outcome,
  READ,
  SEQ_CST,
  SLEEP,
  setWord,
  sleepOn,
  type Thread,
  WRITE,
  wakeAll,
  wordKey,
} from '../../kernel/index.ts'
import { address, integer, posixError } from './args.ts'
import { PTHREAD_BARRIER_SERIAL_THREAD } from './flags.ts'
import { reach } from './word.ts'

/**
 * Barriers, always process-shared: pthread_barrier_wait(3). A barrier is 32 bytes of memory. It opens when so many have
 * come, and is closed again at once. Who dies waiting has come all the same. Nothing ends a wait but the last to come.
 */

/** sizeof(pthread_barrier_t), in words */
const BARRIER_WORDS = 8

/** How many have come. */
const IN = 0
/** How often it has opened. */
const ROUND = 1
/** How many it waits for. */
const COUNT = 2

const COUNT_MAX = 0x7fffffff

function get(kernel: Kernel, field: number): number {
  const { words, word } = kernel.place
  return words[word + field] ?? 0
}

function set(kernel: Kernel, field: number, value: number): void {
  const { words, word } = kernel.place
  setWord(kernel.journal, words, word + field, value | 0)
}

interface BarrierArgs extends Args {
  readonly barrier: number
}

/** Finds the barrier (in `kernel.place`). The first word stands for all of it in the footprint. */
const reachBarrier = (kernel: Kernel, thread: Thread, barrier: number): Outcome | 0 =>
  reach(kernel, thread, barrier, BARRIER_WORDS)

/** In the queue, until the round that the caller came in is over. */
const WAIT = 1

function waitForRound(kernel: Kernel, thread: Thread): Outcome {
  kernel.stage = WAIT
  return sleepOn(kernel, thread, wordKey(kernel, kernel.place.frame, kernel.place.word))
}

const waitDef = defineCall<BarrierArgs, number>({
  name: 'pthread_barrier_wait',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { barrier }) {
        const faulted = reachBarrier(kernel, thread, barrier)
        if (faulted !== 0) return faulted
        const count = get(kernel, COUNT)
        if (count <= 0) return fail(kernel, 'EINVAL')
        const come = get(kernel, IN) + 1
        if (come < count) {
          set(kernel, IN, come)
          if (thread.call !== null) thread.call.saved = get(kernel, ROUND)
          return waitForRound(kernel, thread)
        }
        set(kernel, IN, 0)
        set(kernel, ROUND, get(kernel, ROUND) + 1)
        wakeAll(kernel, wordKey(kernel, kernel.place.frame, kernel.place.word))
        return done(kernel, PTHREAD_BARRIER_SERIAL_THREAD)
      },
    },
    {
      attempt(kernel, thread, { barrier }) {
        const faulted = reachBarrier(kernel, thread, barrier)
        if (faulted !== 0) return faulted
        return get(kernel, ROUND) === thread.call?.saved ? waitForRound(kernel, thread) : done(kernel, 0)
      },
    },
  ],
  giveUp: () => SLEEP,
  waitsFor: (kernel, thread, { barrier }) => ({ object: nameOf(kernel, thread, barrier) }),
  subject: (kernel, thread, { barrier }) => nameOf(kernel, thread, barrier),
})

const nameOf = (kernel: Kernel, thread: Thread, barrier: number): string =>
  `barrier at ${nameOfPlace(kernel, thread, barrier)}`

/**
 * Waits until as many have come as the barrier is for. The last to come does not wait, and is told so.
 * @returns PTHREAD_BARRIER_SERIAL_THREAD for the last, 0 for the others
 * @throws PosixError EINVAL (never initialised; the address)
 * @throws MemoryFault SIGSEGV, SIGBUS when caught, as every call on a barrier. pthread_barrier_wait(3)
 */
export const pthread_barrier_wait = (barrier: number): Call<number> => call(waitDef, { barrier: address(barrier) })

const initDef = defineCall<{ readonly barrier: number; readonly count: number }, void>({
  name: 'pthread_barrier_init',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { barrier, count }) {
        if (count <= 0 || count > COUNT_MAX) return fail(kernel, 'EINVAL')
        const faulted = reachBarrier(kernel, thread, barrier)
        if (faulted !== 0) return faulted
        const { frame, word } = kernel.place
        for (let field = 0; field < BARRIER_WORDS; field++) {
          kernel.footprint.add(frame, word + field, READ | WRITE, SEQ_CST)
          if (get(kernel, field) !== 0) set(kernel, field, 0)
        }
        set(kernel, COUNT, count)
        return done(kernel)
      },
    },
  ],
})

/** Makes a barrier for so many at that address. @throws PosixError EINVAL (none; the address). pthread_barrier_init(3) */
export const pthread_barrier_init = (barrier: number, count: number): Call<void> =>
  call(initDef, { barrier: address(barrier), count: integer(count) })

const destroyDef = defineCall<BarrierArgs, void>({
  name: 'pthread_barrier_destroy',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { barrier }) {
        const faulted = reachBarrier(kernel, thread, barrier)
        if (faulted !== 0) return faulted
        if (get(kernel, IN) > 0) return fail(kernel, 'EBUSY')
        set(kernel, COUNT, 0)
        return done(kernel)
      },
    },
  ],
})

/** The end of a barrier. @throws PosixError EBUSY (somebody waits; what glibc does then is said nowhere), EINVAL. pthread_barrier_destroy(3) */
export const pthread_barrier_destroy = (barrier: number): Call<void> => call(destroyDef, { barrier: address(barrier) })
