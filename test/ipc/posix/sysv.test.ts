import { exit, forkByHand, kill, load, store } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { expect, test } from 'vitest'
import { attempt, outcomes } from '../../helpers/schedules.ts'
import { Hand } from './by-hand.ts'

/** What no recording shows of System V objects. */

const MAKE = posix.IPC_CREAT | 0o600

test('an id comes back only when 64 others have been used, and then as another one', () => {
  const hand = new Hand({ a: 1000 })
  for (let n = 0; n < 64; n++) {
    expect(hand.do('a', posix.msgget(1, MAKE))).toBe(n)
    hand.do('a', posix.msgctl(n, posix.IPC_RMID))
  }
  expect(hand.do('a', posix.msgget(1, MAKE))).toBe(32768)
  expect(hand.do('a', posix.msgget(2, MAKE))).toBe(32769)
  expect(hand.do('a', posix.msgctl(0, posix.IPC_STAT))).toBe('EINVAL')
})

test('MSG_COPY looks at a message by its number, and leaves it there', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.msgget(1, MAKE))
  for (const [index, mtext] of ['one', 'two'].entries()) hand.do('a', posix.msgsnd(0, { mtype: index + 5, mtext }))
  const copy = posix.MSG_COPY | posix.IPC_NOWAIT
  expect(hand.do('a', posix.msgrcv(0, 9, 1, copy))).toEqual({ mtype: 6, mtext: 'two' })
  expect(hand.do('a', posix.msgrcv(0, 9, 2, copy))).toBe('ENOMSG')
  expect(hand.do('a', posix.msgrcv(0, 9, 1, posix.MSG_COPY))).toBe('EINVAL')
  expect(hand.do('a', posix.msgrcv(0, 2, 0, posix.MSG_NOERROR))).toEqual({ mtype: 5, mtext: 'on' })
})

test('all values of a set are told and set at once; who operated last is known', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', posix.semget(1, 2, MAKE))
  hand.do('a', posix.semctl(0, 0, posix.SETALL, [3, 4]))
  hand.do('b', posix.semop(0, [{ sem_num: 1, sem_op: -1 }]))
  expect(hand.do('a', posix.semctl(0, 0, posix.GETALL))).toEqual([3, 3])
  const [a, b] = ['a', 'b'].map((id) => hand.driver.state.processes[id]?.pid)
  expect([0, 1].map((num) => hand.do('a', posix.semctl(0, num, posix.GETPID)))).toEqual([a, b])
  expect(hand.do('a', posix.semctl(0, 0, posix.SETALL, [1, 40000]))).toBe('ERANGE')
})

test('semtimedop waits so long, and then fails with EAGAIN', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.semget(1, 1, MAKE))
  const wait = posix.semtimedop(0, [{ sem_num: 0, sem_op: -1 }], { tv_sec: 0, tv_nsec: 5e6 })
  expect(hand.do('a', wait)).toBe('blocks')
  expect(hand.wait(4)).toEqual([])
  expect(hand.wait(1)).toEqual(['a: EAGAIN'])
})

test('a waiter whose later operation must not wait fails as soon as that would', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', posix.semget(1, 2, MAKE))
  const sops = [
    { sem_num: 0, sem_op: -1 },
    { sem_num: 1, sem_op: -1, sem_flg: posix.IPC_NOWAIT },
  ]
  expect(hand.do('a', posix.semop(0, sops))).toBe('blocks')
  expect(hand.do('b', posix.semctl(0, 0, posix.GETNCNT))).toBe(1)
  hand.do('b', posix.semop(0, [{ sem_num: 0, sem_op: 1 }]))
  expect(hand.released).toEqual(['a: EAGAIN'])
  expect(hand.do('b', posix.semctl(0, 0, posix.GETVAL))).toBe(1)
})

test('a set that is gone owes nothing to the dead', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', posix.semget(1, 1, MAKE))
  hand.do('a', posix.semop(0, [{ sem_num: 0, sem_op: 1, sem_flg: posix.SEM_UNDO }]))
  hand.do('b', posix.semctl(0, 0, posix.IPC_RMID))
  hand.do('b', posix.semget(1, 1, MAKE))
  hand.do('a', exit(0))
  expect(hand.do('b', posix.semctl(1, 0, posix.GETVAL))).toBe(0)
})

