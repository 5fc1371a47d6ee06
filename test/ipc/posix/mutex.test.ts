import { exit, kill, load, sigactionByHand, store } from 'ipclab/kernel'
import {
  MAP_SHARED,
  mmap,
  PROT_READ,
  PTHREAD_MUTEX_ERRORCHECK,
  PTHREAD_MUTEX_NORMAL,
  PTHREAD_MUTEX_RECURSIVE,
  pthread_cond_wait,
  pthread_mutex_destroy,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  type Timespec,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { type Hand, inCommon } from './by-hand.ts'

const PAST: Timespec = { tv_sec: 5, tv_nsec: 0 }

/** Processes a to d with a mutex of that type in common. */
function withMutex(type: number): { hand: Hand; mutex: number } {
  const { hand, at } = inCommon('a', 'b', 'c', 'd')
  hand.do('a', pthread_mutex_init(at, { type }))
  return { hand, mutex: at }
}

test.each([
  ['normal', PTHREAD_MUTEX_NORMAL],
  ['errorcheck', PTHREAD_MUTEX_ERRORCHECK],
  ['recursive', PTHREAD_MUTEX_RECURSIVE],
])('%s: one has it, the others sleep and get it in the order in which they came', (_, type) => {
  const { hand, mutex } = withMutex(type)
  expect(hand.do('a', pthread_mutex_lock(mutex))).toBeUndefined()
  expect(hand.do('b', pthread_mutex_trylock(mutex))).toBe('EBUSY')
  for (const id of ['c', 'b', 'd']) expect(hand.do(id, pthread_mutex_lock(mutex))).toBe('blocks')
  for (const [owner, next] of [
    ['a', 'c'],
    ['c', 'b'],
    ['b', 'd'],
  ] as const) {
    expect(hand.do(owner, pthread_mutex_unlock(mutex))).toBeUndefined()
    expect(hand.released).toEqual([`${next}: undefined`])
  }
  hand.do('d', pthread_mutex_unlock(mutex))
  expect(hand.do('a', pthread_mutex_trylock(mutex))).toBeUndefined()
})

test('memory that is all zeros is an unlocked normal mutex', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_ERRORCHECK)
  expect(hand.do('a', pthread_mutex_lock(mutex + 64))).toBeUndefined()
  expect(hand.do('a', pthread_mutex_lock(mutex + 64))).toBe('blocks') // its own: for ever
  hand.do('b', pthread_mutex_unlock(mutex + 64)) // anybody's unlock will do
  expect(hand.released).toEqual(['a: undefined'])
})

test('errorcheck: EDEADLK to lock again, EPERM to unlock what is not one’s own', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_ERRORCHECK)
  expect(hand.do('a', pthread_mutex_unlock(mutex))).toBe('EPERM')
  hand.do('a', pthread_mutex_lock(mutex))
  expect(hand.do('a', pthread_mutex_lock(mutex))).toBe('EDEADLK')
  expect(hand.do('a', pthread_mutex_trylock(mutex))).toBe('EBUSY')
  expect(hand.do('a', pthread_mutex_timedlock(mutex, PAST))).toBe('EDEADLK')
  expect(hand.do('b', pthread_mutex_unlock(mutex))).toBe('EPERM')
  expect(hand.do('a', pthread_mutex_unlock(mutex))).toBeUndefined()
  expect(hand.do('a', pthread_mutex_unlock(mutex))).toBe('EPERM')
})

test('recursive: as many unlocks as locks', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_RECURSIVE)
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('a', pthread_mutex_lock(mutex))
  expect(hand.do('a', pthread_mutex_trylock(mutex))).toBeUndefined()
  expect(hand.do('a', pthread_mutex_timedlock(mutex, PAST))).toBeUndefined()
  expect(hand.do('b', pthread_mutex_trylock(mutex))).toBe('EBUSY')
  expect(hand.do('b', pthread_mutex_unlock(mutex))).toBe('EPERM')
  expect(hand.do('b', pthread_mutex_lock(mutex))).toBe('blocks')
  for (let depth = 4; depth > 1; depth--) {
    hand.do('a', pthread_mutex_unlock(mutex))
    expect(hand.released).toEqual([])
  }
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['b: undefined'])
  expect(hand.do('a', pthread_mutex_unlock(mutex))).toBe('EPERM')
})

test('recursive: one turn too many for its counter is EAGAIN', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_RECURSIVE)
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('b', store(mutex + 4, 'u32', 0xffff_ffff))
  expect(hand.do('a', pthread_mutex_lock(mutex))).toBe('EAGAIN')
})

test('whoever locks first after an unlock has it, woken or not', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_NORMAL)
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('b', pthread_mutex_lock(mutex))
  // The same transition order as on Linux, where the unlocker goes on while the woken is still on its way.
  hand.driver.issue('a', pthread_mutex_unlock(mutex))
  hand.driver.machine.step(0)
  hand.driver.issue('c', pthread_mutex_lock(mutex))
  const { machine } = hand.driver
  const c = machine.tasks.get('c')
  if (c !== undefined) machine.stepTask(c)
  expect(c?.result).toEqual({ value: undefined })
  hand.driver.settle()
  expect(hand.blocked).toContain('b')
})

