import {
  destroy,
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  madeOnce,
  type Process,
  peek,
  READ,
  RUNDOWN,
  registerSubsystem,
  SEQ_CST,
  type Thread,
  threadNumber,
  translate,
  WRITE,
  wordKey,
  writes,
} from '../../kernel/index.ts'
import { PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE } from './flags.ts'
import { DEPTH, get, LOCK, OWNER, set, typeOf, USERS } from './mutex-layout.ts'
import { wakeOneOnWord } from './word.ts'

/**
 * Robust mutexes, as glibc 2.36 and Linux have them: pthread_mutexattr_setrobust(3). The lock word names the owner, and
 * each thread keeps a list of what it has locked; when it dies the kernel goes through that list and marks each mutex,
 * and whoever locks one next is told so. All functions work on the mutex in `kernel.place`.
 *
 * Two defects of glibc are modelled with it, as programs meet them: see `acquireRobust`.
 */

const WAITERS = 0x80000000 | 0
const OWNER_DIED = 0x40000000
const NUMBER = 0x3fffffff

/** In the place of the owner: who had it died, and what it guards may be half done. */
const INCONSISTENT = 0x7fffffff
/** Whoever was told that has not repaired it. */
const NOT_RECOVERABLE = 0x7ffffffe

export type RobustError = 'EBUSY' | 'EDEADLK' | 'EAGAIN' | 'EOWNERDEAD' | 'ENOTRECOVERABLE'

const isOwn = (kernel: Kernel, thread: Thread): boolean => (get(kernel, LOCK) & NUMBER) === threadNumber(kernel, thread)

/** Whether `acquireRobust` would not say EBUSY. */
export function mayAcquireRobust(kernel: Kernel, thread: Thread): boolean {
  const word = get(kernel, LOCK)
  if (word === 0 || (word & OWNER_DIED) !== 0) return true
  return isOwn(kernel, thread) && typeOf(kernel) !== 0
}

/** How a mutex is being locked. */
export interface Locking {
  /** The thread is counted as a user; not when it comes back from a condition. */
  readonly joins: boolean
  /** It does not wait: trylock. */
  readonly tries: boolean
}

/**
 * Takes a robust mutex; with EOWNERDEAD, too. One that is not recoverable is let go again at once, in which glibc has two
 * defects: trylock forgets to, and lock wakes the next waiter only if it has not waited itself.
 */
export function acquireRobust(kernel: Kernel, thread: Thread, mutex: number, how: Locking): RobustError | null {
  const word = get(kernel, LOCK)
  const number = threadNumber(kernel, thread)
  // Who has waited can't know whether others still do; who comes back from a condition assumes it.
  const assumed = !how.tries && (thread.call?.slept === true || !how.joins) ? WAITERS : 0
  if ((word & OWNER_DIED) !== 0) {
    set(kernel, LOCK, number | (word & WAITERS) | assumed)
    set(kernel, DEPTH, 1)
    set(kernel, OWNER, INCONSISTENT)
    if (!how.joins) set(kernel, USERS, get(kernel, USERS) - 1) // the dead owner is discounted
    enter(kernel, thread, mutex)
    return 'EOWNERDEAD'
  }
  if (isOwn(kernel, thread)) {
    const type = typeOf(kernel)
    if (type === PTHREAD_MUTEX_ERRORCHECK) return 'EDEADLK'
    if (type === PTHREAD_MUTEX_RECURSIVE) {
      if (get(kernel, DEPTH) === -1) return 'EAGAIN' // it would overflow
      set(kernel, DEPTH, get(kernel, DEPTH) + 1)
      return null
    }
  }
  if (word !== 0) return 'EBUSY'
  set(kernel, LOCK, number | assumed)
  if (get(kernel, OWNER) === NOT_RECOVERABLE) {
    set(kernel, DEPTH, 0)
    if (!how.tries) set(kernel, LOCK, 0)
    if (!how.tries && assumed === 0) wakeOneOnWord(kernel)
    return 'ENOTRECOVERABLE'
  }
  set(kernel, DEPTH, 1)
  set(kernel, OWNER, number)
  if (how.joins) set(kernel, USERS, get(kernel, USERS) + 1)
  enter(kernel, thread, mutex)
  return null
}

