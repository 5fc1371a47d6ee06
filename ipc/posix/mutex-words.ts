import { type Kernel, READ, SEQ_CST, type Thread, threadNumber, WRITE } from '../../kernel/index.ts'
import { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE } from './flags.ts'
import {
  DEPTH,
  DESTROYED,
  get,
  isMutex,
  isRobust,
  KIND,
  LOCK,
  MUTEX_WORDS,
  OWNER,
  PSHARED,
  ROBUST,
  set,
  typeOf,
  USERS,
} from './mutex-layout.ts'
import {
  acquireRobust,
  announceWaiter,
  giveBackRobust,
  type Locking,
  mayAcquireRobust,
  type RobustError,
  robustOwner,
} from './mutex-robust.ts'
import { sleepOnWord, wakeOneOnWord } from './word.ts'

/** What happens to a mutex, of whatever kind. All functions here work on the mutex in `kernel.place`. */

export const mutexTypes: readonly number[] = [PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK]

export function initialise(kernel: Kernel, type: number, robust: boolean): void {
  const { frame, word } = kernel.place
  for (let field = 0; field < MUTEX_WORDS; field++) {
    kernel.footprint.add(frame, word + field, READ | WRITE, SEQ_CST)
    if (get(kernel, field) !== 0) set(kernel, field, 0)
  }
  set(kernel, KIND, type | PSHARED | (robust ? ROBUST : 0))
}

/** `false`: it is in use. Of a robust one that is not asked. */
export function destroy(kernel: Kernel): boolean {
  if (!isRobust(kernel) && get(kernel, USERS) !== 0) return false
  set(kernel, KIND, DESTROYED)
  return true
}

const isOwner = (kernel: Kernel, thread: Thread): boolean => get(kernel, OWNER) === threadNumber(kernel, thread)

/** Whether `acquire` would not say EBUSY. */
export function mayAcquire(kernel: Kernel, thread: Thread): boolean {
  if (isRobust(kernel)) return mayAcquireRobust(kernel, thread)
  if (get(kernel, LOCK) === 0 || !isMutex(kernel)) return true
  const type = typeOf(kernel)
  return (type === PTHREAD_MUTEX_RECURSIVE || type === PTHREAD_MUTEX_ERRORCHECK) && isOwner(kernel, thread)
}

/** Takes the mutex at that address, once more if it is recursive and the thread's own. */
export function acquire(kernel: Kernel, thread: Thread, mutex: number, how: Locking): RobustError | 'EINVAL' | null {
  if (!isMutex(kernel)) return 'EINVAL'
  if (isRobust(kernel)) return acquireRobust(kernel, thread, mutex, how)
  const type = typeOf(kernel)
  if (get(kernel, LOCK) !== 0) {
    if (type === PTHREAD_MUTEX_NORMAL || !isOwner(kernel, thread)) return 'EBUSY'
    if (type === PTHREAD_MUTEX_ERRORCHECK) return how.tries ? 'EBUSY' : 'EDEADLK'
    if (type !== PTHREAD_MUTEX_RECURSIVE) return 'EBUSY'
    if (get(kernel, DEPTH) === -1) return 'EAGAIN' // it would overflow
    set(kernel, DEPTH, get(kernel, DEPTH) + 1)
    return null
  }
  set(kernel, LOCK, 1)
  set(kernel, OWNER, threadNumber(kernel, thread))
  if (type === PTHREAD_MUTEX_RECURSIVE) set(kernel, DEPTH, 1)
  if (how.joins) set(kernel, USERS, get(kernel, USERS) + 1)
  return null
}

/** The thread sleeps until the mutex, which it found taken, is given back. */
export function sleepForMutex(kernel: Kernel, thread: Thread): ReturnType<typeof sleepOnWord> {
  if (isRobust(kernel)) announceWaiter(kernel)
  return sleepOnWord(kernel, thread)
}

/**
 * Gives the mutex back, or one turn of it, and wakes who sleeps for it first. A normal mutex doesn't ask whose it is.
 * @param leaves the thread is no user any more; it still is while it waits on a condition
 */
export function giveBack(kernel: Kernel, thread: Thread, leaves = true): 'EPERM' | 'EINVAL' | 'ENOTRECOVERABLE' | null {
  if (!isMutex(kernel)) return 'EINVAL'
  if (isRobust(kernel)) return giveBackRobust(kernel, thread, leaves)
  const type = typeOf(kernel)
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
export const ownerNumber = (kernel: Kernel): number => (isRobust(kernel) ? robustOwner(kernel) : get(kernel, OWNER))
