import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import { descriptors, type Making, on, processes, signals, type Way, where } from './making.ts'
import { ownerOf } from './rules-pthread.ts'

/** Programs on shared memory, semaphores and pthread objects. */

const modes = ['0600', '0600', '0600', '0600', '0644', '0666', '0666', '0444', '0']

/** Something in a slot that is mapped. */
const mapped =
  (more: (at: Making) => Fields): Way['args'] =>
  (at) => {
    const slots = at.game.mapped(at.p)
    return slots.length === 0 && !at.sometimes(2)
      ? null
      : { slot: slots.length === 0 ? 1 : at.pick(slots), ...more(at) }
  }
const offset = (at: Making): number => at.pick([0, 0, 1, 100, 4095, 4096, 4999, 5000, 8191, 8192, 12_287])
const protection = ['PROT_READ|PROT_WRITE', 'PROT_READ|PROT_WRITE', 'PROT_READ', 'PROT_WRITE', 'PROT_NONE']

const shmOpen: Way = {
  op: 'shm_open',
  weight: 10,
  args: where(
    (at) => at.game.descriptors(at.p).length < 4,
    (at) => ({
      name: at.sometimes(4) ? at.pick(['a', '//b', '/a/b']) : at.pick(['/a', '/a', '/a', '/b']),
      oflag: at.pick([
        'O_CREAT|O_RDWR',
        'O_CREAT|O_RDWR',
        'O_CREAT|O_RDWR',
        'O_CREAT|O_EXCL|O_RDWR',
        'O_RDWR',
        'O_RDONLY',
        'O_RDWR|O_TRUNC',
        'O_RDONLY|O_TRUNC',
        'O_CREAT|O_RDONLY',
      ]),
      mode: at.pick(modes),
    }),
  ),
}

const mapFile: Way = {
  op: 'mmap',
  weight: 12,
  args: on(['file'], (at) => ({
    slot: at.pick([0, 0, 1, 2]),
    len: at.pick([4096, 4096, 5000, 8192, 12_288, 1, 0]),
    prot: at.pick(protection),
    flags: at.pick(['MAP_SHARED', 'MAP_SHARED', 'MAP_PRIVATE']),
    off: at.pick([0, 0, 0, 4096, 8192, 100]),
  })),
}

const mapping: readonly Way[] = [
  shmOpen,
  { op: 'shm_unlink', weight: 2, args: (at) => ({ name: at.pick(['/a', '/a', '/b']) }) },
  {
    op: 'ftruncate',
    weight: 9,
    args: on(['file'], (at) => ({ len: at.pick([100, 4096, 4096, 5000, 8192, 8192, 12_288, 0, -1]) })),
  },
  mapFile,
  {
    op: 'munmap',
    weight: 2,
    args: mapped((at) => ({ off: at.pick([0, 0, 4096, 100]), len: at.pick([4096, 8192, 1, 0]) })),
  },
  {
    op: 'mprotect',
    weight: 3,
    args: mapped((at) => ({ off: at.pick([0, 0, 4096]), len: at.pick([4096, 8192, 1, 0]), prot: at.pick(protection) })),
  },
  { op: 'load', weight: 12, args: mapped((at) => ({ off: offset(at) })) },
  { op: 'store', weight: 12, args: mapped((at) => ({ off: offset(at), val: 65 + (at.game.steps.length % 26) })) },
]

export const sharedMemory: readonly Way[] = [
  ...processes,
  ...mapping,
  ...descriptors.filter(({ op }) => ['close', 'dup', 'dup2', 'fstat', 'getfl'].includes(op)),
  { op: 'umask', weight: 1, args: (at) => ({ mask: at.pick(['0', '022', '077', '0777']) }) },
  {
    op: 'lseek',
    weight: 1,
    args: on(['file'], (at) => ({
      off: at.pick([0, 10, -1, 4096]),
      whence: at.pick(['SEEK_SET', 'SEEK_CUR', 'SEEK_END']),
    })),
  },
  { op: 'read', weight: 2, args: on(['file'], (at) => ({ len: at.pick([1, 10, 100]) })) },
  { op: 'write', weight: 2, args: on(['file'], (at) => ({ data: at.little() })) },
]

const id =
  (more: (at: Making) => Fields): Way['args'] =>
  (at) => {
    const ids = at.game.returned('shmget')
    return ids.length === 0 ? null : { id: at.sometimes(2) ? 777 : at.pick(ids), ...more(at) }
  }

