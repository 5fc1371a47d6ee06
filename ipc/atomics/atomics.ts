import {
  type Args,
  type Call,
  call,
  cheaply,
  compareExchange,
  defineCall,
  done,
  fault,
  finish,
  firstSleeper,
  futexKey,
  type Id,
  type Kernel,
  load,
  MemoryFault,
  nameOfPlace,
  READ,
  type RmwOp,
  readPlace,
  rmw,
  SEQ_CST,
  SLEEP,
  sleepers,
  sleepOn,
  storeReturning,
  type Thread,
  type Type,
  translate,
  type ValueOf,
} from '../../kernel/index.ts'
import { toElement, toIndex, toIntegerOrInfinity, toNumber, toOperand } from './convert.ts'
import { SharedArray } from './typed-array.ts'

/**
 * `Atomics` over simulated shared memory: ECMA-262, section 25.4. Every operation is sequentially consistent; wrong
 * arguments throw where and what JavaScript throws, in the program, when the call is made.
 */

type Waitable = 'i32' | 'i64'

/** ValidateIntegerTypedArray and ValidateAtomicAccess: the element's address. */
function access<T extends Type>(array: SharedArray<T>, index: number): number {
  if (!(array instanceof SharedArray))
    throw new TypeError(`${describe(array)} is not an integer typed array; make one with int32Array(buffer)`)
  const at = toIndex(index, 'Invalid atomic access index')
  if (at >= array.length) throw new RangeError('Invalid atomic access index')
  return array.addressOf(at)
}

function waitable(array: SharedArray<Waitable>, index: number): number {
  const isWaitable = array instanceof SharedArray && (array.type === 'i32' || array.type === 'i64')
  if (!isWaitable) throw new TypeError(`${describe(array)} is not an int32 or BigInt64 typed array.`)
  return access(array, index)
}

const describe = (value: unknown): string => Object.prototype.toString.call(value)

function modify<T extends Type>(op: RmwOp, array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
  const address = access(array, index)
  return rmw(op, address, array.type, toElement(array.type, value))
}

/**
 * Sleepers on an element. The list is the element's, whatever array it is reached through; it is apart from the futex's,
 * whose sleepers expect other answers.
 */
function waiterList(kernel: Kernel, thread: Thread, address: number): Id | null {
  const key = futexKey(kernel, thread, address)
  return key === null ? null : `${key}/waiters`
}

/** Whatever array it is waited on through: the list of waiters is the same. */
const elementName = (kernel: Kernel, thread: Thread, address: number): string =>
  `element at ${nameOfPlace(kernel, thread, address)}`

const error = (code: string, name: string, detail: unknown) => cheaply(() => new MemoryFault(code, name, detail))

/** What `Atomics.wait` says. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out'

interface WaitArgs extends Args {
  readonly address: number
  readonly type: Waitable
  readonly expected: number | string
  /** Virtual ns; `null` for ever. */
  readonly timeout: number | null
}

const waitDef = defineCall<WaitArgs, WaitResult>({
  name: 'Atomics.wait',
  error,
  stages: [
    {
      // No guard: the list is first come, first served, so coming is an event.
      attempt(kernel, thread, { address, type, expected, timeout }) {
        const signal = translate(kernel, thread, address, false)
        if (signal !== null) return fault(kernel, thread, signal)
        const { frame, word } = kernel.place
        kernel.footprint.add(frame, word, READ, SEQ_CST)
        if (type === 'i64') kernel.footprint.add(frame, word + 1, READ, SEQ_CST)
        const value = readPlace(kernel.place, type, address)
        if (value !== (typeof expected === 'string' ? BigInt(expected) : expected)) return done(kernel, 'not-equal')
        if (timeout === 0) return done(kernel, 'timed-out')
        const list = waiterList(kernel, thread, address)
        return list === null ? fault(kernel, thread, 'SIGSEGV') : sleepOn(kernel, thread, list)
      },
    },
  ],
  deadline: (kernel, _thread, { timeout }) => (timeout === null ? null : kernel.state.clock + timeout),
  // JavaScript has no signal handlers. One that a scenario adds is run, and the wait begins again.
  giveUp: (kernel, _thread, _args, reason) => (reason === 'signal' ? SLEEP : done(kernel, 'timed-out')),
  waitsFor: (kernel, thread, { address }) => ({ object: elementName(kernel, thread, address) }),
  subject: (kernel, thread, { address }) => elementName(kernel, thread, address),
})

