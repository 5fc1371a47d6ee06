import fc from 'fast-check'
import {
  type Call,
  type Driver,
  Driver as DriverOf,
  forkByHand,
  load,
  PAGE_SIZE,
  sigactionByHand,
  store,
  type Transact,
  type Type,
} from 'ipclab/kernel'
import {
  ftruncate,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  mprotect,
  munmap,
  O_CREAT,
  O_RDWR,
  shm_open,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { drafted } from '../helpers/drafted.ts'

/**
 * Address spaces against a model that is too simple to be wrong: a table of pages for each process, an array of bytes
 * for each page. In place there are cached translations, on drafts there are none: neither may ever be stale.
 */

const OBJECTS = 2
const SLOTS = 3
/** What the objects have at first, in bytes. */
const FIRST_SIZE = 2 * 4096
const BASE = 0x100000

type Op =
  | { op: 'map'; slot: number; pages: number; prot: number; shared: boolean; object: number; from: number }
  | { op: 'unmap'; slot: number; pages: number }
  | { op: 'protect'; slot: number; pages: number; prot: number }
  | { op: 'truncate'; object: number; size: number }
  | { op: 'store'; slot: number; offset: number; type: Type; value: number }
  | { op: 'load'; slot: number; offset: number; type: Type }
  | { op: 'fork' }

const slot = fc.nat(SLOTS - 1)
const pages = fc.integer({ min: 1, max: 3 })
const prot = fc.constantFrom(0, 1, 3, 3, 3)
const object = fc.nat(OBJECTS - 1)
const type = fc.constantFrom<Type>('i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64')
const offset = fc.constantFrom(0, 8, 16, PAGE_SIZE / 2, PAGE_SIZE - 8)
const value = fc.constantFrom(0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff)
const size = fc.constantFrom(0, 1, 9, 18, PAGE_SIZE / 2 + 3, PAGE_SIZE, PAGE_SIZE + 4, 2 * PAGE_SIZE, 3 * PAGE_SIZE)
const from = fc.constantFrom(0, 0, 1, 2)

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('map' as const), slot, pages, prot, shared: fc.boolean(), object, from }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('unmap' as const), slot, pages }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('protect' as const), slot, pages, prot }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('truncate' as const), object, size }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('store' as const), slot, offset, type, value }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('load' as const), slot, offset, type }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fork' as const) }) },
)

/** Who does it, by number among the threads that there are then, and what. */
const steps = fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 0, 1, 2, 3), op), { minLength: 20, maxLength: 80 })

interface Page {
  object: number
  page: number
  prot: number
  shared: boolean
  own: Uint8Array | null
}

interface Model {
  readonly objects: { size: number; bytes: Uint8Array }[]
  readonly spaces: Map<number, Page>[]
}

const PAGES = 8 // more than any object ever has

function newModel(): Model {
  const objects = Array.from({ length: OBJECTS }, () => ({
    size: FIRST_SIZE,
    bytes: new Uint8Array(PAGES * PAGE_SIZE),
  }))
  return { objects, spaces: [new Map()] }
}

function apply(model: Model, who: number, one: Op): string {
  const space = model.spaces[who] as Map<number, Page>
  switch (one.op) {
    case 'map':
      for (let i = 0; i < one.pages; i++) {
        const { object, prot, shared } = one
        space.set(one.slot + i, { object, page: one.from + i, prot, shared, own: null })
      }
      return 'ok'
    case 'unmap':
      for (let i = 0; i < one.pages; i++) space.delete(one.slot + i)
      return 'ok'
    case 'protect':
      for (let i = 0; i < one.pages; i++) {
        const page = space.get(one.slot + i)
        if (page === undefined) return 'ENOMEM'
        page.prot = one.prot
      }
      return 'ok'
    case 'truncate': {
      const { objects, spaces } = model
      const target = objects[one.object] as Model['objects'][number]
      if (one.size <= target.size) {
        target.bytes.fill(0, one.size)
        const kept = Math.ceil(one.size / PAGE_SIZE)
        for (const other of spaces)
          for (const page of other.values()) if (page.object === one.object && page.page >= kept) page.own = null
      }
      target.size = one.size
      return 'ok'
    }
    case 'fork':
      model.spaces.push(
        new Map([...space].map(([vpn, page]) => [vpn, { ...page, own: page.own === null ? null : page.own.slice() }])),
      )
      return 'ok'
    default:
      return access(model, space.get(one.slot), one)
  }
}

