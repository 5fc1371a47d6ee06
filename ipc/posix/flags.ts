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
export const O_APPEND = 0o2000
export const O_NONBLOCK = 0o4000
/** Of a pipe: what each write writes is a packet. */
export const O_DIRECT = 0o40000
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

// fcntl(2), ioctl(2)
export const F_DUPFD = 0
export const F_GETFL = 3
export const F_SETFL = 4
export const F_SETPIPE_SZ = 1031
export const F_GETPIPE_SZ = 1032
export const FIONREAD = 0x541b

// poll(2)
export const POLLIN = 0x1
export const POLLOUT = 0x4
export const POLLERR = 0x8
export const POLLHUP = 0x10
export const POLLNVAL = 0x20
export const POLLRDHUP = 0x2000

// Limits.
/** Bytes that a write to a pipe writes in one piece. */
export const PIPE_BUF = 4096
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

// pthread_rwlockattr_setkind_np(3)
export const PTHREAD_RWLOCK_PREFER_READER_NP = 0
export const PTHREAD_RWLOCK_PREFER_WRITER_NP = 1
export const PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP = 2

// pthread_barrier_wait(3)
export const PTHREAD_BARRIER_SERIAL_THREAD = -1

// clock_gettime(2)
export const CLOCK_REALTIME = 0
export const CLOCK_MONOTONIC = 1

// socket(2)
export const AF_UNIX = 1
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_SEQPACKET = 5
export const SOCK_NONBLOCK = O_NONBLOCK
export const SOCK_CLOEXEC = O_CLOEXEC

// listen(2)
export const SOMAXCONN = 4096

// shutdown(2)
export const SHUT_RD = 0
export const SHUT_WR = 1
export const SHUT_RDWR = 2

// send(2), recv(2)
export const MSG_OOB = 0x1
export const MSG_PEEK = 0x2
export const MSG_CTRUNC = 0x8
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
export const MSG_WAITALL = 0x100
export const MSG_NOSIGNAL = 0x4000