test('a timed lock looks at its time only if it would sleep', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_NORMAL)
  const malformed: Timespec = { tv_sec: 5, tv_nsec: 1e9 }
  expect(hand.do('a', pthread_mutex_timedlock(mutex, malformed))).toBeUndefined()
  expect(hand.do('b', pthread_mutex_timedlock(mutex, malformed))).toBe('EINVAL')
  expect(hand.do('b', pthread_mutex_timedlock(mutex, { tv_sec: -1, tv_nsec: 1e9 }))).toBe('ETIMEDOUT')
  expect(hand.do('b', pthread_mutex_timedlock(mutex, PAST))).toBe('ETIMEDOUT')
  expect(hand.do('b', pthread_mutex_timedlock(mutex, { tv_sec: 1e6, tv_nsec: 5e6 }))).toBe('blocks')
  expect(hand.do('c', pthread_mutex_timedlock(mutex, { tv_sec: 1e6, tv_nsec: 9e6 }))).toBe('blocks')
  expect(hand.wait(6)).toEqual(['b: ETIMEDOUT'])
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['c: undefined'])
})

test('a dead owner leaves it locked for ever, a killed waiter does not take it', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_NORMAL)
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('b', pthread_mutex_lock(mutex))
  hand.do('c', pthread_mutex_lock(mutex))
  hand.do('d', kill(hand.driver.state.processes.b?.pid ?? 0, 'SIGKILL'))
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['c: undefined'])
  hand.do('d', pthread_mutex_lock(mutex))
  expect(hand.do('c', exit(0))).toBe('exit 0')
  expect(hand.blocked).toEqual(['d'])
})

test('no handler ends the wait; it goes on behind the others', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_NORMAL)
  hand.do('b', sigactionByHand('SIGUSR1', 'handler'))
  hand.do('a', pthread_mutex_lock(mutex))
  hand.do('b', pthread_mutex_lock(mutex))
  hand.do('c', pthread_mutex_lock(mutex))
  hand.do('d', kill(hand.driver.state.processes.b?.pid ?? 0, 'SIGUSR1'))
  expect(hand.released).toEqual([])
  hand.do('a', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['c: undefined'])
  hand.do('c', pthread_mutex_unlock(mutex))
  expect(hand.released).toEqual(['b: undefined'])
})

test('destroying one in use is EBUSY, also while somebody waits on a condition with it', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_ERRORCHECK)
  hand.do('a', pthread_mutex_lock(mutex))
  expect(hand.do('b', pthread_mutex_destroy(mutex))).toBe('EBUSY')
  hand.do('a', pthread_cond_wait(mutex + 64, mutex))
  expect(hand.do('b', pthread_mutex_destroy(mutex))).toBe('EBUSY')
  hand.do('b', pthread_mutex_init(mutex + 256))
  expect(hand.do('b', pthread_mutex_destroy(mutex + 256))).toBeUndefined()
  for (const call of [pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock]) {
    expect(hand.do('b', call(mutex + 256))).toBe('EINVAL')
  }
  expect(hand.do('b', pthread_mutex_init(mutex + 256))).toBeUndefined()
  expect(hand.do('b', pthread_mutex_lock(mutex + 256))).toBeUndefined()
})

test('no type, no address, no mutex', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_NORMAL)
  expect(hand.do('a', pthread_mutex_init(mutex, { type: 4 }))).toBe('EINVAL')
  expect(hand.do('a', pthread_mutex_lock(mutex + 2))).toBe('EINVAL')
  expect(hand.do('a', pthread_mutex_lock(mutex + 4092))).toBe('EINVAL') // across the page's end
  expect(hand.do('a', pthread_mutex_lock(0x7000_0000))).toBe('SIGSEGV')
  const readOnly = hand.number('a', mmap(null, 4096, PROT_READ, MAP_SHARED, 3, 0))
  expect(hand.do('a', pthread_mutex_lock(readOnly))).toBe('SIGSEGV')
  expect(hand.do('a', pthread_mutex_trylock(readOnly))).toBe('SIGSEGV')
})

test('its words are where glibc has them, for who looks into memory: lock, depth, owner, users, kind', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_RECURSIVE)
  hand.do('b', pthread_mutex_lock(mutex))
  hand.do('b', pthread_mutex_lock(mutex))
  const words = [0, 4, 8, 12, 16].map((offset) => hand.do('a', load(mutex + offset, 'i32')))
  expect(words).toEqual([1, 2, hand.driver.state.processes.b?.pid, 1, PTHREAD_MUTEX_RECURSIVE | 128])
})

test('threads of one process are different owners', () => {
  const { hand, mutex } = withMutex(PTHREAD_MUTEX_RECURSIVE)
  hand.driver.thread('a', 'a2')
  hand.do('a', pthread_mutex_lock(mutex))
  expect(hand.do('a2', pthread_mutex_trylock(mutex))).toBe('EBUSY')
  expect(hand.do('a2', pthread_mutex_unlock(mutex))).toBe('EPERM')
  expect(hand.do('a2', pthread_mutex_lock(mutex))).toBe('blocks')
  const { machine } = hand.driver
  const task = machine.tasks.get('a2')
  const call = task?.thread.call
  expect(call && task?.pending?.def.waitsFor?.(machine.kernel, task.thread, call.args)).toEqual({
    object: 'mutex at /m+0',
    heldBy: ['a'],
    awaits: ['a'],
  })
})
