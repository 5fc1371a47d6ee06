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
    this.words = byteOffset % WORD_BYTES === 0 ? wordsOf(buffer, byteOffset, Math.floor(bytes / WORD_BYTES)) : null
    this.bytes = new Uint8Array(buffer, byteOffset, bytes)
    this.view = view
  }
}

/** Up to here a loop is faster than `TypedArray.set`, which needs a view. */
const LOOP_WORDS = 32

export function copyWords(from: Words, at: number, to: Words, toAt: number, count: number): void {
  if (count > LOOP_WORDS)
    to.set(from.subarray(at, at + count) as never, toAt) // both of the kind that this engine copies
  else for (let i = 0; i < count; i++) to[toAt + i] = from[at + i] as never // likewise
}
