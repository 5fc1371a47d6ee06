import type { Call, Signal } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import type { Fields } from './fields.ts'
import { at, type Op, time } from './posix-acting.ts'
import { expand, flags, nameOf, octal, printed } from './posix-notation.ts'

/** The recorded operations on message queues, System V objects and pthread objects as calls: see posix-ops.ts. */

const mqd = (args: Fields): number => Number(args.mqd)

/** What is received, in the recording's words. */
const message = (value: unknown): Fields => {
  const { data, prio } = value as posix.Message // what mq_receive returns
  return { ret: data.length, data: printed(data), prio }
}

const attributes = (value: unknown): Fields => {
  const { mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs } = value as posix.MqAttributes // what mq_getattr returns
  return { ret: 0, nonblock: mq_flags !== 0, maxmsg: mq_maxmsg, msgsize: mq_msgsize, curmsgs: mq_curmsgs }
}

function mqCreate(attr: unknown): posix.MqCreate | null {
  if (attr === null) return null
  const { maxmsg, msgsize } = attr as Fields
  return { mq_maxmsg: Number(maxmsg), mq_msgsize: Number(msgsize) }
}

function event(how: unknown): posix.SignalEvent | null {
  if (how === 'null') return null
  if (how === 'none') return { sigev_notify: posix.SIGEV_NONE }
  return { sigev_notify: posix.SIGEV_SIGNAL, sigev_signo: 'SIGUSR1' satisfies Signal }
}

const id = (args: Fields): number => Number(args.id)
const key = (args: Fields): number => (args.key === 'IPC_PRIVATE' ? posix.IPC_PRIVATE : Number(args.key))
const sembuf = ({ num, op, flg }: Fields): posix.Sembuf => ({
  sem_num: Number(num),
  sem_op: Number(op),
  sem_flg: flags(flg),
})

const onPlace = (call: (address: number) => Call<unknown>): Op => ({
  make: (_, args) => call(at(args.map, args.off)),
})

export const ipcOps: { readonly [op: string]: Op } = {
  // Message queues
  mq_open: {
    make: (_, args) => posix.mq_open(nameOf(args.name), flags(args.oflag), octal(args.mode), mqCreate(args.attr)),
  },
  mq_close: { make: (_, args) => posix.mq_close(mqd(args)) },
  mq_unlink: { make: (_, args) => posix.mq_unlink(nameOf(args.name)) },
  mq_send: { make: (_, args) => posix.mq_send(mqd(args), expand(args.data), Number(args.prio)) },
  mq_timedsend: {
    make: (acting, args) => posix.mq_timedsend(mqd(args), expand(args.data), Number(args.prio), time(acting, args.abs)),
  },
  mq_receive: { make: (_, args) => posix.mq_receive(mqd(args), Number(args.len)), tell: message },
  mq_timedreceive: {
    make: (acting, args) => posix.mq_timedreceive(mqd(args), Number(args.len), time(acting, args.abs)),
    tell: message,
  },
  mq_getattr: { make: (_, args) => posix.mq_getattr(mqd(args)), tell: attributes },
  mq_setattr: {
    make: (_, args) => posix.mq_setattr(mqd(args), { mq_flags: args.nonblock === 1 ? posix.O_NONBLOCK : 0 }),
    tell: attributes,
  },
  mq_notify: { make: (_, args) => posix.mq_notify(mqd(args), event(args.how)) },

  // System V
  msgget: { make: (_, args) => posix.msgget(key(args), flags(args.flags)) },
  msgsnd: {
    make: (_, args) =>
      posix.msgsnd(id(args), { mtype: Number(args.type), mtext: expand(args.data) }, flags(args.flags)),
  },
  msgrcv: {
    make: (_, args) => posix.msgrcv(id(args), Number(args.len), Number(args.type), flags(args.flags)),
    tell(value) {
      const { mtype, mtext } = value as posix.SysvMessage // what msgrcv returns
      return { ret: mtext.length, data: printed(mtext), type: mtype }
    },
  },
  msg_rmid: { make: (_, args) => posix.msgctl(id(args), posix.IPC_RMID) },
  msg_stat: {
    make: (_, args) => posix.msgctl(id(args), posix.IPC_STAT),
    tell(value) {
      const { msg_qnum, msg_cbytes, msg_qbytes } = value as posix.MsqidDs // what IPC_STAT returns
      return { ret: 0, qnum: msg_qnum, cbytes: msg_cbytes, qbytes: msg_qbytes }
    },
  },
  semget: { make: (_, args) => posix.semget(key(args), Number(args.nsems), flags(args.flags)) },
  semop: { make: (_, args) => posix.semop(id(args), (args.ops as Fields[]).map(sembuf)) },
  sem_setval: { make: (_, args) => posix.semctl(id(args), Number(args.num), posix.SETVAL, Number(args.val)) },
  sem_getval: { make: (_, args) => posix.semctl(id(args), Number(args.num), posix.GETVAL) },
  sem_getncnt: { make: (_, args) => posix.semctl(id(args), Number(args.num), posix.GETNCNT) },
  sem_getzcnt: { make: (_, args) => posix.semctl(id(args), Number(args.num), posix.GETZCNT) },
  sem_rmid: { make: (_, args) => posix.semctl(id(args), 0, posix.IPC_RMID) },
  shmget: { make: (_, args) => posix.shmget(key(args), Number(args.size), flags(args.flags)) },
  shmat: {
    make: (_, args) => posix.shmat(id(args), at(args.slot, 0), flags(args.flags)),
    tell: () => ({ ret: 0 }),
  },
  shmdt: { make: (_, args) => posix.shmdt(at(args.slot, 0)) },
  shm_rmid: { make: (_, args) => posix.shmctl(id(args), posix.IPC_RMID) },
  shm_stat: {
    make: (_, args) => posix.shmctl(id(args), posix.IPC_STAT),
    tell(value) {
      const { shm_segsz, shm_nattch } = value as posix.ShmidDs // what IPC_STAT returns
      return { ret: 0, size: shm_segsz, nattch: shm_nattch }
    },
  },

  // Pthread objects
  rwlock_init: onPlace(posix.pthread_rwlock_init),
  rdlock: onPlace(posix.pthread_rwlock_rdlock),
  wrlock: onPlace(posix.pthread_rwlock_wrlock),
  tryrdlock: onPlace(posix.pthread_rwlock_tryrdlock),
  trywrlock: onPlace(posix.pthread_rwlock_trywrlock),
  rw_unlock: onPlace(posix.pthread_rwlock_unlock),
  barrier_init: { make: (_, args) => posix.pthread_barrier_init(at(args.map, args.off), Number(args.count)) },
  barrier_wait: {
    make: (_, args) => posix.pthread_barrier_wait(at(args.map, args.off)),
    tell: (value) => (value === posix.PTHREAD_BARRIER_SERIAL_THREAD ? { ret: 0, serial: true } : { ret: 0 }),
  },
}
