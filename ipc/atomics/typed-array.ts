import {
  type Args,
  type Call,
  call,
  cheaply,
  createMemory,
  defineCall,
  done,
  load,
  mapMemory,
  PosixError,
  PROT_READ,
  PROT_WRITE,
  release,
  retain,
  sizeOf,
  store,
  type Type,
  type ValueOf,
  View,
} from '../../kernel/index.ts'
import { toElement, toIndex } from './convert.ts'

/** Shared memory as JavaScript has it: a buffer, and typed arrays over it. */

/** A shared buffer as programs hold it. Plain data: what it stands for lies in simulated memory. */
export interface SharedBuffer {
  readonly address: number
  readonly byteLength: number
}

/** Larger ones are refused, as an engine refuses what it can't allocate. */
const BYTES_MAX = 2 ** 32

interface BufferArgs extends Args {
  readonly bytes: number
  readonly name: string
}

const bufferDef = defineCall<BufferArgs, SharedBuffer>({
  name: 'shared_array_buffer',
  error: (code, name) => cheaply(() => new PosixError(code, name)),
  stages: [
    {
      attempt(kernel, thread, { bytes, name }) {
        const length = Math.max(bytes, 1) // an empty buffer has an address, too
        const object = createMemory(kernel, thread, name, length)
        retain(kernel, object) // while it is being mapped
        const wish = { start: null, length, prot: PROT_READ | PROT_WRITE, shared: true, object, offset: 0 }
        const address = mapMemory(kernel, thread.process, wish)
        release(kernel, object)
        return done(kernel, { address, byteLength: bytes })
      },
    },
  ],
})

/**
 * `new SharedArrayBuffer(bytes)`: zeroed memory. Shared are those which inherit it: all programs, when `setup` makes it;
 * the threads of the process that makes it, and children that it forks afterwards.
 * @param options.name what to call it in reports, which JavaScript has no use for
 * @throws RangeError where JavaScript does
 */
export function shared_array_buffer(bytes: number, options: { readonly name?: string } = {}): Call<SharedBuffer> {
  const length = toIndex(bytes, 'Invalid array buffer length')
  if (length > BYTES_MAX) throw new RangeError(`Array buffer allocation failed: ${length} bytes`)
  return call(bufferDef, { bytes: length, name: String(options?.name ?? 'buffer') })
}

const names: Record<Type, string> = {
  i8: 'Int8Array',
  u8: 'Uint8Array',
  i16: 'Int16Array',
  u16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  i64: 'BigInt64Array',
  u64: 'BigUint64Array',
}

/**
 * A typed array over a shared buffer. Its elements are plain memory: `get` and `set` stand for `cells[i]` and
 * `cells[i] = v`, which promise no order and, with another plain access, race. `Atomics` goes through the same elements
 * in order.
 */
export class SharedArray<T extends Type> {
  readonly type: T
  readonly buffer: SharedBuffer
  readonly byteOffset: number
  readonly length: number
  readonly #view: View<T>

  constructor(type: T, buffer: SharedBuffer, byteOffset: number, length: number) {
    this.type = type
    this.buffer = buffer
    this.byteOffset = byteOffset
    this.length = length
    this.#view = new View(type, buffer.address + byteOffset)
  }

  get byteLength(): number {
    return this.length * sizeOf[this.type]
  }

  get BYTES_PER_ELEMENT(): number {
    return sizeOf[this.type]
  }

  get [Symbol.toStringTag](): string {
    return names[this.type]
  }

  /** The simulated address of an element that exists. */
  addressOf(index: number): number {
    return this.#view.at(index)
  }

  /**
   * `cells[i]`.
   * @throws RangeError past the end, where JavaScript would read `undefined`: nobody means that
   */
  get(index: number): Call<ValueOf<T>> {
    return load(this.#plain(index), this.type)
  }

  /**
   * `cells[i] = value`: the value is cut to the element's bits.
   * @throws RangeError past the end, where JavaScript would write nothing: nobody means that
   */
  set(index: number, value: ValueOf<T>): Call<void> {
    return store(this.#plain(index), this.type, toElement(this.type, value))
  }

  /**
   * `while (!holds(Atomics.load(cells, i))) {}` with its useless turns left out: the caller goes on only when it holds,
   * with the value.
   * @throws RangeError past the end
   */
  await_(index: number, holds: (value: ValueOf<T>) => boolean): Call<ValueOf<T>> {
    this.#plain(index)
    return this.#view.await_(index, holds)
  }

  #plain(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return this.#view.at(index)
    throw new RangeError(`${names[this.type]} has no element ${String(index)}; its length is ${this.length}`)
  }
}

/** As `new Int32Array(buffer, byteOffset, length)` checks its arguments. */
function over<T extends Type>(type: T, buffer: SharedBuffer, byteOffset?: number, length?: number): SharedArray<T> {
  const name = names[type]
  const size = sizeOf[type]
  if (!isBuffer(buffer)) throw new TypeError(`${name} is made over what \`yield* shared_array_buffer(bytes)\` returns`)
  const offset = toIndex(byteOffset, 'Start offset is outside the bounds of the buffer')
  if (offset % size !== 0) throw new RangeError(`start offset of ${name} should be a multiple of ${size}`)
  if (length === undefined) {
    if (buffer.byteLength % size !== 0) throw new RangeError(`byte length of ${name} should be a multiple of ${size}`)
    if (offset > buffer.byteLength) throw new RangeError(`Start offset ${offset} is outside the bounds of the buffer`)
    return new SharedArray(type, buffer, offset, (buffer.byteLength - offset) / size)
  }
  const count = toIndex(length, `Invalid typed array length: ${String(length)}`)
  if (offset + count * size > buffer.byteLength) throw new RangeError(`Invalid typed array length: ${count}`)
  return new SharedArray(type, buffer, offset, count)
}

function isBuffer(buffer: unknown): buffer is SharedBuffer {
  return (
    typeof buffer === 'object' &&
    buffer !== null &&
    'address' in buffer &&
    typeof buffer.address === 'number' &&
    'byteLength' in buffer &&
    typeof buffer.byteLength === 'number'
  )
}

type Over<T extends Type> = (buffer: SharedBuffer, byteOffset?: number, length?: number) => SharedArray<T>

/** `new Int8Array(buffer, byteOffset, length)`, and so the others. @throws RangeError, TypeError where JavaScript does */
export const int8Array: Over<'i8'> = (buffer, byteOffset, length) => over('i8', buffer, byteOffset, length)
export const uint8Array: Over<'u8'> = (buffer, byteOffset, length) => over('u8', buffer, byteOffset, length)
export const int16Array: Over<'i16'> = (buffer, byteOffset, length) => over('i16', buffer, byteOffset, length)
export const uint16Array: Over<'u16'> = (buffer, byteOffset, length) => over('u16', buffer, byteOffset, length)
export const int32Array: Over<'i32'> = (buffer, byteOffset, length) => over('i32', buffer, byteOffset, length)
export const uint32Array: Over<'u32'> = (buffer, byteOffset, length) => over('u32', buffer, byteOffset, length)
export const bigInt64Array: Over<'i64'> = (buffer, byteOffset, length) => over('i64', buffer, byteOffset, length)
export const bigUint64Array: Over<'u64'> = (buffer, byteOffset, length) => over('u64', buffer, byteOffset, length)