function access(model: Model, page: Page | undefined, one: Extract<Op, { type: Type }>): string {
  const writes = one.op === 'store'
  if (page === undefined || (page.prot & (writes ? 2 : 3)) === 0) return 'SIGSEGV'
  const { size, bytes } = model.objects[page.object] as Model['objects'][number]
  const start = page.page * PAGE_SIZE
  if (start >= size) return 'SIGBUS'
  const common = bytes.subarray(start, start + PAGE_SIZE)
  if (writes && !page.shared) page.own ??= common.slice()
  const { buffer, byteOffset } = page.own ?? common
  const view = new DataView(buffer as ArrayBuffer, byteOffset, PAGE_SIZE)
  const { offset, type } = one
  if (!writes) return String(read(view, offset, type))
  write(view, offset, type, one.value)
  return 'ok'
}

function read(view: DataView, at: number, type: Type): number | bigint {
  const readers: Record<Type, () => number | bigint> = {
    i8: () => view.getInt8(at),
    u8: () => view.getUint8(at),
    i16: () => view.getInt16(at, true),
    u16: () => view.getUint16(at, true),
    i32: () => view.getInt32(at, true),
    u32: () => view.getUint32(at, true),
    i64: () => view.getBigInt64(at, true),
    u64: () => view.getBigUint64(at, true),
  }
  return readers[type]()
}

function write(view: DataView, at: number, type: Type, value: number): void {
  if (type === 'i64' || type === 'u64') view.setBigInt64(at, BigInt(value) * 0x1_0000_0001n, true)
  else if (type === 'i32' || type === 'u32') view.setInt32(at, value, true)
  else if (type === 'i16' || type === 'u16') view.setInt16(at, value, true)
  else view.setInt8(at, value)
}

/** The processes of one machine, driven by hand; the first has two threads. */
class Hands {
  readonly driver: Driver
  readonly threads: { readonly id: string; readonly space: number }[] = []
  readonly #fds: number[] = []
  #spaces = 1

  constructor(transact: Transact | null) {
    this.driver = new DriverOf({ transact })
    this.driver.process({ id: 'p' })
    this.driver.thread('p', 'p2')
    this.threads.push({ id: 'p', space: 0 }, { id: 'p2', space: 0 })
    for (const signal of ['SIGSEGV', 'SIGBUS'] as const) this.#do('p', sigactionByHand(signal, 'handler'))
    for (let i = 0; i < OBJECTS; i++) {
      const outcome = this.driver.perform('p', shm_open(`/o${i}`, O_RDWR | O_CREAT, 0o600)).outcome
      this.#fds.push(outcome?.how === 'returned' ? (outcome.value as number) : -1)
      this.#do('p', ftruncate(this.#fds[i] ?? -1, FIRST_SIZE))
    }
  }

