import { dataAt, type Lane } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import { LaneEnd } from './lane-end.ts'
import { READ, WORD_BYTES, WRITTEN } from './layout.ts'
import { publish, published } from './protocol.ts'
import { SKIP, wordsFor } from './record-layout.ts'
import { type AsyncWaitOptions, sleepsOn, type Waiter, type Woken } from './waiting.ts'
import { Caller, copyWords, NO_WORDS, type Words, wordsOf } from './words.ts'

/** What goes with a record. */
export interface RecordOptions {
  /** How many of the array's bytes; default: all. */
  readonly length?: number
  readonly tag?: number
}

/**
 * The writing side of a ring of records: byte strings of any length up to half of the ring, each with a tag. As with messages of
 * one size, what was published is read once and in order, and what was not is lost when a producer dies.
 */
export class RecordProducer extends LaneEnd {
  /** Bytes that the ring holds, each record with a head of eight and filled up to a multiple of eight. */
  readonly capacity: number
  /** Bytes of the longest record. */
  readonly recordBytesMax: number
  /** All bytes of the ring, for writing in place: see `reserve`. */
  readonly data: Uint8Array<SharedArrayBuffer>
  readonly #words: Words
  readonly #heads: Int32Array<SharedArrayBuffer>
  readonly #mask: number
  readonly #span: number
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #written: number
  readonly #read: number
  protected override readonly waiter: Waiter
  readonly #caller = new Caller()
  /** The array that was copied last, and its words. */
  #view: ArrayBufferView | null = null
  #from: Words = NO_WORDS
  /** Where the next record goes, and up to where the consumer was told. */
  #at: number
  #told: number
  /** The position at which the ring is full, as far as is known. */
  #full: number
  /** Bytes and words of the record being written in place; -1: none is. */
  #reserved = -1
  #reservedTag = 0
  /** Room, in words, that a wait is for: what the last record that did not fit needs. */
  #wanted = 1

