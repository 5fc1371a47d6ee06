import { RingError } from './errors.ts'
import { WORD_BYTES } from './layout.ts'

/** Messages are copied eight bytes at a time where they lie so. */

export type Words = Float64Array<ArrayBufferLike> | BigInt64Array<ArrayBufferLike>

/**
 * Some engines make all NaNs one when a float is read, which would spoil bytes that happen to look like another; V8 does not,
 * and copies floats faster than big integers.
 */
function keepsEveryBit(): boolean {
  const bits = new Uint32Array([1, 0x7ff00000, 0xbeef0001, 0xfff8dead])
  const from = new Float64Array(bits.buffer)
  const to = new Float64Array(2)
  for (let i = 0; i < 2; i++) to[i] = from[i] as number // of two
  const copied = new Uint32Array(to.buffer)
  return bits.every((half, i) => half === copied[i])
}

const WordArray = keepsEveryBit() ? Float64Array : BigInt64Array

export function wordsOf(buffer: ArrayBufferLike, byteOffset: number, length: number): Words {
  return new WordArray(buffer as ArrayBuffer, byteOffset, length) // shared or not: its type asks for one of them
}

export const NO_WORDS = wordsOf(new ArrayBuffer(0), 0, 0)

export const NO_VIEW = 'a message is a typed array or a DataView'

const NO_BYTES = new Uint8Array(0)

/** A user's array as bytes and words. Kept for the next call: making views costs more than copying a small message. */
export class Caller {
  /** Whose bytes these are. */
  view: ArrayBufferView | null = null
  /** The whole words among them; `null`: they don't lie on a multiple of eight. */
  words: Words | null = null
  bytes: Uint8Array = NO_BYTES

  /** Whether the array's memory was taken away since: transferred, or shrunk. */
  get gone(): boolean {
    return this.bytes.length === 0
  }

  /** @param bytes how many of the array's are meant @throws RingError `bad argument` */
  adopt(view: ArrayBufferView, bytes: number): void {
    if (!ArrayBuffer.isView(view)) throw new RingError('bad argument', NO_VIEW)
    const { buffer, byteOffset, byteLength } = view
    if (byteLength < bytes)
      throw new RingError('bad argument', `the array has ${byteLength} bytes, and ${bytes} are to be copied`)
    this.view = view
    this.words = null
    this.bytes = NO_BYTES
    // Of memory that was taken away no array can be made, not even of nothing.
    if (bytes === 0) return
    if (byteOffset % WORD_BYTES === 0) this.words = wordsOf(buffer, byteOffset, Math.floor(bytes / WORD_BYTES))
    this.bytes = new Uint8Array(buffer, byteOffset, bytes)
  }
}

/** Parts of an array, as views. They are kept where they are likely to be asked for again: making one costs more than copying it. */
export class Views {
  readonly #words: Words
  readonly #stride: number
  #count = 1
  #views: (Words | undefined)[] = []

  /** @param stride words of each element */
  constructor(words: Words, stride: number) {
    this.#words = words
    this.#stride = stride
  }

  /** @param first element */
  of(first: number, count: number): Words {
    if (first % count !== 0) return this.#make(first, count)
    if (count !== this.#count) {
      this.#count = count
      this.#views = []
    }
    const view = this.#views[first / count] ?? this.#make(first, count)
    this.#views[first / count] = view
    return view
  }

  #make(first: number, count: number): Words {
    return this.#words.subarray(first * this.#stride, (first + count) * this.#stride)
  }
}

/** Up to here a loop is faster than `TypedArray.set`, which needs a view. */
const LOOP_WORDS = 32

export function copyWords(from: Words, at: number, to: Words, toAt: number, count: number): void {
  if (count <= LOOP_WORDS) {
    let i = 0
    for (; i < count - 7; i += 8) {
      to[toAt + i] = from[at + i] as never // both of the kind that this engine copies
      to[toAt + i + 1] = from[at + i + 1] as never
      to[toAt + i + 2] = from[at + i + 2] as never
      to[toAt + i + 3] = from[at + i + 3] as never
      to[toAt + i + 4] = from[at + i + 4] as never
      to[toAt + i + 5] = from[at + i + 5] as never
      to[toAt + i + 6] = from[at + i + 6] as never
      to[toAt + i + 7] = from[at + i + 7] as never
    }
    for (; i < count; i++) to[toAt + i] = from[at + i] as never
  } else to.set((at === 0 && count === from.length ? from : from.subarray(at, at + count)) as never, toAt)
}
