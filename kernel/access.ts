import { type Args, type Call, call, defineCall, type Outcome, SLEEP } from './call.ts'
import { BadInput, cheaply, MemoryFault } from './errors.ts'
import { ADDS, type MemoryOrder, memoryOrders, READ, SEQ_CST, WRITE } from './footprint.ts'
import { done, type Kernel, MAPPINGS, type Place } from './kernel.ts'
import { nameOfPlace, peekWord, setWord, translate } from './paging.ts'
import { fault } from './signal.ts'
import type { Id, Thread } from './state.ts'

/**
 * Loads, stores and atomic read-modify-writes of simulated memory, each naming a memory order. All execute in one
 * total order today; the order named is kept in the event.
 *
 * 64-bit values are `bigint` in programs, decimal strings in traces, two words in memory.
 */

export type Type = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64'
export type ValueOf<T extends Type> = T extends 'i64' | 'u64' ? bigint : number

/** Bytes of a type. */
export const sizeOf: Record<Type, number> = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8 }

const orderIndex: Record<MemoryOrder, number> = Object.fromEntries(
  memoryOrders.map((order, index) => [order, index]),
) as Record<MemoryOrder, number> // one entry for each order

interface Access extends Args {
  readonly address: number
  readonly type: Type
  readonly order: MemoryOrder
}

/** Finds the words (in `kernel.place`) and notes the footprint. Not 0: the access faults, and that is its outcome. */
function reach(kernel: Kernel, thread: Thread, { address, type, order }: Access, mode: number): Outcome | 0 {
  const size = type === 'i32' ? 4 : sizeOf[type]
  const signal = address % size === 0 ? translate(kernel, thread, address, (mode & WRITE) !== 0) : 'SIGBUS'
  if (signal !== null) return fault(kernel, thread, signal)
  const { frame, word } = kernel.place
  const index = order === 'plain' ? 0 : orderIndex[order]
  kernel.footprint.add(frame, word, mode, index)
  if (size === 8) kernel.footprint.add(frame, word + 1, mode, index)
  return 0
}

/** The value at a place that `translate` has found. */
export function readPlace(place: Place, type: Type, address: number): number | bigint {
  const word = place.words[place.word] ?? 0
  switch (type) {
    case 'i32':
      return word
    case 'u32':
      return word >>> 0
    case 'i8':
      return (word << (24 - (address & 3) * 8)) >> 24
    case 'u8':
      return (word >>> ((address & 3) * 8)) & 0xff
    case 'i16':
      return (word << (16 - (address & 2) * 8)) >> 16
    case 'u16':
      return (word >>> ((address & 2) * 8)) & 0xffff
    case 'i64':
      return BigInt.asIntN(64, bits64(place))
    case 'u64':
      return bits64(place)
    default:
      return type satisfies never
  }
}

function bits64({ words, word }: Place): bigint {
  return (BigInt((words[word + 1] ?? 0) >>> 0) << 32n) | BigInt((words[word] ?? 0) >>> 0)
}

function writePlace(kernel: Kernel, type: Type, address: number, value: number | bigint): void {
  const { words, word } = kernel.place
  if (typeof value === 'bigint') {
    setWord(kernel.journal, words, word, Number(BigInt.asIntN(32, value)))
    setWord(kernel.journal, words, word + 1, Number(BigInt.asIntN(32, value >> 32n)))
    return
  }
  const size = sizeOf[type]
  if (size === 4) {
    setWord(kernel.journal, words, word, value | 0)
    return
  }
  const shift = (address & (4 - size)) * 8
  const mask = (size === 1 ? 0xff : 0xffff) << shift
  setWord(kernel.journal, words, word, ((words[word] ?? 0) & ~mask) | ((value << shift) & mask))
}

/** A value as call argument (64 bits as a decimal string), and back. */
type Operand = number | string
const asOperand = (value: number | bigint): Operand => (typeof value === 'bigint' ? value.toString() : value)
const asValue = (operand: Operand): number | bigint => (typeof operand === 'string' ? BigInt(operand) : operand)

const error = (code: string, name: string, detail: unknown) => cheaply(() => new MemoryFault(code, name, detail))

const loadDef = defineCall<Access, number | bigint>({
  name: 'load',
  error,
  isAccess: true,
  stages: [
    {
      attempt(kernel, thread, args) {
        const faulted = reach(kernel, thread, args, READ)
        if (faulted !== 0) return faulted
        return done(kernel, readPlace(kernel.place, args.type, args.address))
      },
    },
  ],
})

