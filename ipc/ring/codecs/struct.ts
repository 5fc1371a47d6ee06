import { RingError } from '../errors.ts'

/** Messages with named fields, laid out as C lays out a struct: each number at a multiple of its size, in the machine's byte order. */

/** Bytes of each type of number; `i64` and `u64` are big integers. */
const SIZES = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8 } as const
export type NumberType = keyof typeof SIZES

/** Names of fields, each with its type. */
export type Schema = Readonly<Record<string, NumberType>>

/** Fields, to be read and written; nothing is allocated but the big integers. */
export type Fields<S extends Schema> = { -readonly [Name in keyof S]: S[Name] extends 'i64' | 'u64' ? bigint : number }

export interface Struct<S extends Schema> {
  /** Of one, filled up to a multiple of the largest number in it: the `messageBytes` of a ring. */
  readonly byteLength: number
  /** Byte of each field. */
  readonly offsets: { readonly [Name in keyof S]: number }
  /** The fields of memory of their own, for `push(bytes(fields))` and `pop`. */
  make(): Fields<S>
  /** The fields that lie in that memory, from a byte on: in a ring, `over(end.data, end.offset)`. @throws RingError `bad argument` */
  over(memory: ArrayBufferView, offset?: number): Fields<S>
  /** Lets the fields be those at another byte of their memory: `move(fields, end.offset)`. @throws RingError `bad argument` */
  move(fields: Fields<S>, offset: number): void
  /** All bytes of the memory in which the fields lie. */
  bytes(fields: Fields<S>): Uint8Array
}

/** @throws RingError `bad argument`: no fields, or a type that there is not */
export function struct<const S extends Schema>(schema: S): Struct<S> {
  const { offsets, size, align } = layOut(schema)
  class Record extends Frame {}
  for (const [name, type] of Object.entries(schema))
    Object.defineProperty(Record.prototype, name, { ...Frame.field(type, offsets[name] as number), enumerable: true })
  const over = (memory: ArrayBufferView, offset = 0): Fields<S> => {
    const frame = new Record(memory, size, align)
    Frame.move(frame, offset)
    return frame as unknown as Fields<S> // its accessors were made from the schema
  }
  return {
    byteLength: size,
    offsets: offsets as Struct<S>['offsets'], // one for each name
    over,
    make: () => over(new Uint8Array(Math.ceil(size / 8) * 8).subarray(0, size)),
    move: (fields, offset) => Frame.move(fields, offset),
    bytes: (fields) => Frame.bytes(fields),
  }
}

function layOut(schema: Schema): { offsets: Record<string, number>; size: number; align: number } {
  const offsets: Record<string, number> = {}
  let end = 0
  let align = 1
  for (const [name, type] of Object.entries(schema ?? {})) {
    const bytes = Object.hasOwn(SIZES, type) ? SIZES[type] : undefined
    if (bytes === undefined)
      throw new RingError(
        'bad argument',
        `field '${name}' is of no type '${type}'; there are ${Object.keys(SIZES).join(', ')}`,
      )
    offsets[name] = up(end, bytes)
    end = up(end, bytes) + bytes
    align = Math.max(align, bytes)
  }
  if (end === 0) throw new RingError('bad argument', 'a struct has at least one field')
  return { offsets, size: up(end, align), align }
}

const up = (bytes: number, to: number): number => Math.ceil(bytes / to) * to

/** Memory, seen as numbers of each size, and where in it the fields begin. */
class Frame {
  readonly #bytes: Uint8Array
  readonly #i8: Int8Array
  readonly #i16: Int16Array
  readonly #u16: Uint16Array
  readonly #i32: Int32Array
  readonly #u32: Uint32Array
  readonly #f32: Float32Array
  readonly #i64: BigInt64Array
  readonly #u64: BigUint64Array
  readonly #f64: Float64Array
  readonly #size: number
  readonly #align: number
  #at = 0