  #do(thread: string, call: Call<unknown>): string {
    const { outcome } = this.driver.perform(thread, call)
    if (outcome?.how === 'failed') return outcome.error.code
    if (outcome?.how !== 'returned') throw new Error(`neither returned nor failed: ${JSON.stringify(outcome)}`)
    return typeof outcome.value === 'number' || typeof outcome.value === 'bigint' ? String(outcome.value) : 'ok'
  }

  apply({ id, space }: { id: string; space: number }, one: Op): string {
    if (one.op !== 'fork') {
      const said = this.#do(id, this.#callOf(one))
      return one.op === 'map' && said !== 'ok' ? (said === String(BASE + one.slot * PAGE_SIZE) ? 'ok' : said) : said
    }
    void space
    const pid = Number(this.#do(id, forkByHand()))
    this.threads.push({ id: this.driver.processByPid(pid)?.id ?? '', space: this.#spaces })
    this.#spaces += 1
    return 'ok'
  }

  #callOf(one: Exclude<Op, { op: 'fork' }>): Call<unknown> {
    const address = BASE + ('slot' in one ? one.slot * PAGE_SIZE : 0)
    switch (one.op) {
      case 'map': {
        const flags = MAP_FIXED | (one.shared ? MAP_SHARED : MAP_PRIVATE)
        const fd = this.#fds[one.object] ?? -1
        return mmap(address, one.pages * PAGE_SIZE, one.prot, flags, fd, one.from * PAGE_SIZE)
      }
      case 'unmap':
        return munmap(address, one.pages * PAGE_SIZE)
      case 'protect':
        return mprotect(address, one.pages * PAGE_SIZE, one.prot)
      case 'truncate':
        return ftruncate(this.#fds[one.object] ?? -1, one.size)
      case 'load':
        return load(address + one.offset, one.type)
      case 'store': {
        const wide = one.type === 'i64' || one.type === 'u64'
        const value = (wide ? BigInt(one.value) * 0x1_0000_0001n : one.value) as never // of the type that the name says
        return store(address + one.offset, one.type, value)
      }
      default:
        return one satisfies never
    }
  }
}

/** Does the steps in place and on drafts; what each comes to is what the model says. */
function compare(list: readonly (readonly [who: number, one: Op])[]): void {
  const model = newModel()
  const inPlace = new Hands(null)
  const onDrafts = new Hands(drafted)
  for (const [who, one] of list) {
    if (one.op === 'fork' && model.spaces.length >= 4) continue
    const at = who % inPlace.threads.length
    const actor = inPlace.threads[at] as Hands['threads'][number]
    const expected = apply(model, actor.space, one)
    const said = `${actor.id} ${JSON.stringify(one)} `
    expect(said + inPlace.apply(actor, one)).toBe(said + expected)
    expect(said + onDrafts.apply(onDrafts.threads[at] as typeof actor, one)).toBe(said + expected)
  }
  expect(onDrafts.driver.state).toEqual(inPlace.driver.state)
}

test('whatever is mapped, cut, protected, truncated and forked, every load sees what a table of bytes says', () => {
  fc.assert(fc.property(steps, compare), { numRuns: 300 })
})

const map = (shared: boolean): Op => ({ op: 'map', slot: 0, pages: 1, prot: 3, shared, object: 0, from: 0 })
const put = (value: number): Op => ({ op: 'store', slot: 0, offset: 0, type: 'i32', value })
const get: Op = { op: 'load', slot: 0, offset: 0, type: 'i32' }

// Each page is accessed often enough by both threads for both to have its translation at hand.
test.each<[string, Op]>([
  ['unmapped', { op: 'unmap', slot: 0, pages: 1 }],
  ['protected', { op: 'protect', slot: 0, pages: 1, prot: 0 }],
  ['made read-only', { op: 'protect', slot: 0, pages: 1, prot: 1 }],
  ['cut off the object', { op: 'truncate', object: 0, size: 0 }],
  ['mapped anew', { op: 'map', slot: 0, pages: 1, prot: 3, shared: true, object: 1, from: 0 }],
  ['given to a child', { op: 'fork' }],
])('no thread goes by an old translation of a page that was %s', (_what, change) => {
  for (const shared of [true, false]) {
    const warm = [0, 1, 0, 1].flatMap((who) => [[who, put(who + 5)] as const, [who, get] as const])
    compare([
      [0, map(shared)],
      ...warm,
      [0, change],
      [0, get],
      [1, get],
      [0, put(1)],
      [1, put(2)],
      [0, get],
      [2, get],
      [1, get],
    ])
  }
})