interface StoreArgs extends Access {
  readonly value: Operand
}

const storeDef = defineCall<StoreArgs, unknown>({
  name: 'store',
  error,
  isAccess: true,
  stages: [
    {
      attempt(kernel, thread, args) {
        const faulted = reach(kernel, thread, args, WRITE)
        if (faulted !== 0) return faulted
        writePlace(kernel, args.type, args.address, asValue(args.value))
        return kernel.extra === null ? done(kernel) : done(kernel, kernel.extra)
      },
    },
  ],
})

export type RmwOp = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'exchange'

interface RmwArgs extends StoreArgs {
  readonly op: RmwOp
  /** It returns nothing. */
  readonly blind?: true
}

function combine(op: RmwOp, old: number | bigint, operand: number | bigint): number | bigint {
  if (typeof old === 'bigint' || typeof operand === 'bigint') return combine64(op, BigInt(old), BigInt(operand))
  switch (op) {
    case 'add':
      return old + operand
    case 'sub':
      return old - operand
    case 'and':
      return old & operand
    case 'or':
      return old | operand
    case 'xor':
      return old ^ operand
    case 'exchange':
      return operand
    default:
      return op satisfies never
  }
}

function combine64(op: RmwOp, old: bigint, operand: bigint): bigint {
  switch (op) {
    case 'add':
      return old + operand
    case 'sub':
      return old - operand
    case 'and':
      return old & operand
    case 'or':
      return old | operand
    case 'xor':
      return old ^ operand
    case 'exchange':
      return operand
    default:
      return op satisfies never
  }
}

const rmwDef = defineCall<RmwArgs, number | bigint>({
  name: 'rmw',
  error,
  isAccess: true,
  stages: [
    {
      attempt(kernel, thread, args) {
        const faulted = reach(kernel, thread, args, READ | WRITE)
        if (faulted !== 0) return faulted
        const old = readPlace(kernel.place, args.type, args.address)
        writePlace(kernel, args.type, args.address, combine(args.op, old, asValue(args.value)))
        if (args.blind !== true) return done(kernel, old)
        // A whole word: of its parts, or of two, what each step adds is not the same in either order.
        if (sizeOf[args.type] === 4) kernel.footprint.wasOnly(ADDS)
        return done(kernel)
      },
    },
  ],
})

interface CompareArgs extends Access {
  readonly expected: Operand
  readonly desired: Operand
}

const compareExchangeDef = defineCall<CompareArgs, number | bigint>({
  name: 'compare_exchange',
  error,
  isAccess: true,
  stages: [
    {
      attempt(kernel, thread, args) {
        const mark = kernel.footprint.length
        const faulted = reach(kernel, thread, args, READ | WRITE)
        if (faulted !== 0) return faulted
        const old = readPlace(kernel.place, args.type, args.address)
        const hit = old === asValue(args.expected)
        if (hit) writePlace(kernel, args.type, args.address, asValue(args.desired))
        else kernel.footprint.readsOnlyFrom(mark) // a failed compare-and-swap is a read
        return done(kernel, old)
      },
      onlyReads(kernel, thread, { address, type, expected }) {
        if (translate(kernel, thread, address, false) !== null) return false
        return readPlace(kernel.place, type, address) !== asValue(expected)
      },
    },
  ],
})

/** Asks the predicate that `await_` was given. */
function expects(kernel: Kernel, value: number | bigint): boolean {
  const holds = kernel.extra as (value: number | bigint) => boolean // await_ puts nothing else there
  try {
    return holds(value)
  } catch (error) {
    throw new BadInput(`the condition of an await_() threw ${error instanceof Error ? error.message : String(error)}`)
  }
}

const awaitDef = defineCall<Access, number | bigint>({
  name: 'await',
  error,
  isAccess: true,
  stages: [
    {
      order: () => 'any', // a spinning reader leaves no mark
      canProceed(kernel, thread, args) {
        const size = sizeOf[args.type]
        if (args.address % size !== 0 || translate(kernel, thread, args.address, false) !== null) return true
        kernel.footprint.add(thread.process, MAPPINGS, READ, SEQ_CST) // unmapped meanwhile, it faults
        kernel.footprint.add(kernel.place.frame, kernel.place.word, READ, orderIndex[args.order])
        if (size === 8) kernel.footprint.add(kernel.place.frame, kernel.place.word + 1, READ, orderIndex[args.order])
        return expects(kernel, readPlace(kernel.place, args.type, args.address))
      },
      attempt(kernel, thread, args) {
        const faulted = reach(kernel, thread, args, READ)
        if (faulted !== 0) return faulted
        return done(kernel, readPlace(kernel.place, args.type, args.address))
      },
    },
  ],
  giveUp: (kernel, _thread, _args, reason) => (reason === 'signal' ? SLEEP : done(kernel, 0)),
  waitsFor: (kernel, thread, { address }) => ({ object: nameOfPlace(kernel, thread, address) }),
  subject: (kernel, thread, { address }) => nameOfPlace(kernel, thread, address),
})

