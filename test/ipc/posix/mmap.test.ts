import { forkByHand, load, store } from 'ipclab/kernel'
import {
  close,
  ftruncate,
  lseek,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  mprotect,
  munmap,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  SEEK_SET,
  shm_open,
  write,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

const RW = PROT_READ | PROT_WRITE
const PAGE = 4096
const HERE = 0x4000_0000

/** Process a has an object of that size open as 3, and read-only as 4; b has it as 3. */
function withObject(size: number): Hand {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', shm_open('/m', O_CREAT | O_RDWR, 0o600))
  hand.do('a', ftruncate(3, size))
  hand.do('a', shm_open('/m', O_RDONLY))
  hand.do('b', shm_open('/m', O_RDWR))
  return hand
}

const map = (hand: Hand, id: string, flags: number, pages = 1, prot = RW): number =>
  hand.number(id, mmap(null, pages * PAGE, prot, flags, 3, 0))

test.each([
  ['an offset not on a page, before a bad descriptor', () => mmap(null, PAGE, RW, MAP_SHARED, -1, 100), 'EINVAL'],
  ['a bad descriptor, before no length', () => mmap(null, 0, RW, MAP_SHARED, 9, 0), 'EBADF'],
  ['no length, before a descriptor that does not allow it', () => mmap(null, 0, RW, MAP_SHARED, 4, 0), 'EINVAL'],
  ['neither shared nor private', () => mmap(null, PAGE, RW, 0, 3, 0), 'EINVAL'],
  ['neither, on a bad descriptor', () => mmap(null, PAGE, RW, 0, 9, 0), 'EBADF'],
  ['both, which Linux takes for shared', () => mmap(HERE, PAGE, RW, MAP_SHARED | MAP_PRIVATE | MAP_FIXED, 3, 0), HERE],
  ['both, anonymous', () => mmap(null, PAGE, RW, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 'EINVAL'],
  ['shared for writing, from a read-only descriptor', () => mmap(null, PAGE, RW, MAP_SHARED, 4, 0), 'EACCES'],
  ['shared for reading', () => mmap(HERE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 4, 0), HERE],
  ['private for writing', () => mmap(HERE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, 4, 0), HERE],
  ['a length beyond the address space', () => mmap(null, 2 ** 50, RW, MAP_SHARED, 3, 0), 'ENOMEM'],
  ['a negative length', () => mmap(null, -1, RW, MAP_SHARED, 3, 0), 'ENOMEM'],
  ['a negative offset', () => mmap(null, PAGE, RW, MAP_SHARED, 3, -PAGE), 'EOVERFLOW'],
  ['a fixed address not on a page', () => mmap(HERE + 8, PAGE, RW, MAP_SHARED | MAP_FIXED, 3, 0), 'EINVAL'],
  ['a fixed address below 64 KiB', () => mmap(PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, 3, 0), 'EPERM'],
  [
    'past the object’s end: only touching it faults',
    () => mmap(HERE, PAGE, RW, MAP_SHARED | MAP_FIXED, 3, 9 * PAGE),
    HERE,
  ],
])('mmap of %s', (_, call, outcome) => {
  expect(withObject(PAGE).do('a', call())).toBe(outcome)
})

test('a mapping covers whole pages', () => {
  const hand = withObject(2 * PAGE)
  const at = hand.number('a', mmap(null, 1, RW, MAP_SHARED, 3, 0))
  expect(hand.do('a', store(at + PAGE - 1, 'u8', 4))).toBeUndefined()
  expect(hand.do('a', load(at + PAGE, 'u8'))).toBe('SIGSEGV')
})

test('past the last page of the object SIGBUS, past the mapping SIGSEGV; growing the object heals the first', () => {
  const hand = withObject(100)
  const at = map(hand, 'a', MAP_SHARED, 3)
  expect(hand.do('a', load(at + 100, 'u8'))).toBe(0)
  expect(hand.do('a', load(at + PAGE, 'u8'))).toBe('SIGBUS')
  expect(hand.do('a', store(at + 2 * PAGE, 'u8', 1))).toBe('SIGBUS')
  expect(hand.do('a', load(at + 3 * PAGE, 'u8'))).toBe('SIGSEGV')
  hand.do('b', ftruncate(3, 2 * PAGE))
  expect(hand.do('a', load(at + PAGE, 'u8'))).toBe(0)
  expect(hand.do('a', load(at + 2 * PAGE, 'u8'))).toBe('SIGBUS')
})

test('an offset maps the object from there', () => {
  const hand = withObject(3 * PAGE)
  const all = map(hand, 'a', MAP_SHARED, 3)
  const last = hand.number('a', mmap(null, PAGE, RW, MAP_SHARED, 3, 2 * PAGE))
  hand.do('a', store(last + 8, 'i32', 77))
  expect(hand.do('a', load(all + 2 * PAGE + 8, 'i32'))).toBe(77)
})

test('what protection allows: a page that may be written may be read', () => {
  const hand = withObject(PAGE)
  const readable = map(hand, 'a', MAP_SHARED, 1, PROT_READ)
  const writable = map(hand, 'a', MAP_SHARED, 1, PROT_WRITE)
  const none = map(hand, 'a', MAP_SHARED, 1, PROT_NONE)
  expect(hand.do('a', store(readable, 'u8', 1))).toBe('SIGSEGV')
  expect(hand.do('a', store(writable, 'u8', 2))).toBeUndefined()
  expect(hand.do('a', load(writable, 'u8'))).toBe(2)
  expect(hand.do('a', load(none, 'u8'))).toBe('SIGSEGV')
  expect(hand.do('a', mprotect(none, PAGE, RW))).toBeUndefined()
  expect(hand.do('a', load(none, 'u8'))).toBe(2)
  expect(hand.do('a', mprotect(writable, PAGE, PROT_NONE))).toBeUndefined()
  expect(hand.do('a', store(writable, 'u8', 3))).toBe('SIGSEGV')
})

test('a process that does not catch the fault dies of it', () => {
  const hand = withObject(PAGE)
  hand.driver.process({ id: 'c' })
  expect(hand.do('c', load(HERE, 'u8'))).toBe('killed SIGSEGV')
})

test('mprotect stops at the first page that it may not change; those before are changed', () => {
  const hand = withObject(3 * PAGE)
  const at = map(hand, 'a', MAP_SHARED, 3)
  hand.do('a', munmap(at + PAGE, PAGE))
  expect(hand.do('a', mprotect(at, 3 * PAGE, PROT_READ))).toBe('ENOMEM')
  expect(hand.do('a', store(at, 'u8', 1))).toBe('SIGSEGV')
  expect(hand.do('a', store(at + 2 * PAGE, 'u8', 1))).toBeUndefined()
  hand.do('a', mmap(at + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 4, 0))
  expect(hand.do('a', mprotect(at, 3 * PAGE, RW))).toBe('EACCES')
  expect(hand.do('a', store(at, 'u8', 1))).toBeUndefined()
  expect(hand.do('a', mprotect(at + PAGE, PAGE, PROT_READ | PROT_EXEC))).toBeUndefined()
})

test('mprotect looks at the address, then the length, then the bits', () => {
  const hand = withObject(PAGE)
  const at = map(hand, 'a', MAP_SHARED)
  expect(hand.do('a', mprotect(at + 1, 0, PROT_READ))).toBe('EINVAL')
  expect(hand.do('a', mprotect(at, 0, 0x100))).toBeUndefined()
  expect(hand.do('a', mprotect(at, PAGE, 0x100))).toBe('EINVAL')
  expect(hand.do('a', mprotect(HERE, PAGE, PROT_READ))).toBe('ENOMEM')
})

test('munmap needs a page and a length; what is not mapped it passes over', () => {
  const hand = withObject(PAGE)
  const at = map(hand, 'a', MAP_SHARED)
  expect(hand.do('a', munmap(at + 100, PAGE))).toBe('EINVAL')
  expect(hand.do('a', munmap(at, 0))).toBe('EINVAL')
  expect(hand.do('a', munmap(HERE, PAGE))).toBeUndefined()
  expect(hand.do('a', munmap(at, 1))).toBeUndefined()
  expect(hand.do('a', load(at, 'u8'))).toBe('SIGSEGV')
})

test('unmapping the middle leaves both ends', () => {
  const hand = withObject(3 * PAGE)
  const at = map(hand, 'a', MAP_SHARED, 3)
  hand.do('a', store(at + 2 * PAGE, 'u8', 9))
  hand.do('a', munmap(at + PAGE, PAGE))
  expect(hand.do('a', load(at, 'u8'))).toBe(0)
  expect(hand.do('a', load(at + PAGE, 'u8'))).toBe('SIGSEGV')
  expect(hand.do('a', load(at + 2 * PAGE, 'u8'))).toBe(9)
})

test('MAP_FIXED takes the place of what is there; a wish for a taken address is not granted', () => {
  const hand = withObject(2 * PAGE)
  hand.do('a', lseek(3, PAGE, SEEK_SET))
  hand.do('a', write(3, '\x07'))
  const at = map(hand, 'a', MAP_SHARED)
  expect(hand.do('a', mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED, 3, PAGE))).toBe(at)
  expect(hand.do('a', load(at, 'u8'))).toBe(7)
  expect(hand.do('a', mmap(at, PAGE, RW, MAP_SHARED, 3, 0))).not.toBe(at)
  expect(hand.do('a', mmap(HERE, PAGE, RW, MAP_SHARED, 3, 0))).toBe(HERE)
  // And what the kernel chooses never lies on what somebody has put there.
  const next = map(hand, 'a', MAP_SHARED) + 2 * PAGE
  hand.do('a', mmap(next, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 3, 0))
  const chosen = map(hand, 'a', MAP_SHARED, 3)
  expect(chosen).toBeGreaterThan(next)
})

test('a failed mmap over a mapping leaves it', () => {
  const hand = withObject(PAGE)
  const at = map(hand, 'a', MAP_SHARED)
  hand.do('a', store(at, 'u8', 5))
  expect(hand.do('a', mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED, 4, 0))).toBe('EACCES')
  expect(hand.do('a', load(at, 'u8'))).toBe(5)
})

