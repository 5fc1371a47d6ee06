import { kill } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
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

/** As seen of glibc 2.36 on Linux: who gets the lock, in order, when whoever has it leaves at once. */
describe.each([
  ['readers', posix.PTHREAD_RWLOCK_PREFER_READER_NP, 'r w v', 'r2 w'],
  ['writers', posix.PTHREAD_RWLOCK_PREFER_WRITER_NP, 'w v r', 'r2 w'],
  ['writers, and no reader locks twice', posix.PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP, 'w v r', 'w r2'],
])('a lock that prefers %s', (_, kind, afterWriter, amongReaders) => {
  const passes = amongReaders.startsWith('r2')

  function lock(...ids: string[]) {
    const { hand, at } = inCommon(...ids)
    hand.do(ids[0] ?? '', posix.pthread_rwlock_init(at, { kind }))
    const order: string[] = []
    const got = (): string[] => {
      const now = hand.released.map((line) => line.split(':')[0] ?? '')
      order.push(...now)
      return now
    }
    /** It unlocks, and then each that gets it, one after the other. */
    const leaves = (id: string): void => {
      expect(hand.do(id, posix.pthread_rwlock_unlock(at))).toBeUndefined()
      for (const next of got()) leaves(next)
    }
    return { hand, at, order, got, leaves }
  }

  test(`goes on after a writer: ${afterWriter}`, () => {
    const { hand, at, order, leaves } = lock('a', 'r', 'w', 'v')
    hand.do('a', posix.pthread_rwlock_wrlock(at))
    expect(hand.do('r', posix.pthread_rwlock_rdlock(at))).toBe('blocks')
    expect(hand.do('w', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
    expect(hand.do('v', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
    leaves('a')
    expect(order.join(' ')).toBe(afterWriter)
  })

  test(`while one reads: ${amongReaders}`, () => {
    const { hand, at, order, leaves } = lock('a', 'w', 'r2')
    hand.do('a', posix.pthread_rwlock_rdlock(at))
    expect(hand.do('w', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
    expect(hand.do('r2', posix.pthread_rwlock_tryrdlock(at))).toBe(passes ? undefined : 'EBUSY')
    if (passes) hand.do('r2', posix.pthread_rwlock_unlock(at))
    expect(hand.do('r2', posix.pthread_rwlock_rdlock(at))).toBe(passes ? undefined : 'blocks')
    if (passes) {
      order.push('r2')
      leaves('r2')
    }
    leaves('a')
    expect(order.join(' ')).toBe(amongReaders)
  })

  test('lets the readers in when the writer has waited long enough, unless there is another', () => {
    const { hand, at, order, got, leaves } = lock('a', 'w', 'v', 'r2')
    hand.do('a', posix.pthread_rwlock_rdlock(at))
    expect(hand.do('w', posix.pthread_rwlock_timedwrlock(at, SOON))).toBe('blocks')
    expect(hand.do('r2', posix.pthread_rwlock_rdlock(at))).toBe(passes ? undefined : 'blocks')
    expect(hand.wait(5)).toEqual(passes ? ['w: ETIMEDOUT'] : ['w: ETIMEDOUT', 'r2: undefined'])
    hand.do('r2', posix.pthread_rwlock_unlock(at))

    expect(hand.do('w', posix.pthread_rwlock_timedwrlock(at, posix.fromNs(1e15 + 1e7)))).toBe('blocks')
    expect(hand.do('v', posix.pthread_rwlock_wrlock(at))).toBe('blocks')
    expect(hand.do('r2', posix.pthread_rwlock_rdlock(at))).toBe(passes ? undefined : 'blocks')
    if (passes) hand.do('r2', posix.pthread_rwlock_unlock(at))
    expect(hand.wait(5)).toEqual(['w: ETIMEDOUT'])
    got()
    leaves('a')
    expect(order.join(' ')).toBe(passes ? 'v' : 'v r2')
  })

  test('forgets a writer that has given up waiting behind another', () => {
    const { hand, at, order, leaves } = lock('a', 'w', 'r')
    hand.do('a', posix.pthread_rwlock_wrlock(at))
    expect(hand.do('w', posix.pthread_rwlock_timedwrlock(at, SOON))).toBe('blocks')
    expect(hand.do('r', posix.pthread_rwlock_rdlock(at))).toBe('blocks')
    expect(hand.wait(5)).toEqual(['w: ETIMEDOUT'])
    leaves('a')
    expect(order).toEqual(['r'])
  })
})

test('there is no other kind of lock', () => {
  const { hand, at } = inCommon('a')
  expect(hand.do('a', posix.pthread_rwlock_init(at, { kind: 3 }))).toBe('EINVAL')
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