/**
 * Reads memory.
 * @param order `'plain'` for an ordinary variable: two unordered plain accesses, one a store, are a data race
 * @throws MemoryFault `SIGSEGV` (not mapped or not readable), `SIGBUS` (past the object's end, or misaligned), when the
 *   process has a handler for the signal; without one the signal kills it
 */
export function load<T extends Type>(address: number, type: T, order: MemoryOrder = 'plain'): Call<ValueOf<T>> {
  return call<Access, ValueOf<T>>(loadDef as never, { address, type, order }) // the type argument says what comes back
}

/** Writes memory. Faults as `load` does. */
export function store<T extends Type>(
  address: number,
  type: T,
  value: ValueOf<T>,
  order: MemoryOrder = 'plain',
): Call<void> {
  return call(storeDef as never, { address, type, order, value: asOperand(value) })
}

/** `store`, as an expression that has the value `result`. */
export function storeReturning<T extends Type, R extends number | bigint>(
  address: number,
  type: T,
  value: ValueOf<T>,
  result: R,
  order: MemoryOrder = 'plain',
): Call<R> {
  return call<StoreArgs, R>(storeDef as never, { address, type, order, value: asOperand(value) }, result) // returns what it is given
}

/** Atomically replaces a value by its combination with `value`; returns the old one. Faults as `load` does. */
export function rmw<T extends Type>(
  op: RmwOp,
  address: number,
  type: T,
  value: ValueOf<T>,
  order: MemoryOrder = 'seq_cst',
): Call<ValueOf<T>> {
  return call<RmwArgs, ValueOf<T>>(rmwDef as never, { address, type, order, op, value: asOperand(value) })
}

/** Memory orders of a read-modify-write that doesn't look. */
export type BlindOrder = 'relaxed' | 'release' | 'seq_cst'

/**
 * Atomically adds, and tells nobody what was there: C++26's `atomic_store_add`, P3111. It is a release at most. As two
 * of them come to the same in either order, partial-order reduction can do with one, where asked to. Faults as `load` does.
 */
export function storeAdd<T extends Type>(
  address: number,
  type: T,
  value: ValueOf<T>,
  order: BlindOrder = 'seq_cst',
): Call<void> {
  return call<RmwArgs, void>(rmwDef as never, { address, type, order, op: 'add', value: asOperand(value), blind: true })
}

/** Atomically writes `desired` if the value is `expected`; returns the old value either way. Faults as `load` does. */
export function compareExchange<T extends Type>(
  address: number,
  type: T,
  expected: ValueOf<T>,
  desired: ValueOf<T>,
  order: MemoryOrder = 'seq_cst',
): Call<ValueOf<T>> {
  return call<CompareArgs, ValueOf<T>>(compareExchangeDef as never, {
    address,
    type,
    order,
    expected: asOperand(expected),
    desired: asOperand(desired),
  })
}

/**
 * Spin-waiting that burns no steps: the caller can be chosen only while `holds` is true of the value, and then reads it.
 * `while (!holds(yield* load(x))) {}` with its useless turns left out.
 */
export function await_<T extends Type>(
  address: number,
  type: T,
  holds: (value: ValueOf<T>) => boolean,
  order: MemoryOrder = 'seq_cst',
): Call<ValueOf<T>> {
  return call<Access, ValueOf<T>>(awaitDef as never, { address, type, order }, holds)
}

/** Reads memory as it is mapped in a process, from outside the simulated machine: no event, no footprint. */
export function peekMemory<T extends Type>(kernel: Kernel, processId: Id, address: number, type: T): ValueOf<T> {
  const at = address - (address % 4)
  const words = [peekWord(kernel, processId, at), sizeOf[type] === 8 ? peekWord(kernel, processId, at + 4) : 0]
  return readPlace({ frame: '', words, word: 0 }, type, address) as ValueOf<T> // readPlace reads that type
}
