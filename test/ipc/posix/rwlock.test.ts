import { kill } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { expect, test } from 'vitest'
import { inCommon } from './by-hand.ts'

/** What no recording shows of read-write locks and barriers. */

const SOON = posix.fromNs(1e15 + 5e6)

test('a writer that gives up waiting gives its claim up, too, and the next one has it', () => {
  const { hand, at } = inCommon('a', 'b', 'c')
  hand.do('a', posix.pthread_rwlock_rdlock(at))
  expect(hand.do('b', posix.pthread_rwlock_timedwrlock(at, SOON))).toBe('blocks')
  expect(hand.do('c', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
  expect(hand.wait(5)).toEqual(['b: ETIMEDOUT'])
  hand.do('a', posix.pthread_rwlock_unlock(at))
  expect(hand.released).toEqual(['c: undefined'])
})

test('a reader that gives up waiting is counted no more', () => {
  const { hand, at } = inCommon('a', 'b')
  hand.do('a', posix.pthread_rwlock_wrlock(at))
  expect(hand.do('b', posix.pthread_rwlock_timedrdlock(at, SOON))).toBe('blocks')
  expect(hand.wait(5)).toEqual(['b: ETIMEDOUT'])
  hand.do('a', posix.pthread_rwlock_unlock(at))
  expect(hand.do('a', posix.pthread_rwlock_trywrlock(at))).toBeUndefined()
})

test('a writer killed while it waits leaves its claim for ever', () => {
  const { hand, at } = inCommon('a', 'b', 'c')
  hand.do('a', posix.pthread_rwlock_rdlock(at))
  expect(hand.do('b', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
  hand.do('c', kill(hand.driver.state.processes.b?.pid ?? 0, 'SIGKILL'))
  hand.do('a', posix.pthread_rwlock_unlock(at))
  expect(hand.do('c', posix.pthread_rwlock_tryrdlock(at))).toBe('EBUSY')
  expect(hand.do('c', posix.pthread_rwlock_rdlock(at))).toBe('blocks')
})

test('nobody’s lock can’t be unlocked; memory that was never initialised is no barrier', () => {
  const { hand, at } = inCommon('a')
  expect(hand.do('a', posix.pthread_rwlock_unlock(at))).toBe('EPERM')
  expect(hand.do('a', posix.pthread_barrier_wait(at + 128))).toBe('EINVAL')
})

test('a barrier opens again and again; nobody can take it away while somebody waits', () => {
  const { hand, at } = inCommon('a', 'b')
  hand.do('a', posix.pthread_barrier_init(at, 2))
  for (let round = 0; round < 3; round++) {
    expect(hand.do('a', posix.pthread_barrier_wait(at))).toBe('blocks')
    expect(hand.do('b', posix.pthread_barrier_destroy(at))).toBe('EBUSY')
    expect(hand.do('b', posix.pthread_barrier_wait(at))).toBe(posix.PTHREAD_BARRIER_SERIAL_THREAD)
    expect(hand.released).toEqual(['a: 0'])
  }
  expect(hand.do('b', posix.pthread_barrier_destroy(at))).toBeUndefined()
})
