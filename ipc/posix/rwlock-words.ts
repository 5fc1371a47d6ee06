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

/**
 * A read-write lock in memory: 56 bytes, with glibc's states, and its preference for readers, which
 * pthread_rwlockattr_setkind_np(3) promises. All functions here work on the lock in `kernel.place`. Its first word alone
 * is in the footprint: whoever touches the others has touched it first.
 *
 * The lock is in a phase of reading or of writing. Readers count themselves in at once, and wait if it is a phase of
 * writing that somebody has claimed. Of the writers one claims the next phase of writing, and waits for the readers to
 * leave; the others wait for the claim. So who dies waiting leaves its mark for ever, as who dies with the lock does.
 */

/** sizeof(pthread_rwlock_t), in words */
export const RWLOCK_WORDS = 14

/** How many read, or wait to, above two bits of phase and claim. */
const STATE = 0
/** Number of the thread that writes; 0 for none. */
const WRITER = 6
/** These two stand for glibc's futexes: who waits for the phase to change, and who waits to claim it. */
const PHASE_FUTEX = 2
const CLAIM_FUTEX = 3

const WRITING = 1
const CLAIMED = 2
const READER = 8
const READERS = ~7

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

export const phaseQueue = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + PHASE_FUTEX)
export const claimQueue = (kernel: Kernel) => wordKey(kernel, kernel.place.frame, kernel.place.word + CLAIM_FUTEX)

export function initialise(kernel: Kernel): void {
  const { frame, word } = kernel.place
  for (let field = 0; field < RWLOCK_WORDS; field++) {
    kernel.footprint.add(frame, word + field, READ | WRITE, SEQ_CST)
    if (get(kernel, field) !== 0) set(kernel, field, 0)
  }
}

/** Number of the thread that writes; 0 for none. */
export const writerNumber = (kernel: Kernel): number => get(kernel, WRITER)

export const isWriter = (kernel: Kernel, thread: Thread): boolean =>
  get(kernel, WRITER) === threadNumber(kernel, thread)

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

/** `false`: somebody has claimed the next phase of writing. */
export function claim(kernel: Kernel): boolean {
  if (has(kernel, CLAIMED)) return false
  flip(kernel, CLAIMED)
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
export const canRead = (kernel: Kernel): boolean => !has(kernel, WRITING) || !has(kernel, CLAIMED)

/** The same for writing. */
export const canWrite = (kernel: Kernel): boolean => !has(kernel, CLAIMED) && !hasReaders(kernel)

/** The writer leaves: readers that wait go first, all of them; and one more may claim the next phase of writing. */
export function endWriting(kernel: Kernel): void {
  set(kernel, WRITER, 0)
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
  return true
}

/** A reader gives up waiting. */
export const countOut = (kernel: Kernel): void => set(kernel, STATE, get(kernel, STATE) - READER)

/** A writer gives its claim up; another one may have it. */
export function disclaim(kernel: Kernel): void {
  flip(kernel, CLAIMED)
  wakeOne(kernel, claimQueue(kernel), kernel.state.wakeOrder)
}
