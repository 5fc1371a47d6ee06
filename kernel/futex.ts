import { type Args, type Call, call, defineCall } from './call.ts'
import { cheaply, invariant, PosixError } from './errors.ts'
import { READ, SEQ_CST } from './footprint.ts'
import { done, fail, type Kernel, next, processOf } from './kernel.ts'
import { findMapping, nameOfPlace, PAGE_SIZE, translate } from './paging.ts'
import { sleep, wakeOne } from './queue.ts'
import { fault } from './signal.ts'
import type { Id, Thread } from './state.ts'

/**
 * Sleeping on a word of memory: futex(2). The queue is keyed by the physical word, so that processes which map the same
 * page at different addresses meet; a private page's words are its process's own.
 */

/** Key of the queue of a word's sleepers; `null` when the address isn't mapped. */
export function futexKey(kernel: Kernel, thread: Thread, address: number): Id | null {
  const mapping = findMapping(processOf(kernel, thread), address)
  if (mapping === null) return null
  const word = (address % PAGE_SIZE) >> 2
  if (!mapping.shared) return wordKey(kernel, `${thread.process}@${Math.floor(address / PAGE_SIZE)}`, word)
  const page = Math.floor((mapping.offset + address - mapping.start) / PAGE_SIZE)
  return wordKey(kernel, `${mapping.object}#${page}`, word)
}

/** The same from a place that `translate` has found; put together only once for each word. */
export function wordKey(kernel: Kernel, frame: Id, word: number): Id {
  let keys = kernel.wordKeys.get(frame)
  if (keys === undefined) {
    keys = []
    kernel.wordKeys.set(frame, keys)
  }
  let key = keys[word]
  if (key === undefined) {
    key = `${frame}:${word}`
    keys[word] = key
  }
  return key
}

const futexName = (kernel: Kernel, thread: Thread, address: number): string =>
  `futex at ${nameOfPlace(kernel, thread, address)}`

interface WaitArgs extends Args {
  readonly address: number
  readonly expected: number
  /** Virtual ns from now; `null` for ever. */
  readonly timeout: number | null
}

const error = (code: string, name: string) => cheaply(() => new PosixError(code, name))

const waitDef = defineCall<WaitArgs, void>({
  name: 'futex_wait',
  error,
  synchronizes: 'acquires',
  stages: [
    {
      attempt(kernel, thread, { address, expected }) {
        const signal = translate(kernel, thread, address, false)
        if (signal !== null) return fault(kernel, thread, signal)
        const { frame, words, word } = kernel.place
        kernel.footprint.add(frame, word, READ, SEQ_CST)
        if ((words[word] ?? 0) !== (expected | 0)) return fail(kernel, 'EAGAIN')
        const key = futexKey(kernel, thread, address)
        invariant(key !== null, 'an address that was translated is mapped')
        kernel.stage = 1
        return sleep(kernel, thread, key)
      },
    },
    // Not woken: it was taken out of its sleep by a signal that is ignored by now, and looks again.
    {
      attempt: (kernel, thread) => (thread.call?.woken === true ? done(kernel) : next(kernel, 0)),
      wakesSpuriously: true,
    },
  ],
  deadline: (kernel, _thread, { timeout }) => (timeout === null ? null : kernel.state.clock + timeout),
  giveUp(kernel, _thread, _args, reason) {
    if (reason === 'spurious') return done(kernel) // as if woken: futex(2) says that this happens
    return fail(kernel, reason === 'timeout' ? 'ETIMEDOUT' : 'EINTR')
  },
  interruptible: true,
  waitsFor: (kernel, thread, { address }) => ({ object: futexName(kernel, thread, address) }),
  subject: (kernel, thread, { address }) => futexName(kernel, thread, address),
})

/**
 * Sleeps until woken, if the 32-bit word at `address` still holds `expected`.
 * @param timeout virtual ns, `null` for ever
 * @throws PosixError EAGAIN (another value), ETIMEDOUT, EINTR. futex(2)
 */
export const futex_wait = (address: number, expected: number, timeout: number | null = null): Call<void> =>
  call(waitDef, { address, expected, timeout })

const wakeDef = defineCall<{ readonly address: number; readonly count: number }, number>({
  name: 'futex_wake',
  error,
  synchronizes: 'none',
  does: 'signals',
  subject: (kernel, thread, { address }) => futexName(kernel, thread, address),
  stages: [
    {
      attempt(kernel, thread, { address, count }) {
        const key = futexKey(kernel, thread, address)
        if (key === null) return fail(kernel, 'EFAULT')
        let woken = 0
        while (woken < count && wakeOne(kernel, key, kernel.state.wakeOrder) !== null) woken += 1
        return done(kernel, woken)
      },
    },
  ],
})

/** Wakes up to `count` sleepers of the word; returns how many. @throws PosixError EFAULT. futex(2) */
export const futex_wake = (address: number, count: number): Call<number> => call(wakeDef, { address, count })