  /** By `attachProducer`. @throws RingError `taken` */
  constructor(lane: Lane, owner: number) {
    super(lane, 'producer', owner)
    const { shape, cells, at, memory } = lane
    this.capacity = shape.slots * WORD_BYTES
    this.recordBytesMax = shape.messageBytes
    this.data = new Uint8Array(memory, dataAt(lane), this.capacity)
    this.#words = wordsOf(memory, dataAt(lane), shape.slots)
    this.#heads = new Int32Array(memory, dataAt(lane), shape.slots * 2)
    this.#mask = shape.slots - 1
    this.#span = shape.slots * 2
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#at = published(cells, this.#written)
    this.#told = this.#at
    this.#full = this.#at
    this.waiter = sleepsOn(
      cells,
      this.#read,
      () => this.#look(),
      () => {
        this.flush()
        return (this.#full - this.#span) | 0
      },
    )
  }

  /**
   * Sends a copy of the array's first `length` bytes. `false`: there is no room for them, or the ring is closed.
   * @param tag a whole number of 32 bits that goes with them
   * @throws RingError `bad argument`: longer than `recordBytesMax`, or than the array
   */
  pushBytes(record: ArrayBufferView, length = record.byteLength, tag = 0): boolean {
    if (!this.writeBytes(record, length, tag)) return false
    this.flush()
    return true
  }

  /** As `pushBytes`; the consumer is told by `flush`, or when the ring is full. */
  writeBytes(record: ArrayBufferView, length = record.byteLength, tag = 0): boolean {
    if (record !== this.#view) this.#adopt(record)
    const words = this.#from
    const whole = length >>> 3
    const at = this.#at
    const slot = (at >>> 1) & this.#mask
    // Whole words in one piece, and room for them by what is known: all else is seldom, and looked at closely.
    if (
      whole << 3 !== length ||
      whole > words.length ||
      length > this.recordBytesMax ||
      whole >= this.#room() ||
      slot + whole > this.#mask ||
      (tag | 0) !== tag ||
      this.#reserved >= 0
    )
      return this.#writeAny(record, length, tag)
    this.#head(slot, length, tag)
    copyWords(words, 0, this.#words, slot + 1, whole)
    this.#at = (at + 2 * (1 + whole)) | 0
    this.#wanted = 1
    return true
  }

  #adopt(record: ArrayBufferView): void {
    this.#caller.adopt(record, record.byteLength)
    this.#view = record
    this.#from = this.#caller.words ?? NO_WORDS
  }

  #writeAny(record: ArrayBufferView, length: number, tag: number): boolean {
    if (this.#reserved >= 0) throw reserved()
    if (length > this.#caller.bytes.length) this.#adopt(record)
    const { words, bytes } = this.#caller
    if (length > bytes.length) throw new RingError('bad argument', `the array has ${bytes.length} bytes, not ${length}`)
    const slot = this.#begin(length, tag)
    if (slot < 0) return false
    const byte = (slot + 1) * WORD_BYTES
    if (words === null) this.data.set(bytes.subarray(0, length), byte)
    else {
      const whole = length >>> 3
      copyWords(words, 0, this.#words, slot + 1, whole)
      for (let i = whole << 3; i < length; i++) this.data[byte + i] = bytes[i] as number // below length
    }
    this.#at = (this.#at + 2 * wordsFor(length)) | 0
    return true
  }

  /** As `pushBytes`, awaiting room: `ready`, it is sent; or why it was not. Leave the array alone till then. */
  pushBytesAsync(
    record: ArrayBufferView,
    { length = record.byteLength, tag = 0, ...waiting }: RecordOptions & AsyncWaitOptions = {},
  ): Promise<Woken> {
    return this.retry(() => this.pushBytes(record, length, tag), waiting)
  }

  /** Tells the consumer of everything that `writeBytes` has held back. */
  flush(): void {
    if (this.#told === this.#at) return
    this.#told = this.#at
    publish(this.#cells, this.#written, this.#at)
  }

  /**
   * Makes room for a record of up to so many bytes, to be written in place: the byte in `data` at which it begins; -1: there is
   * no room, or the ring is closed. `commit` sends it, `abort` gives the room back.
   * @throws RingError `bad argument`: longer than `recordBytesMax`, or another record is being written
   */
  reserve(bytes: number, tag = 0): number {
    if (this.#reserved >= 0) throw reserved()
    const slot = this.#begin(bytes, tag)
    if (slot < 0) return -1
    this.#reserved = bytes
    this.#reservedTag = tag
    return (slot + 1) * WORD_BYTES
  }

  /** Sends the reserved record. @param bytes how many of it were needed after all */
  commit(bytes = this.#reserved): void {
    if (this.#reserved < 0) throw new RingError('bad argument', 'no record is reserved')
    wholeNumber('bytes', bytes, 0, this.#reserved)
    this.#head((this.#at >>> 1) & this.#mask, bytes, this.#reservedTag)
    this.#reserved = -1
    this.#at = (this.#at + 2 * wordsFor(bytes)) | 0
    this.flush()
  }

  /** Gives the room of the reserved record back. */
  abort(): void {
    this.#reserved = -1
  }

  /** Writes the head of a record that fits, and the mark that leads to it, if need be: the word at which it begins, or -1. */
  #begin(bytes: number, tag: number): number {
    if (!(bytes >= 0 && bytes <= this.recordBytesMax) || !Number.isInteger(bytes))
      throw new RingError(
        'bad argument',
        `a record has from 0 to ${this.recordBytesMax} bytes in this ring, not ${bytes}`,
      )
    if ((tag | 0) !== tag) throw new RingError('bad argument', `a tag is a whole number of 32 bits, not ${tag}`)
    const need = wordsFor(bytes)
    const slot = (this.#at >>> 1) & this.#mask
    const toEnd = this.#mask + 1 - slot
    const skipped = need <= toEnd ? 0 : toEnd
    this.#wanted = skipped + need
    if (!this.#fits(this.#wanted)) return -1
    this.#wanted = 1
    if (skipped > 0) {
      this.#head(slot, SKIP, 0)
      this.#at = (this.#at + 2 * skipped) | 0
    }
    const first = skipped > 0 ? 0 : slot
    this.#head(first, bytes, tag)
    return first
  }

  #head(slot: number, length: number, tag: number): void {
    this.#heads[2 * slot] = length
    this.#heads[2 * slot + 1] = tag
  }

  #fits(words: number): boolean {
    return this.#room() >= words || (this.#refresh() && this.#room() >= words)
  }

  /** Looks how far the consumer is; whether there can be room at all. */
  #refresh(): boolean {
    this.flush()
    if (this.closed) this.stop()
    else this.#full = (published(this.#cells, this.#read) + this.#span) | 0
    return this.#at !== this.#full
  }

  /** Words, as far as is known. */
  #room(): number {
    return ((this.#full - this.#at) | 0) >> 1
  }

  #look(): Woken | null {
    const fate = this.fate()
    if (fate === 'closed') return fate
    return this.#fits(this.#wanted) ? 'ready' : fate
  }

  protected override settle(): void {
    this.flush()
  }

  protected override stop(): void {
    this.#reserved = -1
    this.#full = this.#at
  }
}

const reserved = (): RingError =>
  new RingError('bad argument', 'a record is reserved already; commit or abort it first')
