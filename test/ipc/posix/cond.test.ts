import { kill, load, sigactionByHand } from 'ipclab/kernel'
import {
  ftruncate,
  MAP_SHARED,
  mmap,
  mprotect,
  O_CREAT,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cond_broadcast,
  pthread_cond_destroy,
  pthread_cond_init,
  pthread_cond_signal,
  pthread_cond_timedwait,
  pthread_cond_wait,
  pthread_mutex_destroy,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  shm_open,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Hand, inCommon } from './by-hand.ts'

/** Processes a to d with a mutex of that type and a condition in common. */
function withCondition(type = 0): { hand: Hand; mutex: number; cond: number; waits(id: string): unknown } {
  const { hand, at: mutex } = inCommon('a', 'b', 'c', 'd')
  const cond = mutex + 128
  hand.do('a', pthread_mutex_init(mutex, { type }))
  hand.do('a', pthread_cond_init(cond))
  return {
    hand,
    mutex,
    cond,
    waits(id) {
      hand.do(id, pthread_mutex_lock(mutex))
      return hand.do(id, pthread_cond_wait(cond, mutex))
    },
  }
}

const pidOf = (hand: Hand, id: string): number => hand.driver.state.processes[id]?.pid ?? 0

test('waiting gives the mutex back, and being signalled means having it again', () => {
  const { hand, mutex, cond, waits } = withCondition(PTHREAD_MUTEX_ERRORCHECK)
  expect(waits('b')).toBe('blocks')
  expect(hand.do('a', pthread_mutex_lock(mutex))).toBeUndefined()
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.released).toEqual([]) // it needs the mutex first
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['b: undefined'])
  expect(hand.do('b', pthread_mutex_unlock(mutex))).toBeUndefined()
})

test('who came first is signalled first where that is promised, whatever order the machine keeps', () => {
  const hand = new Hand({ a: 1000, b: 1000, c: 1000 }, { wakeOrder: 'lifo' })
  const cond = { promised: 0, plain: 0 }
  let mutex = 0
  for (const id of ['a', 'b', 'c']) {
    const fd = hand.number(id, shm_open('/m', O_CREAT | O_RDWR, 0o600))
    hand.do(id, ftruncate(fd, 4096))
    mutex = hand.number(id, mmap(null, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))
  }
  cond.promised = mutex + 128
  cond.plain = mutex + 256
  hand.do('a', pthread_cond_init(cond.promised, { fifo: true }))
  hand.do('a', pthread_cond_init(cond.plain, { fifo: true }))
  hand.do('a', pthread_cond_init(cond.plain)) // promises nothing any more
  const woken = (which: number): readonly string[] => {
    for (const id of ['b', 'c']) {
      hand.do(id, pthread_mutex_lock(mutex))
      hand.do(id, pthread_cond_wait(which, mutex))
    }
    const order: string[] = []
    for (let i = 0; i < 2; i++) {
      hand.do('a', pthread_cond_signal(which))
      const [first = ''] = hand.released
      order.push(first.charAt(0))
      hand.do(first.charAt(0), pthread_mutex_unlock(mutex))
    }
    return order
  }
  expect(woken(cond.promised)).toEqual(['b', 'c'])
  expect(woken(cond.plain)).toEqual(['c', 'b'])
})

test('who came first is signalled first', () => {
  const { hand, mutex, cond, waits } = withCondition()
  for (const id of ['d', 'b', 'c']) waits(id)
  for (const id of ['d', 'b', 'c']) {
    hand.do('a', pthread_cond_signal(cond))
    expect(hand.released).toEqual([`${id}: undefined`])
    hand.do(id, pthread_mutex_unlock(mutex))
  }
})

test('a broadcast ends all waits; they get the mutex one after the other', () => {
  const { hand, mutex, cond, waits } = withCondition()
  for (const id of ['b', 'c', 'd']) waits(id)
  hand.do('a', pthread_cond_broadcast(cond))
  expect(hand.released).toEqual(['b: undefined'])
  hand.do('b', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['c: undefined'])
  hand.do('c', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['d: undefined'])
})

test('a signal that finds nobody waiting is lost', () => {
  const { hand, cond, waits } = withCondition()
  hand.do('a', pthread_cond_signal(cond))
  hand.do('a', pthread_cond_broadcast(cond))
  expect(waits('b')).toBe('blocks')
})

test('with an errorcheck or recursive mutex that is not one’s own waiting is EPERM', () => {
  for (const type of [PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE]) {
    const { hand, mutex, cond, waits } = withCondition(type)
    expect(hand.do('b', pthread_cond_wait(cond, mutex))).toBe('EPERM')
    waits('c')
    hand.do('a', pthread_cond_signal(cond)) // to c: b is not counted among the waiters
    expect(hand.released).toEqual(['c: undefined'])
    expect(hand.do('a', pthread_cond_destroy(cond))).toBeUndefined()
  }
})

test('a recursive mutex locked twice is given back once, and stays locked', () => {
  const { hand, mutex, waits } = withCondition(PTHREAD_MUTEX_RECURSIVE)
  hand.do('b', pthread_mutex_lock(mutex))
  expect(waits('b')).toBe('blocks')
  expect(hand.do('a', pthread_mutex_trylock(mutex))).toBe('EBUSY')
})

