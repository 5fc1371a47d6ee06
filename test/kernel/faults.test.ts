import {
  compareExchange,
  fork,
  load,
  map_anonymous,
  type Program,
  rmw,
  sigaction,
  store,
  type Type,
  wait,
} from 'ipclab/kernel'
import { ftruncate, MAP_SHARED, mmap, mprotect, O_CREAT, O_RDWR, PROT_NONE, PROT_READ, shm_open } from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
import { attempt, outcomes } from '../helpers/schedules.ts'

/** What one access comes to: with a handler for both signals, and without any (what the process dies of). */
function both(
  access: (base: number) => Program<unknown>,
  setUp: () => Program<number>,
): [caught: string, died: string] {
  const caught = outcomes({
    *P({ ghost }) {
      for (const signal of ['SIGSEGV', 'SIGBUS'] as const)
        yield* sigaction(signal, function* () {
          ghost.push('handler')
        })
      const base = yield* setUp()
      try {
        yield* access(base)
        ghost.push('fine')
      } catch (error) {
        ghost.push((error as { code: string }).code)
      }
    },
  })
  const died = outcomes({
    *P({ ghost }) {
      const base = yield* setUp()
      yield* fork(function* child() {
        yield* access(base)
      })
      const { code, signal } = yield* wait()
      ghost.push(String(signal ?? code))
    },
  })
  return [caught.join(), died.join()]
}

function* oneShortPage(): Program<number> {
  const fd = yield* shm_open('/short', O_RDWR | O_CREAT, 0o600)
  yield* ftruncate(fd, 100)
  return yield* mmap(null, 8192, 3, MAP_SHARED, fd, 0)
}

function* protectedPage(prot: number): Program<number> {
  const base = yield* map_anonymous(4096)
  yield* mprotect(base, 4096, prot)
  return base
}

describe.each<[string, (address: number) => Program<unknown>]>([
  ['a load', (at) => loads(at)],
  ['a store', (at) => stores(at)],
  ['a read-modify-write', (at) => adds(at)],
  ['a compare-and-swap that would fail', (at) => swaps(at)],
])('%s', (name, access) => {
  test.each<[string, number, () => Program<number>, string, string]>([
    ['where nothing is mapped', 16, nowhere, 'handler SIGSEGV', 'SIGSEGV'],
    ['misaligned', 2, () => page(), 'handler SIGBUS', 'SIGBUS'],
    ['past the object’s last page', 4096, oneShortPage, 'handler SIGBUS', 'SIGBUS'],
    ['past the object’s end, in its last page', 200, oneShortPage, 'fine', '0'],
    ['in a page without access', 0, () => protectedPage(PROT_NONE), 'handler SIGSEGV', 'SIGSEGV'],
  ])('%s', (_where, offset, setUp, caught, died) => {
    expect(both((base) => access(base + offset), setUp)).toEqual([caught, died])
  })

  test('in a page that may only be read', () => {
    const fine = name === 'a load'
    expect(both(access, () => protectedPage(PROT_READ))).toEqual(fine ? ['fine', '0'] : ['handler SIGSEGV', 'SIGSEGV'])
  })
})

/** An address at which nothing is. */
function* nowhere(): Program<number> {
  yield* page()
  return 0
}
function* page(): Program<number> {
  return yield* map_anonymous(4096)
}
function* loads(at: number): Program<unknown> {
  return yield* load(at, 'i32')
}
function* stores(at: number): Program<unknown> {
  return yield* store(at, 'i32', 1)
}
function* adds(at: number): Program<unknown> {
  return yield* rmw('add', at, 'i32', 1)
}
function* swaps(at: number): Program<unknown> {
  return yield* compareExchange(at, 'i32', 77, 1)
}

test('a fault in the handler of that fault kills', () => {
  const said = outcomes({
    *P({ ghost }) {
      yield* fork(function* child() {
        yield* sigaction('SIGSEGV', function* () {
          yield* load(16, 'i32')
        })
        yield* load(16, 'i32')
      })
      ghost.push(String((yield* wait()).signal))
    },
  })
  expect(said).toEqual(['SIGSEGV'])
})

test.each<[Type, number | bigint, number | bigint, number | bigint]>([
  ['i8', 127, 1, -128],
  ['u8', 255, 1, 0],
  ['i16', 32767, 1, -32768],
  ['u16', 0, -1, 65535],
  ['i32', 0x7fffffff, 1, -0x80000000],
  ['u32', 0xffffffff, 1, 0],
  ['i64', 0x7fff_ffff_ffff_ffffn, 1n, -0x8000_0000_0000_0000n],
  ['u64', 0n, -1n, 0xffff_ffff_ffff_ffffn],
])('%s: %s + %s is %s, and the neighbours stay as they are', (type, start, add, sum) => {
  const said = outcomes({
    *P({ ghost }) {
      const at = (yield* map_anonymous(32)) + 8
      for (const other of [at - 4, at + 8]) yield* store(other, 'u32', 0xdeadbeef)
      yield* store(at, type, start as never)
      yield* attempt(ghost, rmw('add', at, type, add as never))
      yield* attempt(ghost, load(at, type))
      yield* attempt(ghost, compareExchange(at, type, sum as never, start as never))
      yield* attempt(ghost, rmw('exchange', at, type, add as never))
      for (const other of [at - 4, at + 8]) ghost.push((yield* load(other, 'u32')).toString(16))
    },
  })
  expect(said).toEqual([`${start} ${sum} ${sum} ${start} deadbeef deadbeef`])
})
