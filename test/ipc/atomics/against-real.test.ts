import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  Atomics,
  bigInt64Array,
  bigUint64Array,
  int8Array,
  int16Array,
  int32Array,
  type SharedBuffer,
  shared_array_buffer,
  uint8Array,
  uint16Array,
  uint32Array,
} from '../../../ipc/atomics/index.ts'
import { boot, type Call, type Program, scenario, type Transact } from '../../../kernel/index.ts'
import { replay, run } from '../../../scheduler/index.ts'
import { drafted } from '../../helpers/drafted.ts'

/** The simulated `Atomics` against Node's own, on random programs of one thread with any arguments at all. */

const real = globalThis.Atomics as unknown as Record<string, (...args: unknown[]) => unknown>
const simulated = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>
const BYTES = 32

const types = [
  [Int8Array, int8Array],
  [Uint8Array, uint8Array],
  [Int16Array, int16Array],
  [Uint16Array, uint16Array],
  [Int32Array, int32Array],
  [Uint32Array, uint32Array],
  [BigInt64Array, bigInt64Array],
  [BigUint64Array, bigUint64Array],
] as const
type RealArray = new (buffer: SharedArrayBuffer, offset?: number, length?: number) => ArrayLike<unknown>
type SimArray = (buffer: SharedBuffer, offset?: number, length?: number) => SimView
type SimView = { get(i: number): Call<unknown>; set(i: number, v: unknown): Call<unknown>; readonly length: number }

const METHODS = ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange', 'wait', 'notify']

interface Op {
  /** Which array of the eight, and where it starts. */
  readonly type: number
  readonly offset: unknown
  readonly length: unknown
  readonly method: string
  readonly args: readonly unknown[]
}

const sound = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer(), fc.maxSafeInteger())
const soundBig = fc.oneof(fc.bigInt({ min: -300n, max: 300n }), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }))
const odd = fc.oneof(
  fc.double(),
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    '',
    '7',
    '0x10',
    'x',
    {},
    [],
    [3],
    Symbol.iterator,
    -0,
    Infinity,
    1e300,
  ),
  fc.constantFrom<unknown>({ valueOf: () => 5 }, { valueOf: () => 5n }, new Date(7)),
)

/** Mostly what the type takes, so that something happens; sometimes anything. */
const opOf = (type: number): fc.Arbitrary<Op> => {
  const big = type >= 6
  const value = fc.oneof({ weight: 12, arbitrary: big ? soundBig : sound }, { weight: 1, arbitrary: odd })
  const wrong = { weight: 1, arbitrary: fc.oneof(odd, sound, soundBig) }
  const index = fc.oneof({ weight: 12, arbitrary: fc.nat(4) as fc.Arbitrary<unknown> }, wrong)
  const anyValue = fc.oneof({ weight: 15, arbitrary: value }, wrong)
  const timeout = fc.oneof(fc.constantFrom<unknown>(0, -1, -Infinity, null, false, '0', 0.0001, [], '1e-3'))
  const method = fc.constantFrom(...METHODS, 'get', 'set')
  return method.chain((name) => {
    const rest = name === 'wait' ? fc.tuple(index, anyValue, timeout) : fc.tuple(index, anyValue, anyValue)
    const counts = fc.tuple(index, fc.oneof(anyValue, fc.constant(undefined)))
    const plain = fc.tuple(fc.nat(BYTES / 8 - 2), value)
    return fc.record({
      type: fc.constant(type),
      offset: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom<unknown>(0, 8, undefined) },
        { weight: 1, arbitrary: odd },
      ),
      length: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom<unknown>(undefined, 3) },
        { weight: 1, arbitrary: fc.oneof(odd, fc.nat(40)) },
      ),
      method: fc.constant(name),
      args: (name === 'notify' ? counts : name === 'get' || name === 'set' ? plain : rest) as fc.Arbitrary<unknown[]>,
    })
  })
}
const ops = fc.array(fc.nat(types.length - 1).chain(opOf), { maxLength: 25 })

/** What an operation came to: its value, or which error it threw. */
const shown = (value: unknown): string => `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`
const thrown = (error: unknown): string => (error instanceof Error ? error.name : String(error))

