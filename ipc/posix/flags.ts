/** Constants of the POSIX calls, with the values that Linux gives them on x86-64. */

export { PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE } from '../../kernel/index.ts'

// open(2). Access mode and status flags live in the open file description.
export const O_RDONLY = 0
export const O_WRONLY = 1
export const O_RDWR = 2
export const O_ACCMODE = 3
export const O_CREAT = 0o100
export const O_EXCL = 0o200
export const O_TRUNC = 0o1000
export const O_NONBLOCK = 0o4000
export const O_CLOEXEC = 0o2000000

// mmap(2)
export const MAP_SHARED = 0x1
export const MAP_PRIVATE = 0x2
export const MAP_FIXED = 0x10
export const MAP_ANONYMOUS = 0x20

// lseek(2)
export const SEEK_SET = 0
export const SEEK_CUR = 1
export const SEEK_END = 2

// Limits.
/** Bytes in a file's name. */
export const NAME_MAX = 255
/** The largest value of a semaphore. */
export const SEM_VALUE_MAX = 0x7fffffff
/** One more than the highest priority of a message. */
export const MQ_PRIO_MAX = 32768

// mq_notify(3)
export const SIGEV_SIGNAL = 0
export const SIGEV_NONE = 1

// pthread_mutexattr_settype(3)
export const PTHREAD_MUTEX_NORMAL = 0
export const PTHREAD_MUTEX_RECURSIVE = 1
export const PTHREAD_MUTEX_ERRORCHECK = 2
export const PTHREAD_MUTEX_DEFAULT = PTHREAD_MUTEX_NORMAL

// pthread_mutexattr_setrobust(3)
export const PTHREAD_MUTEX_STALLED = 0
export const PTHREAD_MUTEX_ROBUST = 1

// pthread_barrier_wait(3)
export const PTHREAD_BARRIER_SERIAL_THREAD = -1

// clock_gettime(2)
export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1

// socket(2)
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_SEQPACKET = 5