interface NotifyArgs extends Args {
  readonly address: number
  /** `null`: all. */
  readonly count: number | null
}

const notifyDef = defineCall<NotifyArgs, number>({
  name: 'Atomics.notify',
  error,
  does: 'signals',
  subject: (kernel, thread, { address }) => elementName(kernel, thread, address),
  stages: [
    {
      attempt(kernel, thread, { address, count }) {
        const list = waiterList(kernel, thread, address)
        if (list === null) return fault(kernel, thread, 'SIGSEGV')
        const waiting = sleepers(kernel, list)
        const due = count === null ? waiting : Math.min(count, waiting)
        // In the order in which they came, whatever order the machine serves others in (ECMA-262, RemoveWaiters).
        for (let woken = 0; woken < due; woken++) {
          const waiter = firstSleeper(kernel, list, 'fifo')
          if (waiter !== null) finish(kernel, waiter, 'ok')
        }
        return done(kernel, due)
      },
    },
  ],
})

const NS_PER_MS = 1e6

/** The timeout in ns; `null` for ever. */
function timeoutGiven(timeout: unknown): number | null {
  const ms = timeout === undefined ? Infinity : toNumber(timeout)
  const ns = Math.ceil(Math.max(0, ms) * NS_PER_MS)
  return Number.isFinite(ns) ? ns : null // NaN is for ever, too
}

/** Exported as `Atomics`: inside the module that name is JavaScript's own. */
export const simulated = {
  /** The element's value. */
  load<T extends Type>(array: SharedArray<T>, index: number): Call<ValueOf<T>> {
    return load(access(array, index), array.type, 'seq_cst')
  },

  /** Writes; returns the value as it was given, a whole number, before it was cut to the element's bits. */
  store<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    const address = access(array, index)
    const result = toOperand(array.type, value) as ValueOf<T> // number or bigint as the type has it
    return storeReturning(address, array.type, toElement(array.type, result), result, 'seq_cst')
  },

  /** Adds; returns the old value, as all of the following do. */
  add<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('add', array, index, value)
  },

  sub<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('sub', array, index, value)
  },

  and<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('and', array, index, value)
  },

  or<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('or', array, index, value)
  },

  xor<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('xor', array, index, value)
  },

  exchange<T extends Type>(array: SharedArray<T>, index: number, value: ValueOf<T>): Call<ValueOf<T>> {
    return modify('exchange', array, index, value)
  },

  /** Writes `replacement` if the element is `expected`; returns the old value either way. */
  compareExchange<T extends Type>(
    array: SharedArray<T>,
    index: number,
    expected: ValueOf<T>,
    replacement: ValueOf<T>,
  ): Call<ValueOf<T>> {
    const address = access(array, index)
    const { type } = array
    return compareExchange(address, type, toElement(type, expected), toElement(type, replacement))
  },

  /**
   * Sleeps until notified, if the element is `value`.
   * @param timeout ms, `Infinity` by default. Under an exploring strategy any amount of time may pass
   * @returns `'not-equal'` at once if it is not; `'ok'` when notified; else `'timed-out'`
   */
  wait<T extends Waitable>(
    array: SharedArray<T>,
    index: number,
    value: ValueOf<T>,
    timeout: number = Infinity,
  ): Call<WaitResult> {
    const address = waitable(array, index)
    const { type } = array
    const expected = toElement(type, value)
    return call(waitDef, {
      address,
      type,
      expected: typeof expected === 'bigint' ? expected.toString() : expected,
      timeout: timeoutGiven(timeout),
    })
  },

  /** Wakes the `count` that have waited longest on the element (default: all); returns how many that were. */
  notify<T extends Waitable>(array: SharedArray<T>, index: number, count: number = Infinity): Call<number> {
    const address = waitable(array, index)
    const most = count === undefined ? Infinity : Math.max(0, toIntegerOrInfinity(count))
    return call(notifyDef, { address, count: most === Infinity ? null : most })
  },

  /** Whether operations on elements of so many bytes need no lock. No call: it asks nothing of the machine. */
  isLockFree(bytes: number): boolean {
    return [1, 2, 4, 8].includes(toIntegerOrInfinity(bytes))
  },
} as const
