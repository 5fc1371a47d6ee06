import type { RingHandle } from './create.ts'
import { announce, closedBy, dataAt, type Lane, laneOf, returnEnd, take } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import { CLOSED_BY_CONSUMER, CLOSED_BY_PRODUCER, CONSUMER_DEAD, READ, STATE, WORD_BYTES, WRITTEN } from './layout.ts'
import { publish, published } from './protocol.ts'
import { SKIP, wordsFor } from './record-layout.ts'
import {
  type AsyncWaitOptions,
  sleepsOn,
  type Waiter,
  type WaitOptions,
  type Woken,
  wait,
  waitAsync,
} from './waiting.ts'
import { Caller, copyWords, type Words, wordsOf } from './words.ts'

/** The writing side of a ring of records: byte strings of any length up to half of the ring, each with a tag. */
export class RecordProducer {
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
  readonly #end: Lane
  readonly #taken: number
  readonly #waiter: Waiter
  readonly #caller = new Caller()
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
  #detached = false

  /** @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle) {
    const end = laneOf(handle, 0, ['records'])
    const { shape, cells, at, memory } = end
    this.#taken = take(end, 'producer')
    this.#end = end
    this.capacity = shape.slots * WORD_BYTES
    this.recordBytesMax = shape.messageBytes
    this.data = new Uint8Array(memory, dataAt(end), this.capacity)
    this.#words = wordsOf(memory, dataAt(end), shape.slots)
    this.#heads = new Int32Array(memory, dataAt(end), shape.slots * 2)
    this.#mask = shape.slots - 1
    this.#span = shape.slots * 2
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#at = published(cells, this.#written)
    this.#told = this.#at
    this.#full = (published(cells, this.#read) + this.#span) | 0
    this.#waiter = sleepsOn(
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
    const caller = this.#caller
    if (caller.view !== record) caller.adopt(record, record.byteLength)
    const { words, bytes } = caller
    if (length > bytes.byteLength)
      throw new RingError('bad argument', `the array has ${bytes.byteLength} bytes, not ${length}`)
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
    if (this.#reserved >= 0)
      throw new RingError('bad argument', 'a record is reserved already; commit or abort it first')
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
    const need = wordsFor(bytes)
    const slot = (this.#at >>> 1) & this.#mask
    const toEnd = this.#mask + 1 - slot
    if (need <= toEnd) {
      if (!this.#fits(need)) return -1
      this.#head(slot, bytes, tag)
      return slot
    }
    if (!this.#fits(toEnd + need)) return -1
    this.#head(slot, SKIP, 0)
    this.#at = (this.#at + 2 * toEnd) | 0
    this.#head(0, bytes, tag)
    return 0
  }

  #head(slot: number, length: number, tag: number): void {
    this.#heads[2 * slot] = length
    this.#heads[2 * slot + 1] = tag
  }

  #fits(words: number): boolean {
    if (this.#room() >= words) return true
    if (this.#detached) return false
    this.#wanted = words
    this.flush()
    this.#full = (published(this.#cells, this.#read) + this.#span) | 0
    return this.#room() >= words && !this.closed
  }

  /** Words, as far as is known. */
  #room(): number {
    return ((this.#full - this.#at) | 0) >> 1
  }

  /** Whether records can't be sent any more: this side has closed, or the consumer has. */
  get closed(): boolean {
    return (Atomics.load(this.#cells, this.#end.at + STATE) & (CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER)) !== 0
  }

  #look(): Woken | null {
    if (this.#detached) return 'closed'
    const state = Atomics.load(this.#cells, this.#end.at + STATE)
    if ((state & (CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER)) !== 0) return 'closed'
    if (this.#fits(this.#wanted)) return 'ready'
    return (state & CONSUMER_DEAD) !== 0 ? 'peer dead' : null
  }

  /** Blocks until there is room for the record that did not fit. @throws RingError `not here` where threads may not block */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.#waiter, options)
  }

  /** Until there is room for the record that did not fit; the event loop goes on meanwhile, and is kept alive. */
  waitAsync(options: AsyncWaitOptions = {}): Promise<Woken> {
    return waitAsync(this.#waiter, options)
  }

  /** The end of what is sent: what was published is still read, then the consumer is told. */
  close(): void {
    if (this.#detached) return
    this.flush()
    announce(this.#end, closedBy('producer'))
    this.#leave()
  }

  /** Gives this end to whoever takes it next; the ring stays open. */
  detach(): void {
    if (this.#detached) return
    this.flush()
    this.#leave()
  }

  #leave(): void {
    this.#detached = true
    this.#full = this.#at
    returnEnd(this.#end, 'producer', this.#taken)
  }
}
