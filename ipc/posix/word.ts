import {
  fail,
  fault,
  type Kernel,
  mayStore,
  type Outcome,
  PAGE_SIZE,
  READ,
  SEQ_CST,
  sleepOn,
  type Thread,
  translate,
  WRITE,
  wakeOne,
  wordKey,
} from '../../kernel/index.ts'

/**
 * Synchronisation objects are words in shared memory: what a process may do with one, and whom it meets there, depends
 * on its mapping alone. Their sleepers are on the queue of the word, as with a futex.
 */

const WORD = 4

/**
 * For a guard: finds the word (in `kernel.place`) and changes nothing. `false` when a store to it would fault: then the
 * attempt goes through, and that is its outcome.
 */
export function looks(kernel: Kernel, thread: Thread, address: number): boolean {
  if (address % WORD !== 0 || translate(kernel, thread, address, false) !== null) return false
  const { frame, word } = kernel.place
  kernel.footprint.add(frame, word, READ | WRITE, SEQ_CST)
  return true
}

/** Finds the word (in `kernel.place`) to read it. Not 0: the access faults, and that is its outcome. */
export function reachToRead(kernel: Kernel, thread: Thread, address: number): Outcome | 0 {
  if (address % WORD !== 0) return fail(kernel, 'EINVAL')
  const signal = translate(kernel, thread, address, false)
  if (signal !== null) return fault(kernel, thread, signal)
  kernel.footprint.add(kernel.place.frame, kernel.place.word, READ, SEQ_CST)
  return 0
}

/** Finds the word (in `kernel.place`) of an object of that many words to change it. Not 0: as `reachToRead`. */
export function reach(kernel: Kernel, thread: Thread, address: number, words = 1): Outcome | 0 {
  if (address % WORD !== 0 || (address % PAGE_SIZE) + words * WORD > PAGE_SIZE) return fail(kernel, 'EINVAL')
  const signal = translate(kernel, thread, address, true)
  if (signal !== null) return fault(kernel, thread, signal)
  kernel.footprint.add(kernel.place.frame, kernel.place.word, READ | WRITE, SEQ_CST)
  return 0
}

/** Whether a store would go through where `looks` has found the word. */
export const isWritable = mayStore

/** Sleeps on the word just found. */
export const sleepOnWord = (kernel: Kernel, thread: Thread): Outcome =>
  sleepOn(kernel, thread, wordKey(kernel, kernel.place.frame, kernel.place.word))

/** Wakes a sleeper of the word just found. Where no order is promised nobody sleeps: the decider chooses who goes on. */
export function wakeOneOnWord(kernel: Kernel): void {
  const { wakeOrder } = kernel.state
  if (wakeOrder !== 'any') wakeOne(kernel, wordKey(kernel, kernel.place.frame, kernel.place.word), wakeOrder)
}