test('a segment is attached as often as it is mapped, by children too, and is gone with the last', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  const attached = () => (hand.do('b', posix.shmctl(0, posix.IPC_STAT)) as posix.ShmidDs).shm_nattch
  hand.do('a', posix.shmget(1, 8192, MAKE))
  const at = hand.number('a', posix.shmat(0))
  const pid = hand.number('a', forkByHand())
  expect(attached()).toBe(2)
  hand.do('a', posix.munmap(at, 4096))
  expect(hand.do('a', posix.shmat(0, at + 4096))).toBe('EINVAL') // something is there
  expect(hand.do('a', posix.shmat(0, at + 4096, posix.SHM_REMAP))).toBe(at + 4096)
  expect(hand.do('a', posix.shmdt(at))).toBe('EINVAL') // what was left of it has been mapped over
  expect(hand.do('a', posix.shmdt(at + 4096))).toBeUndefined()
  expect(attached()).toBe(1)
  hand.do('b', posix.shmctl(0, posix.IPC_RMID))
  expect(attached()).toBe(1)
  hand.do('b', kill(pid, 'SIGKILL'))
  expect(hand.do('b', posix.shmctl(0, posix.IPC_STAT))).toBe('EINVAL')
  expect(hand.driver.state.frames).toEqual({})
})

test('what is attached for reading can’t be made writable', () => {
  const hand = new Hand({ a: 1000 })
  hand.catchFaults('a')
  hand.do('a', posix.shmget(1, 4096, MAKE))
  const at = hand.number('a', posix.shmat(0, null, posix.SHM_RDONLY))
  expect(hand.do('a', posix.mprotect(at, 4096, posix.PROT_READ | posix.PROT_WRITE))).toBe('EACCES')
})

test('a process that owes something ends in a step of its own: before that, others see what it took', () => {
  const seen = outcomes(
    {
      *taker({ shared: set }) {
        yield* posix.semop(set as number, [{ sem_num: 0, sem_op: -1, sem_flg: posix.SEM_UNDO }])
      },
      *looker({ shared: set, ghost }) {
        yield* attempt(ghost, posix.semctl(set as number, 0, posix.GETVAL))
      },
    },
    {
      *setup() {
        const set = yield* posix.semget(1, 1, MAKE)
        yield* posix.semctl(set, 0, posix.SETVAL, 1)
        return set
      },
    },
  )
  expect(seen).toEqual(['0', '1'])
})

test('mprotect cuts an attachment in two, each counted, where it changes something and nowhere else', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.shmget(1, 8192, MAKE))
  const attached = () => (hand.do('a', posix.shmctl(0, posix.IPC_STAT)) as posix.ShmidDs).shm_nattch
  const at = hand.number('a', posix.shmat(0, null, posix.SHM_RDONLY))
  expect(hand.do('a', posix.mprotect(at + 4096, 8192, posix.PROT_READ | posix.PROT_WRITE))).toBe('EACCES')
  expect(attached()).toBe(1)
  expect(hand.do('a', posix.mprotect(at + 4096, 4096, posix.PROT_READ))).toBeUndefined()
  expect(attached()).toBe(1)
  expect(hand.do('a', posix.mprotect(at + 4096, 8192, posix.PROT_NONE))).toBe('ENOMEM')
  expect(attached()).toBe(2)
})