/** Gives a robust mutex back, or one turn of it. Not repaired, it is not recoverable from now on. */
export function giveBackRobust(kernel: Kernel, thread: Thread, leaves: boolean): 'EPERM' | 'ENOTRECOVERABLE' | null {
  const inconsistent = get(kernel, OWNER) === INCONSISTENT
  if (typeOf(kernel) === PTHREAD_MUTEX_RECURSIVE) {
    const owns = inconsistent ? isOwn(kernel, thread) : get(kernel, OWNER) === threadNumber(kernel, thread)
    if (!owns) return 'EPERM'
    const depth = get(kernel, DEPTH) - 1
    set(kernel, DEPTH, depth)
    if (depth !== 0) return inconsistent ? 'ENOTRECOVERABLE' : null
  } else if (!isOwn(kernel, thread)) return 'EPERM'
  leave(kernel, thread)
  set(kernel, OWNER, inconsistent ? NOT_RECOVERABLE : 0)
  if (leaves) set(kernel, USERS, get(kernel, USERS) - 1)
  const awaited = (get(kernel, LOCK) & WAITERS) !== 0
  set(kernel, LOCK, 0)
  if (awaited) wakeOneOnWord(kernel)
  return null
}

/** Notes that somebody is about to sleep for it. */
export const announceWaiter = (kernel: Kernel): void => set(kernel, LOCK, get(kernel, LOCK) | WAITERS)

/** What it guards is in order again. `false`: nobody had died with it. */
export function repair(kernel: Kernel, thread: Thread): boolean {
  if (get(kernel, OWNER) !== INCONSISTENT) return false
  set(kernel, OWNER, threadNumber(kernel, thread))
  return true
}

/** Number of the thread that has it; 0 for none. */
export const robustOwner = (kernel: Kernel): number => get(kernel, LOCK) & NUMBER

/** What a thread has locked. Only it touches the list, until it ends. */
interface RobustList extends KernelObject {
  readonly kind: 'robust list'
  /** Newest last. */
  mutexes: { readonly address: number; readonly word: Id }[]
}

const listOf = madeOnce<RobustList>((thread) => `${thread}/robust`)

function enter(kernel: Kernel, thread: Thread, address: number): void {
  const id = listOf(thread.id)
  if (!exists(kernel, id)) install<RobustList>(kernel, { id, kind: 'robust list', mutexes: [] })
  const word = wordKey(kernel, kernel.place.frame, kernel.place.word)
  writes(kernel, id).mutexes.push({ address, word })
}

/** The mutex may be mapped more than once: it is the word that counts. */
function leave(kernel: Kernel, thread: Thread): void {
  const id = listOf(thread.id)
  if (!exists(kernel, id)) return
  const { mutexes } = writes(kernel, id)
  const word = wordKey(kernel, kernel.place.frame, kernel.place.word)
  const at = mutexes.findLastIndex((one) => one.word === word)
  if (at >= 0) mutexes.splice(at, 1)
}

/**
 * The thread has died: the kernel goes through its list, the newest first. The list is in the program's own memory, so
 * the first mutex that is unmapped, or can't be written, ends it: that one and all older ones stay locked for ever.
 */
function markAll(kernel: Kernel, thread: Thread): void {
  const id = listOf(thread.id)
  if (!exists(kernel, id)) return
  const mutexes = peek(kernel, id).mutexes.slice().reverse()
  destroy(kernel, id)
  for (const { address } of mutexes) {
    if (translate(kernel, thread, address, true) !== null) return
    kernel.footprint.add(kernel.place.frame, kernel.place.word, READ | WRITE, SEQ_CST)
    if (!isOwn(kernel, thread)) continue
    const awaited = get(kernel, LOCK) & WAITERS
    set(kernel, LOCK, awaited | OWNER_DIED)
    if (awaited !== 0) wakeOneOnWord(kernel)
  }
}

function holdsAny(kernel: Kernel, process: Process): boolean {
  for (const thread of process.threads) {
    const id = listOf(thread)
    if (exists(kernel, id) && peek(kernel, id).mutexes.length > 0) return true
  }
  return false
}

registerSubsystem({
  name: 'robust mutexes',
  rundown: RUNDOWN.robustList,
  kind: 'robust list',
  holds: holdsAny,
  threadExit: markAll,
})
