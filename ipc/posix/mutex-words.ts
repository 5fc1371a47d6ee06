import { type Kernel, setWord, type Thread, threadNumber } from '../../kernel/index.ts'
import { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE } from './flags.ts'
import { wakeOneOnWord } from './word.ts'

/**
 * A mutex in memory: 40 bytes laid out as in glibc on x86-64. All functions here work on the mutex in `kernel.place`.
 * The lock word alone is in the footprint: whoever touches the others has touched it first.
 */

/** sizeof(pthread_mutex_t), in words */
export const MUTEX_WORDS = 10

/** 0 free, 1 taken. A robust mutex will have the owner's number here, and FUTEX_OWNER_DIED. */
const LOCK = 0
/** How many times a recursive mutex's owner has it. */
const DEPTH = 1
/** The owner's thread number; 0 for nobody. */
const OWNER = 2
/** Owners and, while they wait on a condition with it, former owners. */
const USERS = 3
/** Type in the lower two bits; 16 will be robust, 128 is process-shared, -1 destroyed. */
const KIND = 4

const TYPE = 3
const PSHARED = 128
const DESTROYED = -1

export const mutexTypes: readonly number[] = [PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK]

function get(kernel: Kernel, field: number): number {
  const { words, word } = kernel.place
  return words[word + field] ?? 0
}

function set(kernel: Kernel, field: number, value: number): void {
  const { words, word } = kernel.place
  setWord(kernel.journal, words, word + field, value | 0)
}

export function initialise(kernel: Kernel, type: number): void {
  for (let field = 0; field < MUTEX_WORDS; field++) {
    if (get(kernel, field) !== 0) set(kernel, field, 0)
  }
  set(kernel, KIND, type | PSHARED)
}

/** `false`: it is in use. */
export function destroy(kernel: Kernel): boolean {
  if (get(kernel, USERS) !== 0) return false
  set(kernel, KIND, DESTROYED)
  return true
}

const isKnown = (kind: number): boolean => (kind & ~(TYPE | PSHARED)) === 0

const isOwner = (kernel: Kernel, thread: Thread): boolean => get(kernel, OWNER) === threadNumber(kernel, thread)

/** Whether `acquire` would not say EBUSY. */
export function mayAcquire(kernel: Kernel, thread: Thread): boolean {
  if (get(kernel, LOCK) === 0) return true
  const kind = get(kernel, KIND)
  if (!isKnown(kind)) return true
  const type = kind & TYPE
  return (type === PTHREAD_MUTEX_RECURSIVE || type === PTHREAD_MUTEX_ERRORCHECK) && isOwner(kernel, thread)
}

/**
 * Takes the mutex, once more if it is recursive and the thread's own.
 * @param joins the thread is counted as a user; not when it comes back from a condition
 */
export function acquire(
  kernel: Kernel,
  thread: Thread,
  joins = true,
): 'EBUSY' | 'EDEADLK' | 'EAGAIN' | 'EINVAL' | null {
  const kind = get(kernel, KIND)
  if (!isKnown(kind)) return 'EINVAL'
  const type = kind & TYPE
  if (get(kernel, LOCK) !== 0) {
    if (type === PTHREAD_MUTEX_NORMAL || !isOwner(kernel, thread)) return 'EBUSY'
    if (type === PTHREAD_MUTEX_ERRORCHECK) return 'EDEADLK'
    if (type !== PTHREAD_MUTEX_RECURSIVE) return 'EBUSY'
    if (get(kernel, DEPTH) === -1) return 'EAGAIN' // it would overflow
    set(kernel, DEPTH, get(kernel, DEPTH) + 1)
    return null
  }
  set(kernel, LOCK, 1)
  set(kernel, OWNER, threadNumber(kernel, thread))
  if (type === PTHREAD_MUTEX_RECURSIVE) set(kernel, DEPTH, 1)
  if (joins) set(kernel, USERS, get(kernel, USERS) + 1)
  return null
}

/**
 * Gives the mutex back, or one turn of it, and wakes who sleeps for it first. A normal mutex doesn't ask whose it is.
 * @param leaves the thread is no user any more; it still is while it waits on a condition
 */
export function giveBack(kernel: Kernel, thread: Thread, leaves = true): 'EPERM' | 'EINVAL' | null {
  const kind = get(kernel, KIND)
  if (!isKnown(kind)) return 'EINVAL'
  const type = kind & TYPE
  if (type === PTHREAD_MUTEX_RECURSIVE || type === PTHREAD_MUTEX_ERRORCHECK) {
    if (get(kernel, LOCK) === 0 || !isOwner(kernel, thread)) return 'EPERM'
  }
  if (type === PTHREAD_MUTEX_RECURSIVE) {
    const depth = get(kernel, DEPTH) - 1
    set(kernel, DEPTH, depth)
    if (depth !== 0) return null
  }
  set(kernel, OWNER, 0)
  if (leaves) set(kernel, USERS, get(kernel, USERS) - 1)
  set(kernel, LOCK, 0)
  wakeOneOnWord(kernel)
  return null
}

/** Number of the thread that has it; 0 for none. */
export const ownerNumber = (kernel: Kernel): number => get(kernel, OWNER)
