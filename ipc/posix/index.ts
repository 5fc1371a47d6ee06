/** POSIX inter-process communication as Linux has it: calls by their own names, with their arguments in the man page's order. */
export { PosixError } from '../../kernel/index.ts'
export * from './barrier.ts'
export * from './cond.ts'
export { accept, connect } from './connect.ts'
export { close, dup, dup2, fstat, ftruncate, lseek, type Stat } from './descriptor.ts'
export { fcntl, ioctl } from './fcntl.ts'
export { mkfifo } from './fifo.ts'
export * from './flags.ts'
export type { Received } from './message.ts'
export * from './mmap.ts'
export {
  type MqAttributes,
  type MqCreate,
  mq_close,
  mq_getattr,
  mq_notify,
  mq_open,
  mq_setattr,
  mq_unlink,
  type SignalEvent,
} from './mq.ts'
export type { Message } from './mq-queue.ts'
export { mq_receive, mq_send, mq_timedreceive, mq_timedsend } from './mq-transfer.ts'
export {
  type MutexAttributes,
  pthread_mutex_consistent,
  pthread_mutex_destroy,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
} from './mutex.ts'
export { open, unlink } from './open.ts'
export { type Pair, pipe } from './pipe.ts'
export { type PollFd, poll } from './poll.ts'
export { read, write } from './read-write.ts'
export { recv, recvfrom, recvmsg } from './recv.ts'

import './mq-operations.ts'
import './regular.ts'

export * from './rwlock.ts'
export * from './semaphore.ts'
export * from './semaphore-named.ts'
export { type MessageToSend, send, sendmsg, sendto } from './send.ts'
export { shm_open, shm_unlink } from './shm.ts'
export { bind, listen, shutdown, socket, socketpair } from './socket.ts'
export * from './sysv-flags.ts'
export type { IpcOwner, IpcPerm } from './sysv-ids.ts'
export { type MsqidDs, type MsqidSet, msgctl, msgget, msgrcv, msgsnd, type SysvMessage } from './sysv-msg.ts'
export { type Sembuf, type SemidDs, type SemidSet, semctl, semget, semop, semtimedop } from './sysv-sem.ts'
export { type ShmidDs, type ShmidSet, shmat, shmctl, shmdt, shmget } from './sysv-shm.ts'
export { clock_gettime, fromNs, type Timespec } from './time.ts'
