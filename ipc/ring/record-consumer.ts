import { dataAt, type Lane } from './ends.ts'
import { RingError } from './errors.ts'
import { LaneEnd } from './lane-end.ts'
import { READ, WORD_BYTES, WRITTEN } from './layout.ts'
import { Pace, type Tune } from './pace.ts'
import { publish, published } from './protocol.ts'
import { SKIP, wordsFor } from './record-layout.ts'
import { type StreamOptions, stream } from './stream.ts'
import { sleepsOn, type Waiter, type Woken } from './waiting.ts'
import { Caller, copyWords, NO_WORDS, type Words, wordsOf } from './words.ts'

/**
 * The reading side of a ring of records. Room goes back to the producer an eighth of the ring at a time, and all of it when there
 * is nothing more to read, before this side sleeps, and by `giveBack`. When a consumer dies nothing is lost but a copy in its
 * hands; the next one reads again what this one had read and not given back: less than an eighth of the ring and a record.
 */
export class RecordConsumer extends LaneEnd {
  /** Bytes of the longest record. */
  readonly recordBytesMax: number
  /** All bytes of the ring, for reading in place: see `peek`. */
  readonly data: Uint8Array<SharedArrayBuffer>
  /** The tag of the record that was read, or peeked at, last. */
  tag = 0
  readonly #words: Words
  readonly #heads: Int32Array<SharedArrayBuffer>
  readonly #mask: number
  readonly #lump: number
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #written: number
  readonly #read: number
  protected override readonly waiter: Waiter
  readonly #caller = new Caller()
  /** The array that was copied into last, and its words. */
  #view: ArrayBufferView | null = null
  #to: Words = NO_WORDS
  #at: number
  #until: number
  #returned: number
  #stopped = false
  readonly #pace: Pace

  /** By `attachConsumer`. @throws RingError `taken` */
  constructor(lane: Lane, owner: number, tune: Tune) {
    super(lane, 'consumer', owner)
    this.#pace = new Pace(tune)
    const { shape, cells, at, memory } = lane
    this.recordBytesMax = shape.messageBytes
    this.data = new Uint8Array(memory, dataAt(lane), shape.slots * WORD_BYTES)
    this.#words = wordsOf(memory, dataAt(lane), shape.slots)
    this.#heads = new Int32Array(memory, dataAt(lane), shape.slots * 2)
    this.#mask = shape.slots - 1
    this.#lump = 2 * (shape.slots >> 3)
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#at = published(cells, this.#read)
    this.#returned = this.#at
    this.#until = this.#at
    this.waiter = sleepsOn(
      cells,
      this.#written,
      () => this.#look(),
      () => {
        this.giveBack()
        return this.#until
      },
    )
  }

  /**
   * Takes the oldest record: copies its bytes into the array and says how many they are; -1: there is none. `tag` has its tag.
   * @throws RingError `bad argument`: the array is too small; the record stays
   */
  popBytes(target: ArrayBufferView): number {
    const length = this.peek()
    if (length < 0) return -1
    if (target !== this.#view) this.#adopt(target)
    const to = this.#to
    const whole = length >>> 3
    if (whole << 3 !== length || whole > to.length) return this.#popAny(target, length)
    copyWords(this.#words, ((this.#at >>> 1) & this.#mask) + 1, to, 0, whole)
    this.#consumed(1 + whole)
    return length
  }

  #adopt(target: ArrayBufferView): void {
    this.#caller.adopt(target, target.byteLength)
    this.#view = target
    this.#to = this.#caller.words ?? NO_WORDS
  }

  /** Of bytes that are no whole words, or into an array that doesn't begin at one, or is too small. */
  #popAny(target: ArrayBufferView, length: number): number {
    if (length > this.#caller.bytes.length) this.#adopt(target)
    const { words, bytes } = this.#caller
    if (length > bytes.length)
      throw new RingError('bad argument', `the record has ${length} bytes, and the array only ${bytes.length}`)
    const { offset } = this
    if (words === null) bytes.set(this.data.subarray(offset, offset + length))
    else {
      const whole = length >>> 3
      copyWords(this.#words, offset / WORD_BYTES, words, 0, whole)
      for (let i = whole << 3; i < length; i++) bytes[i] = this.data[offset + i] as number // below length
    }
    this.#consumed(wordsFor(length))
    return length
  }

  /** Bytes of the oldest record, which stays: they begin at `offset` of `data`; -1: there is none. `tag` has its tag. */
  peek(): number {
    if (!this.#atRecord()) {
      this.#pace.beforeLook(this.#at)
      if (!this.#hasMore()) return -1
    }
    const head = ((this.#at >>> 1) & this.#mask) * 2
    this.tag = this.#heads[head + 1] as number // within the ring
    return this.#heads[head] as number // likewise
  }

  /** Whether there is a record here, as far as is known; goes over a mark that the next one is at the beginning of the memory. */
  #atRecord(): boolean {
    if (this.#at === this.#until) return false
    const slot = (this.#at >>> 1) & this.#mask
    if (this.#heads[2 * slot] !== SKIP) return true
    this.#at = (this.#at + 2 * (this.#mask + 1 - slot)) | 0
    return this.#at !== this.#until
  }

  /** Byte in `data` at which the record begins that was peeked at. */
  get offset(): number {
    return (((this.#at >>> 1) & this.#mask) + 1) * WORD_BYTES
  }

  /** The oldest record has been read in place. @throws RingError `bad argument`: there is none */
  release(): void {
    const length = this.peek()
    if (length < 0) throw new RingError('bad argument', 'there is no record to release')
    this.#consumed(wordsFor(length))
  }

  #consumed(words: number): void {
    this.#at = (this.#at + 2 * words) | 0
    if (((this.#at - this.#returned) | 0) >= this.#lump) this.giveBack()
  }

  /** Lets the producer have all room of what was read, now: before waiting for something else than this ring, say. */
  giveBack(): void {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    publish(this.#cells, this.#read, this.#at)
  }

  /** Looks how far the producer is; whether there is a record now. */
  #hasMore(): boolean {
    if (this.#stopped) return false
    this.#until = published(this.#cells, this.#written)
    if (this.#atRecord()) return true
    // All is read: a producer with a long record may be waiting for just this room.
    this.giveBack()
    return false
  }

  /** Whether there is nothing to read and never will be. */
  get ended(): boolean {
    return this.#look() === 'closed'
  }

  #look(): Woken | null {
    if (this.#atRecord()) return 'ready'
    // In this order: what a producer sent before it closed, or died, is seen.
    const fate = this.fate()
    return this.#hasMore() ? 'ready' : fate
  }

  /**
   * Copies of the records as they come, until the ring is closed or its producer has died; `tag` has the tag of the last one.
   * @throws the signal's reason
   */
  records({ signal }: StreamOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const take = (): Uint8Array<ArrayBuffer> | null => {
      const length = this.peek()
      if (length < 0) return null
      const record = new Uint8Array(length)
      this.popBytes(record)
      return record
    }
    return stream(this, take, signal)
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.records()
  }

  protected override settle(): void {
    this.giveBack()
  }

  protected override stop(): void {
    this.#stopped = true
    this.#until = this.#at
  }
}