function onReal(program: readonly Op[]): string[] {
  const buffer = new SharedArrayBuffer(BYTES)
  const told = program.map(({ type, offset, length, method, args }) => {
    try {
      const Kind = (types[type] ?? types[0])[0] as unknown as RealArray
      const array = new Kind(buffer, offset as number, length as number)
      if (method === 'get' || method === 'set') return plainly(array as unknown as unknown[], method, args)
      return shown(real[method]?.(array, ...args))
    } catch (error) {
      return thrown(error)
    }
  })
  return [...told, new Uint8Array(buffer).join(' ')]
}

/** The one place where we differ: past the end JavaScript says `undefined` and does nothing, and we refuse. */
function plainly(array: unknown[], method: string, [index, value]: readonly unknown[]): string {
  const at = index as number
  if (at >= array.length) return 'RangeError'
  if (method === 'get') return shown(array[at])
  array[at] = value
  return shown(undefined)
}

function onSimulated(program: readonly Op[], transact: Transact | null): string[] {
  const told: string[] = []
  const made = scenario('one thread', {
    *setup(): Program<SharedBuffer> {
      return yield* shared_array_buffer(BYTES)
    },
    programs: {
      *p({ shared: buffer }): Program {
        for (const { type, offset, length, method, args } of program) {
          try {
            const over = (types[type] ?? types[0])[1] as unknown as SimArray
            const array = over(buffer, offset as number, length as number)
            const plain = method === 'get' || method === 'set'
            const make = plain ? array[method].bind(array) : (simulated[method] ?? (() => undefined)).bind(null, array)
            told.push(shown(yield* (make as (...args: readonly unknown[]) => Call<unknown>)(...args)))
          } catch (error) {
            told.push(thrown(error))
          }
        }
        const bytes: number[] = []
        for (let i = 0; i < BYTES; i++) bytes.push(yield* uint8Array(buffer).get(i))
        told.push(bytes.join(' '))
      },
    },
    expect: 'proved',
  })
  const decider = replay([])
  const simulation = boot(made, { door: decider, transact })
  simulation.start()
  expect(run(simulation, decider, { maxSteps: 10_000 }).ending).toBe('done')
  return told
}

test('the same results and the same errors, for every type and whatever the arguments', () => {
  fc.assert(
    fc.property(ops, (program) => {
      expect(onSimulated(program, null)).toEqual(onReal(program))
    }),
    { numRuns: 1500 },
  )
})

test('the same on drafts of the state', () => {
  fc.assert(
    fc.property(ops, (program) => {
      expect(onSimulated(program, drafted)).toEqual(onReal(program))
    }),
    { numRuns: 100 },
  )
})

test('isLockFree says what Node says', () => {
  // Not of fractions: there V8 leaves the standard, which cuts them off.
  for (const bytes of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, -1, Number.NaN])
    expect(Atomics.isLockFree(bytes)).toBe(globalThis.Atomics.isLockFree(bytes))
})

test.each([[[]], [{}], [null], [undefined], [5], [new Int32Array(4)], [new Float64Array(2)]])(
  'what is no simulated array (%s) is a TypeError',
  (array) => {
    for (const method of METHODS) expect(() => simulated[method]?.(array, 0, 0)).toThrow(TypeError)
  },
)

test('buffers: lengths that JavaScript refuses are refused', () => {
  for (const length of [-1, 2 ** 53, 1.5, '8', undefined, -0, Symbol.iterator, 5n, 2 ** 40]) {
    const made = (make: (length: number) => unknown): string => {
      try {
        make(length as number)
        return 'made'
      } catch (error) {
        return thrown(error)
      }
    }
    expect([String(length), made(shared_array_buffer)]).toEqual([
      String(length),
      made((bytes) => new SharedArrayBuffer(bytes)),
    ])
  }
})

test('arrays over buffers of any size, from anywhere, are made where JavaScript makes them', () => {
  const outcome = (make: () => { readonly length: number }): string => {
    try {
      return `length ${make().length}`
    } catch (error) {
      return thrown(error)
    }
  }
  for (const [Real, made] of types) {
    for (let bytes = 0; bytes <= 17; bytes++) {
      for (const [offset, length] of [[], [4], [8], [16], [0, 1], [8, 1], [4, 2], [40]]) {
        const real = outcome(() => new (Real as unknown as RealArray)(new SharedArrayBuffer(bytes), offset, length))
        expect(outcome(() => made({ address: 4096, byteLength: bytes }, offset, length))).toBe(real)
      }
    }
  }
})