  constructor(memory: ArrayBufferView, size: number, align: number) {
    if (!ArrayBuffer.isView(memory)) throw new RingError('bad argument', 'fields lie in a typed array or a DataView')
    const { buffer, byteOffset, byteLength } = memory
    if (byteLength < size)
      throw new RingError('bad argument', `the memory has ${byteLength} bytes, and the fields need ${size}`)
    if (byteOffset % align !== 0)
      throw new RingError(
        'bad argument',
        `the memory begins at byte ${byteOffset} of its buffer, and not at a multiple of ${align}`,
      )
    const [by8, by16, by32, by64] = [1, 2, 4, 8].map((bytes) =>
      byteOffset % bytes === 0 ? Math.floor(byteLength / bytes) : 0,
    )
    // Of numbers larger than any of its fields nothing is seen.
    const from = (bytes: number): number => (byteOffset % bytes === 0 ? byteOffset : 0)
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength)
    this.#i8 = new Int8Array(buffer, byteOffset, by8)
    this.#i16 = new Int16Array(buffer, from(2), by16)
    this.#u16 = new Uint16Array(buffer, from(2), by16)
    this.#i32 = new Int32Array(buffer, from(4), by32)
    this.#u32 = new Uint32Array(buffer, from(4), by32)
    this.#f32 = new Float32Array(buffer, from(4), by32)
    this.#i64 = new BigInt64Array(buffer, from(8), by64)
    this.#u64 = new BigUint64Array(buffer, from(8), by64)
    this.#f64 = new Float64Array(buffer, from(8), by64)
    this.#size = size
    this.#align = align
  }

  static move(frame: object, offset: number): void {
    if (!(#at in frame)) throw new RingError('bad argument', 'these are no fields of a struct')
    if (!(offset >= 0 && offset + frame.#size <= frame.#bytes.length && offset % frame.#align === 0))
      throw new RingError(
        'bad argument',
        `fields begin at a multiple of ${frame.#align} up to ${frame.#bytes.length - frame.#size} in this memory, not at ${offset}`,
      )
    frame.#at = offset
  }

  static bytes(frame: object): Uint8Array {
    if (!(#at in frame)) throw new RingError('bad argument', 'these are no fields of a struct')
    return frame.#bytes
  }

  /** What reads and writes a field. Each type has functions of its own, so that an engine sees one kind of array in each. */
  static field(
    type: NumberType,
    offset: number,
  ): { get(this: Frame): number | bigint; set(this: Frame, value: never): void } {
    const o = offset
    switch (type) {
      case 'i8':
        return {
          get() {
            return this.#i8[this.#at + o] as number
          },
          set(value) {
            this.#i8[this.#at + o] = value
          },
        }
      case 'u8':
        return {
          get() {
            return this.#bytes[this.#at + o] as number
          },
          set(value) {
            this.#bytes[this.#at + o] = value
          },
        }
      case 'i16':
        return {
          get() {
            return this.#i16[(this.#at + o) >>> 1] as number
          },
          set(value) {
            this.#i16[(this.#at + o) >>> 1] = value
          },
        }
      case 'u16':
        return {
          get() {
            return this.#u16[(this.#at + o) >>> 1] as number
          },
          set(value) {
            this.#u16[(this.#at + o) >>> 1] = value
          },
        }
      case 'i32':
        return {
          get() {
            return this.#i32[(this.#at + o) >>> 2] as number
          },
          set(value) {
            this.#i32[(this.#at + o) >>> 2] = value
          },
        }
      case 'u32':
        return {
          get() {
            return this.#u32[(this.#at + o) >>> 2] as number
          },
          set(value) {
            this.#u32[(this.#at + o) >>> 2] = value
          },
        }
      case 'f32':
        return {
          get() {
            return this.#f32[(this.#at + o) >>> 2] as number
          },
          set(value) {
            this.#f32[(this.#at + o) >>> 2] = value
          },
        }
      case 'i64':
        return {
          get() {
            return this.#i64[(this.#at + o) >>> 3] as bigint
          },
          set(value) {
            this.#i64[(this.#at + o) >>> 3] = value
          },
        }
      case 'u64':
        return {
          get() {
            return this.#u64[(this.#at + o) >>> 3] as bigint
          },
          set(value) {
            this.#u64[(this.#at + o) >>> 3] = value
          },
        }
      case 'f64':
        return {
          get() {
            return this.#f64[(this.#at + o) >>> 3] as number
          },
          set(value) {
            this.#f64[(this.#at + o) >>> 3] = value
          },
        }
      default:
        return type satisfies never
    }
  }
}