test('closing the descriptor leaves the mapping', () => {
  const hand = withObject(PAGE)
  const at = map(hand, 'a', MAP_SHARED)
  hand.do('a', close(3))
  expect(hand.do('a', store(at, 'u8', 3))).toBeUndefined()
})

test('stores to a private page stay private, and until the first of them others’ stores are seen', () => {
  const hand = withObject(2 * PAGE)
  const shared = map(hand, 'a', MAP_SHARED, 2)
  const own = map(hand, 'b', MAP_PRIVATE, 2)
  hand.do('a', store(shared, 'u8', 1))
  expect(hand.do('b', load(own, 'u8'))).toBe(1)
  hand.do('b', store(own + 1, 'u8', 9))
  expect(hand.do('a', load(shared + 1, 'u8'))).toBe(0)
  hand.do('a', store(shared, 'u8', 2))
  expect(hand.do('b', load(own, 'u8'))).toBe(1)
  hand.do('a', store(shared + PAGE, 'u8', 3))
  expect(hand.do('b', load(own + PAGE, 'u8'))).toBe(3)
})

test('shrinking the object takes private copies behind its end away', () => {
  const hand = withObject(2 * PAGE)
  const own = map(hand, 'a', MAP_PRIVATE, 2)
  hand.do('a', store(own, 'u8', 7))
  hand.do('a', store(own + PAGE, 'u8', 8))
  hand.do('a', ftruncate(3, 100))
  expect(hand.do('a', load(own + PAGE, 'u8'))).toBe('SIGBUS')
  hand.do('a', ftruncate(3, 2 * PAGE))
  expect(hand.do('a', load(own + PAGE, 'u8'))).toBe(0)
  expect(hand.do('a', load(own, 'u8'))).toBe(7)
})

test('a child shares shared memory, and has private pages of its own from the first store of either on', () => {
  const hand = withObject(PAGE)
  const shared = map(hand, 'a', MAP_SHARED)
  const anonymous = hand.number('a', mmap(null, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
  const common = hand.number('a', mmap(null, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
  hand.do('a', store(anonymous, 'u8', 1))
  const child = hand.driver.processByPid(hand.number('a', forkByHand()))?.id ?? ''
  hand.do('a', store(anonymous, 'u8', 2))
  hand.do('a', store(shared, 'u8', 3))
  hand.do(child, store(common, 'u8', 4))
  expect(hand.do(child, load(anonymous, 'u8'))).toBe(1)
  hand.do(child, store(anonymous, 'u8', 5))
  expect(hand.do('a', load(anonymous, 'u8'))).toBe(2)
  expect(hand.do(child, load(shared, 'u8'))).toBe(3)
  expect(hand.do('a', load(common, 'u8'))).toBe(4)
})
