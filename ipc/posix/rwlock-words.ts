import {
  type Kernel,
  READ,
  SEQ_CST,
  setWord,
  type Thread,
  threadNumber,
  WRITE,
  wakeAll,
  wakeOne,
  wordKey,
} from '../../kernel/index.ts'
import { PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP } from './flags.ts'

/**
 * A read-write lock in memory: 56 bytes, with the states and preferences of glibc's: pthread_rwlockattr_setkind_np(3),
 * nptl/pthread_rwlock_common.c. All functions here work on the lock in `kernel.place`. Its first word alone
 * is in the footprint: whoever touches the others has touched it first.
 *
 * The lock is in a phase of reading or of writing. Readers count themselves in at once, and wait if it is a phase of
 * writing that somebody has claimed. Of the writers one claims the next phase of writing, and waits for the readers to
 * leave; the others wait for the claim. So who dies waiting leaves its mark for ever, as who dies with the lock does.
 *
 * Where writers are preferred, those who wait for the claim are counted, and one who leaves hands it to them, and with it
 * the phase of writing: readers wait until no writer does. But while others read a new reader passes a writer that waits,
 * or who already reads, and locks once more, would wait for itself. Only a lock of which it is said that nobody does that
 * (NONRECURSIVE) lets a reader wait there, too, uncounted.
 */

/** sizeof(pthread_rwlock_t), in words */
export const RWLOCK_WORDS = 14

/** How many read, or wait to, above bits of phase, claim, and whether readers wait uncounted. */
const STATE = 0
/** How many writers wait for the claim, where writers are preferred, and whether it is there for them to take. */
const WAITING = 1
/** Number of the thread that writes; 0 for none. */
const WRITER = 6
/** These two stand for glibc's futexes: who waits for the phase to change, and who waits to claim it. */
const PHASE_FUTEX = 2
const CLAIM_FUTEX = 3
/** PTHREAD_RWLOCK_PREFER_READER_NP and the like */
const KIND = 12

const WRITING = 1
const CLAIMED = 2
const YIELDING = 4
const READER = 8
const READERS = ~7
const HANDED_OVER = 1 << 31

function get(kernel: Kernel, field: number): number {
  const { words, word } = kernel.place
  return words[word + field] ?? 0
}

function set(kernel: Kernel, field: number, value: number): void {
  const { words, word } = kernel.place
  setWord(kernel.journal, words, word + field, value | 0)
}

const has = (kernel: Kernel, bit: number): boolean => (get(kernel, STATE) & bit) !== 0
const flip = (kernel: Kernel, bits: number): void => set(kernel, STATE, get(kernel, STATE) ^ bits)
const hasReaders = (kernel: Kernel): boolean => (get(kernel, STATE) & READERS) !== 0
const prefersWriters = (kernel: Kernel): boolean => get(kernel, KIND) !== PTHREAD_RWLOCK_PREFER_READER_NP
const isNonrecursive = (kernel: Kernel): boolean => get(kernel, KIND) === PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP

export const phaseQueue = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + PHASE_FUTEX)
export const claimQueue = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + CLAIM_FUTEX)
export const yieldQueue = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + STATE)

export function initialise(kernel: Kernel, kind: number): void {
  const { frame, word } = kernel.place
  for (let field = 0; field < RWLOCK_WORDS; field++) {
    kernel.footprint.add(frame, word + field, READ | WRITE, SEQ_CST)
    const value = field === KIND ? kind : 0
    if (get(kernel, field) !== value) set(kernel, field, value)
  }
}

/** Number of the thread that writes; 0 for none. */
export const writerNumber = (kernel: Kernel): number => get(kernel, WRITER)

export const isWriter = (kernel: Kernel, thread: Thread): boolean =>
  get(kernel, WRITER) === threadNumber(kernel, thread)

/** Whether a new reader has to let the writer go first who waits for those that read. Then it waits, and is not counted. */
export function yields(kernel: Kernel): boolean {
  if (!isNonrecursive(kernel) || has(kernel, WRITING) || !has(kernel, CLAIMED) || !hasReaders(kernel)) return false
  if (!has(kernel, YIELDING)) flip(kernel, YIELDING)
  return true
}