export const sysvMemory: readonly Way[] = [
  ...processes,
  {
    op: 'shmget',
    weight: 14,
    args: where(
      (at) => at.game.returned('shmget').length < 2,
      (at) => ({
        key: at.pick(['1', '1', '2', 'IPC_PRIVATE']),
        size: at.pick([100, 4096, 8192, 12_288, 12_288, 0]),
        flags: at.pick(['IPC_CREAT|0600', 'IPC_CREAT|0600', 'IPC_CREAT|0666', 'IPC_CREAT|IPC_EXCL|0600', '0600']),
      }),
    ),
  },
  {
    op: 'shmat',
    weight: 12,
    args: id((at) => ({ slot: at.pick([0, 0, 1, 2]), flags: at.pick(['0', '0', 'SHM_RDONLY', 'SHM_REMAP']) })),
  },
  { op: 'shmdt', weight: 4, args: mapped(() => ({})) },
  { op: 'shm_rmid', weight: 2, args: id(() => ({})) },
  { op: 'shm_stat', weight: 6, args: id(() => ({})) },
  ...mapping.filter(({ op }) => ['load', 'store', 'munmap'].includes(op)),
  {
    op: 'mprotect',
    weight: 8,
    args: mapped((at) => ({
      off: at.pick([0, 4096, 8192]),
      len: at.pick([4096, 4096, 8192]),
      prot: at.pick(protection),
    })),
  },
]

/** A slot with a semaphore in it. */
const semaphore =
  (more: (at: Making) => Fields = () => ({})): Way['args'] =>
  (at) => {
    const slots = at.game.semaphores(at.p)
    return slots.length === 0 && !at.sometimes(2)
      ? null
      : { slot: slots.length === 0 ? 9 : at.pick(slots), ...more(at) }
  }

export const namedSemaphores: readonly Way[] = [
  ...processes,
  ...signals,
  {
    op: 'sem_open',
    weight: 14,
    args: where(
      (at) => at.game.semaphores(at.p).length < 2,
      (at) => ({
        name: at.sometimes(4) ? at.pick(['s', '/a/b']) : at.pick(['/s', '/s', '/s', '/t']),
        oflag: at.pick(['O_CREAT', 'O_CREAT', 'O_CREAT', 'O_CREAT|O_EXCL', '0']),
        mode: at.pick(modes),
        value: at.sometimes(4) ? at.pick([2_147_483_647, 2_147_483_648]) : at.pick([0, 0, 1, 2]),
        slot: at.pick([0, 0, 1, 2]),
      }),
    ),
  },
  { op: 'sem_close', weight: 2, args: semaphore() },
  { op: 'sem_unlink', weight: 2, args: (at) => ({ name: at.pick(['/s', '/s', '/t']) }) },
  { op: 'sem_wait', weight: 14, args: semaphore() },
  { op: 'sem_trywait', weight: 4, args: semaphore() },
  { op: 'sem_timedwait', weight: 3, args: semaphore((at) => ({ abs: at.pick(['past', 'past', 'badnsec']) })) },
  { op: 'sem_post', weight: 14, args: semaphore() },
  { op: 'sem_getvalue', weight: 6, args: semaphore() },
  // What is behind them: a file of 32 bytes, the first four of which are the value; the rest is the library's own.
  { op: 'shm_open', weight: 1, args: (at) => ({ name: '/sem.s', oflag: at.pick(['O_RDWR', 'O_RDONLY']), mode: '0' }) },
  { ...mapFile, weight: 2 },
  {
    op: 'shm_unlink',
    weight: 1,
    args: where(
      (at) => at.sometimes(20),
      () => ({ name: '/sem.s' }),
    ),
  },
  { op: 'load', weight: 3, args: mapped((at) => ({ off: at.pick([0, 1, 3, 32, 4096]) })) },
]

/** Where pthread objects lie, in slot 0 of every process: two mutexes, a condition, an rwlock, a barrier. */
const MUTEXES = [0, 64]
const CONDITION = 128
const RWLOCK = 192
const BARRIER = 256

