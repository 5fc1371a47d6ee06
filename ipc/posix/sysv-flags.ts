/** Constants of the System V calls, with the values that Linux gives them on x86-64. */

// msgget(2), semget(2), shmget(2)
export const IPC_PRIVATE = 0
export const IPC_CREAT = 0o1000
export const IPC_EXCL = 0o2000
export const IPC_NOWAIT = 0o4000

// msgctl(2), semctl(2), shmctl(2)
export const IPC_RMID = 0
export const IPC_SET = 1
export const IPC_STAT = 2
export const GETPID = 11
export const GETVAL = 12
export const GETALL = 13
export const GETNCNT = 14
export const GETZCNT = 15
export const SETVAL = 16
export const SETALL = 17

// msgrcv(2)
export const MSG_NOERROR = 0o10000
export const MSG_EXCEPT = 0o20000
export const MSG_COPY = 0o40000

// semop(2)
export const SEM_UNDO = 0x1000

// shmat(2)
export const SHM_RDONLY = 0o10000
export const SHM_RND = 0o20000
export const SHM_REMAP = 0o40000

// Limits.
/** The longest message, in bytes. */
export const MSGMAX = 8192
/** What a message queue holds, in bytes. */
export const MSGMNB = 16384
/** Semaphores in a set. */
export const SEMMSL = 32000
/** Operations of one semop. */
export const SEMOPM = 500
/** The largest value of a semaphore. */
export const SEMVMX = 32767