/** Counts a reader in. `false`: there are too many. */
export function countIn(kernel: Kernel): boolean {
  const state = get(kernel, STATE) + READER
  if ((state | 0) !== state) return false
  set(kernel, STATE, state)
  return true
}

/** Whether who has counted itself in may read; it begins the phase of reading if nobody has claimed that of writing. */
export function mayRead(kernel: Kernel): boolean {
  if (!has(kernel, WRITING)) return true
  if (has(kernel, CLAIMED)) return false
  flip(kernel, WRITING)
  wakeAll(kernel, phaseQueue(kernel))
  return true
}

/** Claims the next phase of writing, or takes the claim that is handed over. `false`: somebody else has it. */
export function claim(kernel: Kernel): boolean {
  if (!has(kernel, CLAIMED)) {
    flip(kernel, CLAIMED)
    return true
  }
  const waiting = get(kernel, WAITING)
  if ((waiting & HANDED_OVER) === 0) return false
  set(kernel, WAITING, waiting ^ HANDED_OVER)
  return true
}

/** A writer begins to wait for the claim, or has waited long enough. */
export function countWriter(kernel: Kernel, by: 1 | -1): void {
  if (prefersWriters(kernel)) set(kernel, WAITING, get(kernel, WAITING) + by)
}

/** The claim is there for the writers who wait for it. `false`: none is counted. */
function handOver(kernel: Kernel): boolean {
  const waiting = get(kernel, WAITING)
  if (waiting === 0) return false
  set(kernel, WAITING, waiting | HANDED_OVER)
  wakeOne(kernel, claimQueue(kernel), kernel.state.wakeOrder)
  return true
}

/** Whether who has the claim may write; it begins the phase of writing if nobody reads. */
export function mayWrite(kernel: Kernel, thread: Thread): boolean {
  if (!has(kernel, WRITING)) {
    if (hasReaders(kernel)) return false
    flip(kernel, WRITING)
  }
  set(kernel, WRITER, threadNumber(kernel, thread))
  return true
}

/** Whether trylock for reading would not fail. */
export const canRead = (kernel: Kernel): boolean =>
  !has(kernel, CLAIMED) || (!has(kernel, WRITING) && !isNonrecursive(kernel))

/** The same for writing. */
export const canWrite = (kernel: Kernel): boolean =>
  !has(kernel, CLAIMED) && (!hasReaders(kernel) || (prefersWriters(kernel) && has(kernel, WRITING)))

/**
 * The writer leaves. Where writers are preferred, and one waits, that has the claim, and the phase stays. Else readers
 * that wait go first, all of them, and one more may claim the next phase of writing.
 */
export function endWriting(kernel: Kernel): void {
  set(kernel, WRITER, 0)
  if (handOver(kernel)) return
  flip(kernel, hasReaders(kernel) ? CLAIMED | WRITING : CLAIMED)
  if (!has(kernel, WRITING)) wakeAll(kernel, phaseQueue(kernel))
  wakeOne(kernel, claimQueue(kernel), kernel.state.wakeOrder)
}

/** A reader leaves; after the last the claim is good. `false`: nobody reads. */
export function endReading(kernel: Kernel): boolean {
  if (!hasReaders(kernel)) return false
  set(kernel, STATE, get(kernel, STATE) - READER)
  if (hasReaders(kernel) || !has(kernel, CLAIMED)) return true
  flip(kernel, WRITING)
  wakeAll(kernel, phaseQueue(kernel))
  stopYielding(kernel)
  return true
}

/** Those who let a writer go first may count themselves in. */
function stopYielding(kernel: Kernel): void {
  if (!has(kernel, YIELDING)) return
  flip(kernel, YIELDING)
  wakeAll(kernel, yieldQueue(kernel))
}

/** A reader gives up waiting. */
export const countOut = (kernel: Kernel): void => set(kernel, STATE, get(kernel, STATE) - READER)

/** A writer gives its claim up; another one may have it, and nobody yields to it any more. */
export function disclaim(kernel: Kernel): void {
  if (handOver(kernel)) return
  flip(kernel, CLAIMED)
  wakeOne(kernel, claimQueue(kernel), kernel.state.wakeOrder)
  stopYielding(kernel)
}