/** Each process has the same page in slot 0. */
export const inCommon = (count: number): Issue[] =>
  [...Array(count).keys()].flatMap((p) => [
    { p, op: 'shm_open', args: { name: '/m', oflag: 'O_CREAT|O_RDWR', mode: '0666' } },
    ...(p === 0 ? [{ p, op: 'ftruncate', args: { fd: 3, len: 4096 } }] : []),
    { p, op: 'mmap', args: { slot: 0, len: 4096, prot: 'PROT_READ|PROT_WRITE', flags: 'MAP_SHARED', fd: 3, off: 0 } },
  ])

const mutex = (at: Making): Fields => ({ map: 0, off: at.pick([0, 0, 0, 64]) })
const at =
  (off: number): Way['args'] =>
  () => ({ map: 0, off })
/** Mostly one that the process has. */
function own(at: Making): Fields | null {
  if (at.sometimes(8)) return mutex(at)
  const found = MUTEXES.filter((off) => ownerOf(at.game, `0+${off}`) === at.p)
  return found.length === 0 ? null : { map: 0, off: at.pick(found) }
}
const hasMutex = (at: Making): boolean => MUTEXES.some((off) => ownerOf(at.game, `0+${off}`) === at.p)
function waiting(at: Making): Fields | null {
  const lock = own(at)
  return lock === null ? null : { map: 0, off: CONDITION, mutex_off: lock.off }
}
/** A robust mutex's owner has died. */
const orphaned = ({ game }: Making): boolean => game.log.some(({ out }) => out.errno === 'EOWNERDEAD')
/** The first step that can be. */
const FIRST = 60

export const pthreadObjects: readonly Way[] = [
  ...processes,
  {
    op: 'mutex_init',
    weight: FIRST,
    args: (at) => ({
      map: 0,
      off: at.pick(MUTEXES),
      type: at.pick(['normal', 'errorcheck', 'recursive']),
      robust: at.pick([0, 1]),
    }),
  },
  { op: 'cond_init', weight: FIRST, args: at(CONDITION) },
  { op: 'rwlock_init', weight: FIRST, args: at(RWLOCK) },
  { op: 'barrier_init', weight: FIRST, args: (at) => ({ map: 0, off: BARRIER, count: at.pick([1, 2, 2, 3, 0]) }) },
  { op: 'exit', weight: 8, args: where(hasMutex, () => ({ code: 0 })) },
  { op: 'mutex_lock', weight: 16, args: mutex },
  { op: 'mutex_trylock', weight: 4, args: mutex },
  { op: 'mutex_timedlock', weight: 3, args: (at) => ({ ...mutex(at), abs: at.pick(['past', 'past', 'badnsec']) }) },
  { op: 'mutex_unlock', weight: 18, args: own },
  { op: 'mutex_consistent', weight: 12, args: where(orphaned, mutex) },
  { op: 'mutex_destroy', weight: 1, args: (at) => (at.sometimes(20) ? mutex(at) : null) },
  { op: 'cond_wait', weight: 14, args: waiting },
  {
    op: 'cond_timedwait',
    weight: 2,
    args: (at) => {
      const wait = waiting(at)
      return wait === null ? null : { ...wait, abs: at.pick(['past', 'badnsec']) }
    },
  },
  { op: 'cond_signal', weight: 8, args: at(CONDITION) },
  { op: 'cond_broadcast', weight: 4, args: at(CONDITION) },
  { op: 'rdlock', weight: 5, args: at(RWLOCK) },
  { op: 'wrlock', weight: 5, args: at(RWLOCK) },
  { op: 'tryrdlock', weight: 2, args: at(RWLOCK) },
  { op: 'trywrlock', weight: 2, args: at(RWLOCK) },
  { op: 'rw_unlock', weight: 10, args: at(RWLOCK) },
  { op: 'barrier_wait', weight: 5, args: at(BARRIER) },
  {
    op: 'sem_init',
    weight: 3,
    args: (at) => ({
      slot: at.pick([0, 1]),
      map: 0,
      off: at.pick([320, 384]),
      pshared: 1,
      value: at.pick([0, 1, 2]),
    }),
  },
  { op: 'sem_at', weight: 3, args: (at) => ({ slot: at.pick([0, 1]), map: 0, off: at.pick([320, 384]) }) },
  { op: 'sem_wait', weight: 4, args: semaphore() },
  { op: 'sem_post', weight: 4, args: semaphore() },
  { op: 'sem_getvalue', weight: 2, args: semaphore() },
  { op: 'sem_destroy', weight: 1, args: semaphore() },
]