test('mprotect moves the border between two pieces where the one becomes like the other, and never joins them', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', posix.shmget(1, 4 * 4096, MAKE))
  const at = hand.number('a', posix.shmat(0, null, 0))
  const RW = posix.PROT_READ | posix.PROT_WRITE
  // From page to page, and how many pieces there are then, as seen on Linux.
  for (const [from, to, prot, pieces] of [
    [0, 1, posix.PROT_READ, 2],
    [1, 2, posix.PROT_READ, 2],
    [2, 4, posix.PROT_READ, 2],
    [0, 4, RW, 2],
    [1, 2, posix.PROT_NONE, 3],
    [1, 2, RW, 3],
    [3, 4, posix.PROT_NONE, 4],
    [2, 3, posix.PROT_NONE, 4],
  ] as const) {
    expect(hand.do('a', posix.mprotect(at + from * 4096, (to - from) * 4096, prot))).toBeUndefined()
    expect((hand.do('a', posix.shmctl(0, posix.IPC_STAT)) as posix.ShmidDs).shm_nattch).toBe(pieces)
    for (let page = 0; page < 4; page++) hand.do('a', store(at + page * 4096, 'u8', page))
  }
  hand.do('a', posix.mprotect(at, 4 * 4096, RW))
  expect([0, 1, 2, 3].map((page) => hand.do('a', load(at + page * 4096, 'u8')))).toEqual([0, 1, 2, 3])
})

test('IPC_SET gives an object to another user, whom its creator can still take it from', () => {
  const hand = new Hand({ a: 1000, b: 2000, root: 0 })
  const perm = { uid: 2000, gid: 2000, mode: 0o1600 }
  hand.do('a', posix.semget(1, 1, MAKE))
  hand.do('a', posix.shmget(1, 4096, MAKE))
  expect(hand.do('b', posix.semctl(0, 0, posix.IPC_SET, { sem_perm: perm }))).toBe('EPERM')
  expect(hand.do('b', posix.semctl(0, 0, posix.GETVAL))).toBe('EACCES')
  expect(hand.do('a', posix.semctl(0, 0, posix.IPC_SET, { sem_perm: perm }))).toBeUndefined()
  expect(hand.do('a', posix.shmctl(0, posix.IPC_SET, { shm_perm: perm }))).toBeUndefined()
  const now = { uid: 2000, gid: 2000, cuid: 1000, cgid: 1000, mode: 0o600 }
  expect(hand.do('b', posix.semctl(0, 0, posix.IPC_STAT))).toEqual({ sem_perm: now, sem_nsems: 1 })
  expect(hand.do('b', posix.shmctl(0, posix.IPC_STAT))).toMatchObject({ shm_perm: now })
  expect(hand.do('a', posix.semctl(0, 0, posix.IPC_SET, { sem_perm: { ...perm, uid: -1 } }))).toBe('EINVAL')
  expect(hand.do('root', posix.shmctl(0, posix.IPC_SET, {} as posix.ShmidSet))).toBe('EFAULT')
  expect(hand.do('b', posix.semctl(0, 0, posix.IPC_RMID))).toBeUndefined()
})

test('IPC_SET of a queue: who waits there sees whether it still may receive, or what it sends fits now', () => {
  const hand = new Hand({ a: 1000, b: 2000, root: 0 })
  const perm = { uid: 1000, gid: 1000, mode: 0o666 }
  hand.do('a', posix.msgget(1, posix.IPC_CREAT | 0o666))
  expect(hand.do('a', posix.msgctl(0, posix.IPC_SET, { msg_perm: perm, msg_qbytes: 3 }))).toBeUndefined()
  expect(hand.do('a', posix.msgctl(0, posix.IPC_STAT))).toMatchObject({ msg_qbytes: 3 })
  expect(hand.do('b', posix.msgsnd(0, { mtype: 1, mtext: 'four' }))).toBe('blocks')
  expect(hand.do('a', posix.msgctl(0, posix.IPC_SET, { msg_perm: perm, msg_qbytes: 16_385 }))).toBe('EPERM')
  expect(hand.do('a', posix.msgctl(0, posix.IPC_SET, { msg_perm: perm, msg_qbytes: 4 }))).toBeUndefined()
  expect(hand.released).toEqual(['b: undefined'])
  expect(hand.do('root', posix.msgctl(0, posix.IPC_SET, { msg_perm: perm, msg_qbytes: 16_385 }))).toBeUndefined()
  hand.do('b', posix.msgrcv(0, 9))
  expect(hand.do('b', posix.msgrcv(0, 9))).toBe('blocks')
  const mine = { msg_perm: { ...perm, mode: 0o600 }, msg_qbytes: 16_384 }
  expect(hand.do('a', posix.msgctl(0, posix.IPC_SET, mine))).toBeUndefined()
  expect(hand.released).toEqual(['b: EACCES'])
})