test('a time that is past gives the mutex back and takes it again; a malformed one does not get so far', () => {
  const { hand, mutex, cond } = withCondition(PTHREAD_MUTEX_ERRORCHECK)
  hand.do('b', pthread_mutex_lock(mutex))
  hand.do('c', pthread_mutex_lock(mutex))
  expect(hand.do('b', pthread_cond_timedwait(cond, mutex, { tv_sec: 5, tv_nsec: 1e9 }))).toBe('EINVAL')
  expect(hand.released).toEqual([])
  expect(hand.do('b', pthread_cond_timedwait(cond, mutex, { tv_sec: 5, tv_nsec: 0 }))).toBe('ETIMEDOUT')
  expect(hand.do('b', pthread_mutex_unlock(mutex))).toBeUndefined()
  expect(hand.released).toEqual(['c: undefined'])
})

test('out of time, the waiter still needs the mutex; signalled, it needs no more time', () => {
  const { hand, mutex, cond } = withCondition()
  const soon = { tv_sec: 1e6, tv_nsec: 10e6 }
  for (const id of ['b', 'c']) {
    hand.do(id, pthread_mutex_lock(mutex))
    expect(hand.do(id, pthread_cond_timedwait(cond, mutex, soon))).toBe('blocks')
  }
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.wait(20)).toEqual([])
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['b: undefined'])
  hand.do('b', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['c: ETIMEDOUT'])
  hand.do('c', pthread_cond_signal(cond))
  expect(hand.do('a', load(cond, 'i32'))).toBe(0) // nobody is counted any more
})

test('a killed waiter is passed over', () => {
  const { hand, cond, waits } = withCondition()
  waits('b')
  waits('c')
  hand.do('a', kill(pidOf(hand, 'b'), 'SIGKILL'))
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.released).toEqual(['c: undefined'])
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.do('a', pthread_cond_destroy(cond))).toBeUndefined()
})

test('a handler does not end the wait; the waiter goes behind the others', () => {
  const { hand, mutex, cond, waits } = withCondition()
  hand.do('b', sigactionByHand('SIGUSR1', 'handler'))
  waits('b')
  waits('c')
  hand.do('a', kill(pidOf(hand, 'b'), 'SIGUSR1'))
  expect(hand.released).toEqual([])
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.released).toEqual(['c: undefined'])
  hand.do('c', pthread_mutex_unlock(mutex))
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.released).toEqual(['b: undefined'])
})

test('a signal that comes while the waiter is on its way to a handler is kept for it', () => {
  const { hand, mutex, cond, waits } = withCondition()
  const { driver } = hand
  hand.do('b', sigactionByHand('SIGUSR1', 'handler'))
  waits('b')
  driver.issue('a', kill(pidOf(hand, 'b'), 'SIGUSR1'))
  driver.machine.step(0)
  // b has left the queue, and its handler has not yet run.
  driver.machine.issue('c', pthread_cond_signal(cond))
  const c = driver.machine.tasks.get('c')
  if (c !== undefined) driver.machine.stepTask(c)
  expect(driver.settle().map(({ thread }) => thread)).toContain('b')
  expect(hand.do('b', pthread_mutex_unlock(mutex))).toBeUndefined()
})

test('a signal kept for a waiter that dies on its way is nobody’s, and stands in no other’s way', () => {
  const { hand, cond, waits } = withCondition()
  const { driver } = hand
  const { machine } = driver
  hand.do('b', sigactionByHand('SIGUSR1', 'handler'))
  waits('b')
  const steps = [kill(pidOf(hand, 'b'), 'SIGUSR1'), pthread_cond_signal(cond), kill(pidOf(hand, 'b'), 'SIGKILL')]
  for (const call of steps) {
    const task = machine.issue('a', call)
    machine.stepTask(task)
  }
  driver.settle()
  expect(driver.isAlive('b')).toBe(false)
  expect(waits('c')).toBe('blocks')
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.released).toEqual(['c: undefined'])
})

test('signalling needs no right to write while nobody waits', () => {
  const { hand, cond, mutex } = withCondition()
  hand.do('a', mprotect(mutex, 4096, PROT_READ))
  expect(hand.do('a', pthread_cond_signal(cond))).toBeUndefined()
  expect(hand.do('a', pthread_cond_broadcast(cond))).toBeUndefined()
  expect(hand.do('a', pthread_cond_init(cond))).toBe('SIGSEGV')
  expect(hand.do('a', pthread_cond_signal(cond + 2))).toBe('EINVAL')
  expect(hand.do('a', pthread_cond_signal(0x7000_0000))).toBe('SIGSEGV')
})

test('back from a wait, the waiter is a user of the mutex as before, and no more', () => {
  const { hand, mutex, cond, waits } = withCondition()
  waits('b')
  hand.do('a', pthread_cond_signal(cond))
  expect(hand.do('a', pthread_mutex_destroy(mutex))).toBe('EBUSY')
  hand.do('b', pthread_mutex_unlock(mutex))
  expect(hand.do('a', pthread_mutex_destroy(mutex))).toBeUndefined()
})

test('destroying it waits until nobody waits on it', () => {
  const { hand, cond, waits } = withCondition()
  waits('b')
  expect(hand.do('a', pthread_cond_destroy(cond))).toBe('blocks')
  hand.do('c', pthread_cond_signal(cond))
  expect(hand.released).toEqual(['b: undefined', 'a: undefined'])
})
