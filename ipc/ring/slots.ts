import { wholeNumber } from './errors.ts'
import { type Shape, strideOf, WORD_BYTES } from './layout.ts'
import { Caller, copyWords, NO_WORDS, Views, type Words, wordsOf } from './words.ts'

/** Up to so many words a message is copied by a loop; larger ones by `TypedArray.set`. */
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
  /** The array that was copied last, and its words, if it is small: all that the next one needs is then at hand. */
  #view: ArrayBufferView | null = null
  #small: Words = NO_WORDS
  readonly #batch = new Caller()
  readonly #views: Views

  /** @param at byte of the memory at which they begin */
  constructor(shape: Shape, memory: SharedArrayBuffer, at: number) {
    this.messageBytes = shape.messageBytes
    this.#strideWords = strideOf(shape)
    this.#mask = shape.slots - 1
    this.#inWords = shape.messageBytes % WORD_BYTES === 0
    const words = shape.slots * this.#strideWords
    this.#words = wordsOf(memory, at, words)
    this.#views = new Views(this.#words, this.#strideWords)
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
    if (message !== this.#caller.view || this.#caller.gone) this.#adopt(message)
  }

  #adopt(message: ArrayBufferView): void {
    const caller = this.#caller
    caller.adopt(message, this.messageBytes)
    this.#view = message
    const { words } = caller
    this.#small = words !== null && this.#inWords && this.#strideWords <= LOOP_WORDS ? words : NO_WORDS
  }

  put(message: ArrayBufferView, position: number): void {
    if (message !== this.#view) this.#adopt(message)
    const from = this.#small
    const stride = this.#strideWords
    if (from.length !== stride) return this.#putLarge(message, position)
    copyWords(from, 0, this.#words, ((position >>> 1) & this.#mask) * stride, stride)
  }

  take(message: ArrayBufferView, position: number): void {
    if (message !== this.#view) this.#adopt(message)
    const to = this.#small
    const stride = this.#strideWords
    if (to.length !== stride) return this.#takeLarge(message, position)
    copyWords(this.#words, ((position >>> 1) & this.#mask) * stride, to, 0, stride)
  }

  /** Of those that a loop is no good for: large ones, and such as are no whole words. */
  #putLarge(message: ArrayBufferView, position: number): void {
    this.accept(message)
    const { words, bytes } = this.#caller
    if (words === null || !this.#inWords) this.bytes.set(bytes, this.offset(position))
    else this.#words.set(words as never, this.offset(position) / WORD_BYTES) // of one kind
  }

  #takeLarge(message: ArrayBufferView, position: number): void {
    this.accept(message)
    const { words, bytes } = this.#caller
    if (words === null || !this.#inWords) this.#takeBytes(bytes, position)
    else words.set(this.#run(position, 1) as never)
  }

  #takeBytes(to: Uint8Array, position: number): void {
    const at = this.offset(position)
    to.set(this.bytes.subarray(at, at + this.messageBytes))
  }

  /** Some slots that lie one behind the other, as words. */
  #run(position: number, count: number): Words {
    return this.#views.of((position >>> 1) & this.#mask, count)
  }

  /** @throws RingError `bad argument` unless the array has so many messages from that one on */
  inside(messages: ArrayBufferView, count: number, first: number): void {
    const caller = this.#batch
    if (caller.view !== messages || caller.bytes.length !== messages.byteLength)
      caller.adopt(messages, messages.byteLength ?? 0)
    const there = Math.floor(caller.bytes.length / this.messageBytes)
    if (first >= 0 && count >= 0 && first + count <= there && (first | 0) === first && (count | 0) === count) return
    wholeNumber('first', first, 0, there)
    wholeNumber('count', count, 0, there - first)
  }

  /** Copies messages of the array that was found good by `inside`, one behind the other. @param first of the array's, which to begin with */
  putMany(first: number, count: number, position: number): void {
    const { words, bytes } = this.#batch
    const stride = this.#strideWords
    for (let done = 0; done < count; ) {
      const at = (position + 2 * done) | 0
      const some = Math.min(count - done, this.run(at))
      const from = first + done
      if (words === null || !this.#inWords) this.#putBytes(bytes, from, some, at)
      else copyWords(words, from * stride, this.#words, this.offset(at) / WORD_BYTES, some * stride)
      done += some
    }
  }

  takeMany(first: number, count: number, position: number): void {
    const { words, bytes } = this.#batch
    for (let done = 0; done < count; ) {
      const at = (position + 2 * done) | 0
      const some = Math.min(count - done, this.run(at))
      const to = first + done
      if (words === null || !this.#inWords) this.#takeManyBytes(bytes, to, some, at)
      else words.set(this.#run(at, some) as never, to * this.#strideWords) // of one kind
      done += some
    }
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
