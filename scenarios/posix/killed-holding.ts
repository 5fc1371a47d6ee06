import { int32, map_anonymous, type Program, scenario } from 'ipclab'
import {
  pthread_barrier_init,
  pthread_barrier_wait,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  pthread_rwlock_rdlock,
  pthread_rwlock_unlock,
  pthread_rwlock_wrlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'

const CONDITION = 64
const FLAG = 128

type Part = (at: number) => Program

/** What he does who may be killed, and what the other. */
const PARTS: { readonly [by: string]: readonly [mortal: Part, other: Part] } = {
  semaphore: [semaphore, semaphore],
  mutex: [mutex, mutex],
  'read-lock': [readLock, writeLock],
  'write-lock': [writeLock, readLock],
  barrier: [barrier, barrier],
  condition: [signals, waits],
}

/**
 * What orders processes in shared memory is words in it, and the kernel does not know whose they are. Who is killed holding
 * a semaphore, a mutex or a read-write lock, also for reading, never gives it back; who is killed before it comes to the
 * barrier is waited for; and who was to signal a condition signals nobody. The others wait for ever.
 *
 * Two things are told: the next to lock a robust mutex that its owner died (`robust`), and the kernel itself what is to be
 * undone to a System V semaphore (`sem-undo`).
 */
export default scenario('a process is killed, and what it holds is kept', {
  source: 'pthread_mutexattr_getrobust(3p), sem_overview(7), pthread_barrier_wait(3p); sync.*, as recorded of Linux',
  about:
    'One of two processes that use a lock, a barrier or a condition is killed at some call, and the other waits for it for ever.',
  params: {
    by: {
      default: 'semaphore',
      oneOf: ['semaphore', 'mutex', 'read-lock', 'write-lock', 'barrier', 'condition'],
      about: 'what the two use',
    },
  },
  faults: { kill: ['mortal'] },
  *setup({ params: { by } }) {
    const at = yield* map_anonymous(4096, { name: by })
    if (by === 'semaphore') yield* sem_init(at, 1, 1)
    if (by === 'barrier') yield* pthread_barrier_init(at, 2)
    return at
  },
  programs: {
    *mortal({ params: { by }, shared: at }) {
      yield* PARTS[by]?.[0](at) ?? []
    },
    *other({ params: { by }, shared: at }) {
      yield* PARTS[by]?.[1](at) ?? []
    },
  },
  expect: 'deadlock',
})

function* semaphore(at: number): Program {
  yield* sem_wait(at)
  yield* sem_post(at)
}

function* mutex(at: number): Program {
  yield* pthread_mutex_lock(at)
  yield* pthread_mutex_unlock(at)
}

function* readLock(at: number): Program {
  yield* pthread_rwlock_rdlock(at)
  yield* pthread_rwlock_unlock(at)
}

function* writeLock(at: number): Program {
  yield* pthread_rwlock_wrlock(at)
  yield* pthread_rwlock_unlock(at)
}

function* barrier(at: number): Program {
  yield* pthread_barrier_wait(at)
}

function* waits(at: number): Program {
  const happened = int32(at + FLAG)
  yield* pthread_mutex_lock(at)
  while ((yield* happened.load()) === 0) yield* pthread_cond_wait(at + CONDITION, at)
  yield* pthread_mutex_unlock(at)
}

function* signals(at: number): Program {
  yield* pthread_mutex_lock(at)
  yield* int32(at + FLAG).store(0, 1)
  yield* pthread_mutex_unlock(at)
  yield* pthread_cond_signal(at + CONDITION)
}
