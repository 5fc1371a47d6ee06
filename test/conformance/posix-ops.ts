import {
  type Call,
  exit,
  forkByHand,
  kill,
  load,
  pause,
  type Signal,
  sigactionByHand,
  store,
  umask,
} from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import type { Fields } from './fields.ts'
import { type Acting, at, type Op, time } from './posix-acting.ts'
import { asOctal, flags, nameOf, octal } from './posix-notation.ts'
import { fileOps } from './posix-ops-files.ts'
import { ipcOps } from './posix-ops-ipc.ts'

/** The recorded operations as calls: names, arguments and results renamed, and nothing else. */

const semaphore = (acting: Acting, args: Fields): number => acting.semaphores.get(Number(args.slot)) ?? 0

const mutexTypes: { readonly [name: string]: number } = {
  normal: posix.PTHREAD_MUTEX_NORMAL,
  errorcheck: posix.PTHREAD_MUTEX_ERRORCHECK,
  recursive: posix.PTHREAD_MUTEX_RECURSIVE,
}

const mutex = (call: (address: number) => Call<unknown>): Op => ({ make: (_, args) => call(at(args.map, args.off)) })
const onSemaphore = (call: (address: number) => Call<unknown>): Op => ({
  make: (acting, args) => call(semaphore(acting, args)),
})
const name = (args: Fields): string => nameOf(args.name)
const fd = (args: Fields): number => Number(args.fd)
const slotRange = (args: Fields): [number, number] => [at(args.slot, args.off), Number(args.len)]

const table: { readonly [op: string]: Op } = {
  ...fileOps,

  // Processes
  fork: { make: () => forkByHand() },
  exit: { make: (_, args) => exit(Number(args.code)) },
  kill: {
    make({ processes, driver }, args) {
      const target = processes[Number(args.to)]?.thread ?? ''
      return kill(driver.state.processes[target]?.pid ?? -1, args.sig as Signal)
    },
  },
  sigaction: {
    make(_, { sig, how }) {
      const action = how === 'handler_restart' ? 'handler' : (how as 'handler' | 'ignore' | 'default')
      return sigactionByHand(sig as Signal, action, how === 'handler_restart')
    },
  },
  pause: { make: () => pause() },
  umask: {
    make: (_, args) => umask(octal(args.mask)),
    tell: (old) => ({ ret: 0, old: asOctal(Number(old)) }),
  },

  // Shared memory
  shm_open: { make: (_, args) => posix.shm_open(name(args), flags(args.oflag), octal(args.mode)) },
  shm_unlink: { make: (_, args) => posix.shm_unlink(name(args)) },
  mmap: {
    make(_, args) {
      const how = flags(args.flags) | posix.MAP_FIXED
      return posix.mmap(at(args.slot, 0), Number(args.len), flags(args.prot), how, fd(args), Number(args.off))
    },
    tell: () => ({ ret: 0 }),
  },
  munmap: { make: (_, args) => posix.munmap(...slotRange(args)) },
  mprotect: { make: (_, args) => posix.mprotect(...slotRange(args), flags(args.prot)) },
  load: { make: (_, args) => load(at(args.slot, args.off), 'u8') },
  store: { make: (_, args) => store(at(args.slot, args.off), 'u8', Number(args.val)) },

  // Semaphores
  sem_open: {
    make: (_, args) => posix.sem_open(name(args), flags(args.oflag), octal(args.mode), Number(args.value)),
    tell(value, { semaphores }, args) {
      const slot = Number(args.slot)
      const same = [...semaphores].filter(([other, address]) => other !== slot && address === value)
      semaphores.set(slot, Number(value))
      return same.length === 0 ? { ret: 0 } : { ret: 0, same_as: Math.min(...same.map(([other]) => other)) }
    },
  },
  sem_close: {
    make: (acting, args) => posix.sem_close(semaphore(acting, args)),
    tell(_, { semaphores }, args) {
      semaphores.delete(Number(args.slot))
      return { ret: 0 }
    },
  },
  sem_unlink: { make: (_, args) => posix.sem_unlink(name(args)) },
  sem_wait: onSemaphore(posix.sem_wait),
  sem_trywait: onSemaphore(posix.sem_trywait),
  sem_timedwait: { make: (acting, args) => posix.sem_timedwait(semaphore(acting, args), time(acting, args.abs)) },
  sem_post: onSemaphore(posix.sem_post),
  sem_getvalue: {
    make: (acting, args) => posix.sem_getvalue(semaphore(acting, args)),
    tell: (value) => ({ ret: 0, value }),
  },
  sem_init: {
    make({ semaphores }, args) {
      semaphores.set(Number(args.slot), at(args.map, args.off))
      return posix.sem_init(at(args.map, args.off), Number(args.pshared), Number(args.value))
    },
  },
  sem_destroy: onSemaphore(posix.sem_destroy),

  // Pthread objects
  mutex_init: {
    make(_, args) {
      const robust = args.robust === 0 ? posix.PTHREAD_MUTEX_STALLED : posix.PTHREAD_MUTEX_ROBUST
      return posix.pthread_mutex_init(at(args.map, args.off), { type: mutexTypes[String(args.type)] ?? -1, robust })
    },
  },
  mutex_lock: mutex(posix.pthread_mutex_lock),
  mutex_trylock: mutex(posix.pthread_mutex_trylock),
  mutex_unlock: mutex(posix.pthread_mutex_unlock),
  mutex_consistent: mutex(posix.pthread_mutex_consistent),
  mutex_destroy: mutex(posix.pthread_mutex_destroy),
  mutex_timedlock: {
    make: (acting, args) => posix.pthread_mutex_timedlock(at(args.map, args.off), time(acting, args.abs)),
  },
  cond_init: mutex(posix.pthread_cond_init),
  cond_wait: { make: (_, args) => posix.pthread_cond_wait(at(args.map, args.off), at(args.map, args.mutex_off)) },
  cond_timedwait: {
    make: (acting, args) =>
      posix.pthread_cond_timedwait(at(args.map, args.off), at(args.map, args.mutex_off), time(acting, args.abs)),
  },
  cond_signal: mutex(posix.pthread_cond_signal),
  cond_broadcast: mutex(posix.pthread_cond_broadcast),
}

/** What the recorder answered itself. */
export const localOps: ReadonlyMap<string, (acting: Acting, args: Fields) => Fields> = new Map(
  Object.entries({
    sigcount: ({ thread, driver }: Acting, { sig }: Fields) => ({
      ret: driver.state.processes[thread]?.dispositions[sig as Signal]?.count ?? 0,
    }),
    sem_at({ semaphores }: Acting, args: Fields) {
      semaphores.set(Number(args.slot), at(args.map, args.off))
      return { ret: 0 }
    },
  }),
)

export const ops: ReadonlyMap<string, Op> = new Map([...Object.entries(table), ...Object.entries(ipcOps)])
