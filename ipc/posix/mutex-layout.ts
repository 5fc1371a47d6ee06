import { type Kernel, setWord } from '../../kernel/index.ts'

/**
 * A mutex in memory: 40 bytes laid out as in glibc on x86-64. All functions here work on the mutex in `kernel.place`.
 * The lock word alone is in the footprint: whoever touches the others has touched it first.
 */

/** sizeof(pthread_mutex_t), in words */
export const MUTEX_WORDS = 10

/** 0 free, 1 taken; of a robust mutex the owner's number, and bits of its own. */
export const LOCK = 0
/** How many times a recursive mutex's owner has it. */
export const DEPTH = 1
/** The owner's thread number; 0 for nobody. */
export const OWNER = 2
/** Owners and, while they wait on a condition with it, former owners. */
export const USERS = 3
/** Type in the lower two bits; 16 is robust, 128 process-shared, -1 destroyed. */
export const KIND = 4

const TYPE = 3
export const ROBUST = 16
export const PSHARED = 128
export const DESTROYED = -1

export function get(kernel: Kernel, field: number): number {
  const { words, word } = kernel.place
  return words[word + field] ?? 0
}

export function set(kernel: Kernel, field: number, value: number): void {
  const { words, word } = kernel.place
  setWord(kernel.journal, words, word + field, value | 0)
}

export const typeOf = (kernel: Kernel): number => get(kernel, KIND) & TYPE

/** Whether it is one, and not destroyed. */
export const isMutex = (kernel: Kernel): boolean => (get(kernel, KIND) & ~(TYPE | ROBUST | PSHARED)) === 0

export const isRobust = (kernel: Kernel): boolean => isMutex(kernel) && (get(kernel, KIND) & ROBUST) !== 0
