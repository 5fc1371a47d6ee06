import { RingError, wholeNumber } from './errors.ts'
import { type Shape, strideOf, WORD_BYTES } from './layout.ts'
import { Caller, copyWords, NO_VIEW, type Words, wordsOf } from './words.ts'

/** Up to so many words a message is copied by a loop; larger ones by `TypedArray.set`, for which each slot has a view. */
const LOOP_WORDS = 16

/** The slots of a lane, and copying messages into and out of them. Positions are doubled, as in the cells. */
export class Slots {
  readonly messageBytes: number
  /** All of them; in place, a message begins at `offset` of its position. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly #strideWords: number
  readonly #mask: number
  /** Messages are whole words. */
  readonly #inWords: boolean
  readonly #words: Words
  readonly #caller = new Caller()
  readonly #batch = new Caller()
  /** Of large slots, made when first used. */
  readonly #views: (Words | undefined)[] = []

  /** @param at byte of the memory at which they begin */
  constructor(shape: Shape, memory: SharedArrayBuffer, at: number) {
    this.messageBytes = shape.messageBytes
    this.#strideWords = strideOf(shape)
    this.#mask = shape.slots - 1
    this.#inWords = shape.messageBytes % WORD_BYTES === 0
    const words = shape.slots * this.#strideWords
    this.#words = wordsOf(memory, at, words)
    this.bytes = new Uint8Array(memory, at, words * WORD_BYTES)
  }

  /** Byte at which a message begins. */
  offset(position: number): number {
    return ((position >>> 1) & this.#mask) * this.#strideWords * WORD_BYTES
  }

  /** Slots from there to where the memory begins again. */
  run(position: number): number {
    return this.#mask + 1 - ((position >>> 1) & this.#mask)
  }

  /** Looks at the array of a message that is about to be copied. @throws RingError `bad argument`: it is too small */
  accept(message: ArrayBufferView): void {
    const caller = this.#caller
    if (caller.view !== message || caller.gone) caller.adopt(message, this.messageBytes)
  }

  put(message: ArrayBufferView, position: number): void {
    const caller = this.#caller
    if (caller.view !== message || caller.gone) caller.adopt(message, this.messageBytes)
    const { words } = caller
    if (words === null || !this.#inWords) return this.bytes.set(caller.bytes, this.offset(position))
    const stride = this.#strideWords
    const slot = (position >>> 1) & this.#mask
    if (stride > LOOP_WORDS) return this.#view(slot).set(words as never)
    const to = this.#words
    const at = slot * stride
    for (let i = 0; i < stride; i++) to[at + i] = words[i] as never // of one kind
  }

  take(message: ArrayBufferView, position: number): void {
    const caller = this.#caller
    if (caller.view !== message || caller.gone) caller.adopt(message, this.messageBytes)
    const { words } = caller
    if (words === null || !this.#inWords) return this.#takeBytes(caller.bytes, position)
    const stride = this.#strideWords
    const slot = (position >>> 1) & this.#mask
    if (stride > LOOP_WORDS) return words.set(this.#view(slot) as never)
    const from = this.#words
    const at = slot * stride
    for (let i = 0; i < stride; i++) words[i] = from[at + i] as never // of one kind
  }

  #takeBytes(to: Uint8Array, position: number): void {
    const at = this.offset(position)
    to.set(this.bytes.subarray(at, at + this.messageBytes))
  }

  #view(slot: number): Words {
    let view = this.#views[slot]
    if (view === undefined) {
      const stride = this.#strideWords
      view = this.#words.subarray(slot * stride, (slot + 1) * stride)
      this.#views[slot] = view
    }
    return view
  }

  /** @throws RingError `bad argument` unless the array has so many messages from that one on */
  inside(messages: ArrayBufferView, count: number, first: number): void {
    if (!ArrayBuffer.isView(messages)) throw new RingError('bad argument', NO_VIEW)
    const there = Math.floor(messages.byteLength / this.messageBytes)
    wholeNumber('first', first, 0, there)
    wholeNumber('count', count, 0, there - first)
  }

  /** Copies messages that lie one behind the other. @param first of the array's, which to begin with */
  putMany(messages: ArrayBufferView, first: number, count: number, position: number): void {
    const words = this.#many(messages)
    for (let done = 0; done < count; ) {
      const at = (position + 2 * done) | 0
      const some = Math.min(count - done, this.run(at))
      const from = first + done
      if (words !== null) {
        const stride = this.#strideWords
        copyWords(words, from * stride, this.#words, this.offset(at) / WORD_BYTES, some * stride)
      } else this.#putBytes(this.#batch.bytes, from, some, at)
      done += some
    }
  }

  takeMany(messages: ArrayBufferView, first: number, count: number, position: number): void {
    const words = this.#many(messages)
    for (let done = 0; done < count; ) {
      const at = (position + 2 * done) | 0
      const some = Math.min(count - done, this.run(at))
      const to = first + done
      if (words !== null) {
        const stride = this.#strideWords
        copyWords(this.#words, this.offset(at) / WORD_BYTES, words, to * stride, some * stride)
      } else this.#takeManyBytes(this.#batch.bytes, to, some, at)
      done += some
    }
  }

  #many(messages: ArrayBufferView): Words | null {
    const caller = this.#batch
    if (caller.view !== messages || caller.bytes.length !== messages.byteLength)
      caller.adopt(messages, messages.byteLength)
    return this.#inWords ? caller.words : null
  }

  #putBytes(from: Uint8Array, first: number, count: number, position: number): void {
    const { messageBytes } = this
    for (let i = 0; i < count; i++) {
      const at = (first + i) * messageBytes
      this.bytes.set(from.subarray(at, at + messageBytes), this.offset((position + 2 * i) | 0))
    }
  }

  #takeManyBytes(to: Uint8Array, first: number, count: number, position: number): void {
    const { messageBytes } = this
    for (let i = 0; i < count; i++) {
      const at = this.offset((position + 2 * i) | 0)
      to.set(this.bytes.subarray(at, at + messageBytes), (first + i) * messageBytes)
    }
  }
}
