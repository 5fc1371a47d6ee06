import { exit, forkByHand, kill, load, pause, type Signal, sigactionByHand, store, umask } from 'ipclab/kernel'
import {
  CLOCK_REALTIME,
  clock_gettime,
  fromNs,
  fstat,
  ftruncate,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  munmap,
  O_CREAT,
  O_EXCL,
  O_RDWR,
  O_TRUNC,
  PROT_READ,
  PROT_WRITE,
  SEM_VALUE_MAX,
  sem_close,
  sem_destroy,
  sem_getvalue,
  sem_init,
  sem_open,
  sem_post,
  sem_timedwait,
  sem_trywait,
  sem_unlink,
  sem_wait,
  shm_open,
  shm_unlink,
  type Timespec,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

const RW = PROT_READ | PROT_WRITE

/** Processes a, b and c have the semaphore open at the same address. */
function opened(value: number): { hand: Hand; sem: number } {
  const hand = new Hand({ a: 1000, b: 1000, c: 1000, d: 1000 })
  const sem = hand.number('a', sem_open('/s', O_CREAT, 0o600, value))
  for (const id of ['b', 'c', 'd']) expect(hand.do(id, sem_open('/s', 0))).toBe(sem)
  return { hand, sem }
}

const signalTo = (hand: Hand, id: string, signal: Signal) => kill(hand.driver.state.processes[id]?.pid ?? 0, signal)

test('waiting takes a unit or sleeps for one; who came first is served first', () => {
  const { hand, sem } = opened(1)
  expect(hand.do('a', sem_wait(sem))).toBeUndefined()
  for (const id of ['c', 'a', 'b']) expect(hand.do(id, sem_wait(sem))).toBe('blocks')
  expect(hand.do('d', sem_getvalue(sem))).toBe(0)
  for (const id of ['c', 'a', 'b']) {
    hand.do('d', sem_post(sem))
    expect(hand.released).toEqual([`${id}: undefined`])
  }
  expect(hand.do('d', sem_post(sem))).toBeUndefined()
  expect(hand.do('d', sem_getvalue(sem))).toBe(1)
})

test('with wake order lifo the last is served first', () => {
  const hand = new Hand({ a: 1000, b: 1000, c: 1000 }, { wakeOrder: 'lifo' })
  const sem = hand.number('a', sem_open('/s', O_CREAT, 0o600, 0))
  for (const id of ['b', 'c']) hand.do(id, sem_wait(hand.number(id, sem_open('/s', 0))))
  hand.do('a', sem_post(sem))
  expect(hand.released).toEqual(['c: undefined'])
})

test('the value counts only when the semaphore is made, and is at most SEM_VALUE_MAX', () => {
  const { hand, sem } = opened(2)
  hand.do('a', sem_open('/s', O_CREAT, 0o600, 7))
  expect(hand.do('a', sem_getvalue(sem))).toBe(2)
  expect(hand.do('a', sem_open('/s', O_CREAT, 0o600, SEM_VALUE_MAX + 1))).toBe(sem) // it isn't looked at
  expect(hand.do('a', sem_open('/t', O_CREAT, 0o600, SEM_VALUE_MAX + 1))).toBe('EINVAL')
  const full = hand.number('a', sem_open('/t', O_CREAT, 0o600, SEM_VALUE_MAX))
  expect(hand.do('a', sem_post(full))).toBe('EOVERFLOW')
  expect(hand.do('a', sem_getvalue(full))).toBe(SEM_VALUE_MAX)
})

test('O_EXCL finds an existing name in use, after it has looked at the value', () => {
  const { hand } = opened(1)
  expect(hand.do('b', sem_open('/s', O_CREAT | O_EXCL, 0o600, 1))).toBe('EEXIST')
  expect(hand.do('b', sem_open('/s', O_CREAT | O_EXCL, 0o600, SEM_VALUE_MAX + 1))).toBe('EINVAL')
  expect(hand.do('b', sem_open('/no', 0))).toBe('ENOENT')
})

test('one name, one address in a process, for as many closes as opens', () => {
  const { hand, sem } = opened(1)
  expect(hand.do('a', sem_open('/s', 0))).toBe(sem)
  expect(hand.do('a', sem_close(sem))).toBeUndefined()
  expect(hand.do('a', sem_getvalue(sem))).toBe(1)
  expect(hand.do('a', sem_close(sem))).toBeUndefined()
  expect(hand.do('a', sem_getvalue(sem))).toBe('SIGSEGV')
  expect(hand.do('a', sem_close(sem))).toBe('EINVAL')
})

test('the same semaphore by another spelling of its name has another address, as in glibc', () => {
  const { hand, sem } = opened(1)
  const other = hand.number('a', sem_open('s', 0))
  expect(other).not.toBe(sem)
  hand.do('a', sem_wait(other))
  expect(hand.do('a', sem_getvalue(sem))).toBe(0)
})

test('unlinked, it is still shared by those who have it; its name can become another at another address', () => {
  const { hand, sem } = opened(0)
  expect(hand.do('a', sem_unlink('/s'))).toBeUndefined()
  expect(hand.do('b', sem_wait(sem))).toBe('blocks')
  const other = hand.number('a', sem_open('/s', O_CREAT, 0o600, 5))
  expect(other).not.toBe(sem)
  hand.do('a', sem_post(sem))
  expect(hand.released).toEqual(['b: undefined'])
  expect(hand.do('a', sem_getvalue(other))).toBe(5)
})

const long = (n: number): string => `/${'n'.repeat(n)}`

test.each([
  [long(251), 0x10000, undefined],
  [long(252), 'ENAMETOOLONG', 'ENAMETOOLONG'],
  [long(255), 'ENAMETOOLONG', 'ENAMETOOLONG'],
  [long(256), 'EINVAL', 'ENOENT'],
  ['', 'EINVAL', 'ENOENT'],
  ['/', 'EINVAL', 'ENOENT'],
  ['/a/b', 'EINVAL', 'ENOENT'],
  ['/.', 0x10000, undefined], // it becomes `sem..`
])('the name %j: open says %j, unlink %j', (name, openSays, unlinkSays) => {
  const hand = new Hand({ a: 1000 })
  expect(hand.do('a', sem_open(name, O_CREAT, 0o600, 1))).toBe(openSays)
  expect(hand.do('a', sem_unlink(name))).toBe(unlinkSays)
})

test.each([
  [0o600, 1001, 'EACCES'],
  [0o604, 1001, 'EACCES'], // reading alone is not enough
  [0o602, 1001, 'EACCES'],
  [0o606, 1001, 0x10000],
  [0o444, 1000, 'EACCES'],
  [0o000, 0, 0x10000],
])('mode %o opened by user %i: %j', (mode, uid, outcome) => {
  const hand = new Hand({ owner: 1000, other: uid })
  hand.do('owner', umask(0))
  expect(hand.do('owner', sem_open('/s', O_CREAT, mode, 1))).toBe(0x10000)
  expect(hand.do('other', sem_open('/s', 0))).toBe(outcome)
})

test('another user may not unlink it', () => {
  const hand = new Hand({ a: 1000, b: 1001 })
  hand.do('a', sem_open('/s', O_CREAT, 0o666, 1))
  expect(hand.do('b', sem_unlink('/s'))).toBe('EACCES')
  expect(hand.do('b', sem_unlink('/t'))).toBe('ENOENT')
})

test('a semaphore is a shared memory object called sem.NAME, and its value the first word of it', () => {
  const { hand, sem } = opened(3)
  const fd = hand.number('a', shm_open('/sem.s', O_RDWR))
  expect(hand.do('a', fstat(fd))).toEqual({ type: 'reg', mode: 0o600, size: 32, nlink: 1, uid: 1000 })
  expect(hand.do('a', shm_open('/s', O_RDWR))).toBe('ENOENT')
  const at = hand.number('a', mmap(null, 32, RW, MAP_SHARED, fd, 0))
  expect(hand.do('a', load(at, 'u32'))).toBe(3)
  hand.do('a', store(at, 'u32', 9))
  expect(hand.do('b', sem_getvalue(sem))).toBe(9)
  expect(hand.do('b', sem_wait(sem))).toBeUndefined()
  expect(hand.do('a', sem_getvalue(at))).toBe(8) // any address of the word will do
  expect(hand.do('a', shm_unlink('/sem.s'))).toBeUndefined()
  expect(hand.do('a', sem_open('/s', 0))).toBe('ENOENT')
})

test('sleepers meet on the word, whatever address they know it by', () => {
  const { hand, sem } = opened(0)
  const fd = hand.number('a', shm_open('/sem.s', O_RDWR))
  const at = hand.number('a', mmap(null, 32, RW, MAP_SHARED, fd, 0))
  expect(hand.do('b', sem_wait(sem))).toBe('blocks')
  hand.do('a', sem_post(at))
  expect(hand.released).toEqual(['b: undefined'])
})

test('cut off, a semaphore raises SIGBUS; an object too small to be one can be opened all the same', () => {
  const { hand, sem } = opened(1)
  hand.do('a', ftruncate(hand.number('a', shm_open('/sem.s', O_RDWR)), 0))
  expect(hand.do('b', sem_post(sem))).toBe('SIGBUS')
  expect(hand.do('b', sem_getvalue(sem))).toBe('SIGBUS')
  hand.do('a', shm_open('/sem.small', O_CREAT | O_RDWR, 0o600))
  const small = hand.number('a', sem_open('/small', 0))
  expect(hand.do('a', sem_wait(small))).toBe('SIGBUS')
  expect(hand.do('a', sem_open('/s', O_TRUNC))).toBe(sem)
})

test('who unmaps its semaphore faults, and the others do not', () => {
  const { hand, sem } = opened(1)
  hand.do('a', munmap(sem, 4096))
  expect(hand.do('a', sem_wait(sem))).toBe('SIGSEGV')
  expect(hand.do('b', sem_wait(sem))).toBeUndefined()
})

test('a process that dies never gives its unit back', () => {
  const { hand, sem } = opened(1)
  hand.do('a', sem_wait(sem))
  expect(hand.do('b', sem_wait(sem))).toBe('blocks')
  expect(hand.do('a', exit(0))).toBe('exit 0')
  expect(hand.released).toEqual([])
  expect(hand.blocked).toEqual(['b'])
})

test('a killed waiter is out of the queue', () => {
  const { hand, sem } = opened(0)
  hand.do('a', sem_wait(sem))
  hand.do('b', sem_wait(sem))
  hand.do('c', signalTo(hand, 'a', 'SIGKILL'))
  expect(hand.released).toEqual(['a: killed SIGKILL'])
  hand.do('c', sem_post(sem))
  expect(hand.released).toEqual(['b: undefined'])
})

test('a forked child has the semaphore open, at its address, with a table of its own', () => {
  const { hand, sem } = opened(0)
  const child = hand.driver.processByPid(hand.number('a', forkByHand()))?.id ?? ''
  expect(hand.do(child, sem_open('/s', 0))).toBe(sem)
  expect(hand.do(child, sem_wait(sem))).toBe('blocks')
  hand.do('a', sem_close(sem))
  expect(hand.do('a', sem_getvalue(sem))).toBe('SIGSEGV')
  hand.do('b', sem_post(sem))
  expect(hand.released).toEqual([`${child}: undefined`])
})

test('a handler without SA_RESTART ends the wait with EINTR; with it the wait goes on, behind the others', () => {
  const { hand, sem } = opened(0)
  hand.do('a', sigactionByHand('SIGUSR1', 'handler'))
  hand.do('a', sigactionByHand('SIGUSR2', 'handler', true))
  hand.do('a', sem_wait(sem))
  hand.do('d', signalTo(hand, 'a', 'SIGUSR1'))
  expect(hand.released).toEqual(['a: EINTR'])
  hand.do('a', sem_wait(sem))
  hand.do('b', sem_wait(sem))
  hand.do('d', signalTo(hand, 'a', 'SIGUSR2'))
  expect(hand.released).toEqual([])
  hand.do('d', sem_post(sem))
  expect(hand.released).toEqual(['b: undefined'])
  hand.do('d', sem_post(sem))
  expect(hand.released).toEqual(['a: undefined'])
  expect(hand.driver.state.processes.a?.dispositions.SIGUSR2?.count).toBe(1)
})

test('no SA_RESTART keeps a timed wait going', () => {
  const { hand, sem } = opened(0)
  hand.do('a', sigactionByHand('SIGUSR2', 'handler', true))
  hand.do('a', sem_timedwait(sem, { tv_sec: 2e6, tv_nsec: 0 }))
  hand.do('d', signalTo(hand, 'a', 'SIGUSR2'))
  expect(hand.released).toEqual(['a: EINTR'])
  expect(hand.driver.state.timers).toEqual([])
})

test('a time that is past matters only if the call would sleep, a malformed one in any case', () => {
  const { hand, sem } = opened(1)
  const past: Timespec = { tv_sec: 5, tv_nsec: 0 }
  for (const tv_nsec of [1e9, -1]) expect(hand.do('a', sem_timedwait(sem, { tv_sec: 5, tv_nsec }))).toBe('EINVAL')
  expect(hand.do('a', sem_timedwait(sem, past))).toBeUndefined()
  expect(hand.do('a', sem_timedwait(sem, past))).toBe('ETIMEDOUT')
  expect(hand.do('a', sem_timedwait(sem, { tv_sec: -5, tv_nsec: 0 }))).toBe('ETIMEDOUT')
})

test('timed waits end in the order of their times', () => {
  const { hand, sem } = opened(0)
  const now = hand.do('a', clock_gettime(CLOCK_REALTIME)) as Timespec // what it returns
  const after = (ms: number): Timespec => fromNs(now.tv_sec * 1e9 + now.tv_nsec + ms * 1e6)
  hand.do('a', sem_timedwait(sem, after(30)))
  hand.do('b', sem_timedwait(sem, after(10)))
  hand.do('c', sem_timedwait(sem, after(20)))
  expect(hand.wait(5)).toEqual([])
  expect(hand.wait(15)).toEqual(['b: ETIMEDOUT', 'c: ETIMEDOUT'])
  hand.do('d', sem_post(sem))
  expect(hand.released).toEqual(['a: undefined'])
  expect(hand.wait(100)).toEqual([])
  expect(hand.driver.state.clock).toBe(1e15 + 120e6)
})

test('an unnamed semaphore lies where it is put: shared memory shares it, a private page has a copy', () => {
  const hand = new Hand({ a: 1000 })
  const shared = hand.number('a', mmap(null, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) + 64
  const own = hand.number('a', mmap(null, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 64
  expect(hand.do('a', sem_init(shared, 1, SEM_VALUE_MAX + 1))).toBe('EINVAL')
  hand.do('a', sem_init(shared, 1, 1))
  hand.do('a', sem_init(own, 1, 1))
  const child = hand.driver.processByPid(hand.number('a', forkByHand()))?.id ?? ''
  hand.do('a', sem_wait(own))
  hand.do('a', sem_wait(shared))
  expect(hand.do(child, sem_getvalue(own))).toBe(1)
  expect(hand.do(child, sem_getvalue(shared))).toBe(0)
  // A post in the parent's copy reaches nobody in the child's.
  hand.do(child, sem_wait(own))
  expect(hand.do(child, sem_wait(own))).toBe('blocks')
  hand.do('a', sem_post(own))
  expect(hand.released).toEqual([])
  expect(hand.do('a', sem_destroy(own))).toBeUndefined()
})

test('the threads of a process meet on a private page', () => {
  const hand = new Hand({ a: 1000 })
  hand.driver.thread('a', 'a2')
  const own = hand.number('a', mmap(null, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
  expect(hand.do('a2', sem_wait(own))).toBe('blocks')
  hand.do('a', sem_post(own))
  expect(hand.released).toEqual(['a2: undefined'])
})

test('sem_trywait without a unit only reads: no copy of a private page, no fault on a read-only one', () => {
  const hand = new Hand({ a: 1000 })
  const fd = hand.number('a', shm_open('/m', O_CREAT | O_RDWR, 0o600))
  hand.do('a', ftruncate(fd, 4096))
  const shared = hand.number('a', mmap(null, 4096, RW, MAP_SHARED, fd, 0))
  const own = hand.number('a', mmap(null, 4096, RW, MAP_PRIVATE, fd, 0))
  const readOnly = hand.number('a', mmap(null, 4096, PROT_READ, MAP_SHARED, fd, 0))
  expect(hand.do('a', sem_trywait(own))).toBe('EAGAIN')
  hand.do('a', store(shared + 100, 'u8', 9))
  expect(hand.do('a', load(own + 100, 'u8'))).toBe(9)
  expect(hand.do('a', sem_trywait(readOnly))).toBe('EAGAIN')
  expect(hand.do('a', sem_getvalue(readOnly))).toBe(0)
  expect(hand.do('a', sem_wait(readOnly))).toBe('SIGSEGV')
  expect(hand.do('a', sem_post(readOnly))).toBe('SIGSEGV')
  hand.do('a', sem_post(shared))
  expect(hand.do('a', sem_trywait(readOnly))).toBe('SIGSEGV')
  expect(hand.do('a', sem_trywait(own))).toBeUndefined()
  expect(hand.do('a', sem_getvalue(shared))).toBe(1)
})

test('nobody holds a semaphore, so a report names it and no more', () => {
  const { hand, sem } = opened(0)
  const at = hand.number('a', mmap(null, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
  hand.do('a', sem_wait(at + 32))
  hand.do('b', sem_wait(sem))
  hand.do('c', pause())
  const waits = ['a', 'b', 'c'].map((id) => {
    const { machine } = hand.driver
    const task = machine.tasks.get(id)
    const call = task?.thread.call
    return call == null || task === undefined
      ? null
      : task.pending?.def.waitsFor?.(machine.kernel, task.thread, call.args)
  })
  expect(waits).toEqual([{ object: 'semaphore at memory+32' }, { object: '/s' }, { object: 'a signal' }])
})

test('whoever waits at the address of one that is gone is reported all the same', () => {
  const { hand, sem } = opened(0)
  for (const id of ['a', 'b', 'c', 'd']) hand.do(id, munmap(sem, 4096))
  hand.do('a', sem_unlink('/s'))
  hand.do('a', mmap(sem, 4096, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0))
  expect(hand.do('a', sem_wait(sem))).toBe('blocks')
  const { machine } = hand.driver
  const task = machine.tasks.get('a')
  const call = task?.thread.call
  expect(call == null ? null : task?.pending?.def.waitsFor?.(machine.kernel, task.thread, call.args)).toEqual({
    object: '/s',
  })
})
