import type { RingHandle } from './create.ts'
import { announce, closedBy, dataAt, type Lane, laneOf, returnEnd, take } from './ends.ts'
import { RingError } from './errors.ts'
import { CLOSED_BY_CONSUMER, CLOSED_BY_PRODUCER, PRODUCER_DEAD, READ, STATE, WORD_BYTES, WRITTEN } from './layout.ts'
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

/** The reading side of a ring of records. Room goes back to the producer an eighth of the ring at a time. */
export class RecordConsumer {
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
  readonly #end: Lane
  readonly #taken: number
  readonly #waiter: Waiter
  readonly #caller = new Caller()
  #at: number
  #until: number
  #returned: number
  #detached = false

  /** @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle) {
    const end = laneOf(handle, 0, ['records'])
    const { shape, cells, at, memory } = end
    this.#taken = take(end, 'consumer')
    this.#end = end
    this.recordBytesMax = shape.messageBytes
    this.data = new Uint8Array(memory, dataAt(end), shape.slots * WORD_BYTES)
    this.#words = wordsOf(memory, dataAt(end), shape.slots)
    this.#heads = new Int32Array(memory, dataAt(end), shape.slots * 2)
    this.#mask = shape.slots - 1
    this.#lump = 2 * (shape.slots >> 3)
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#at = published(cells, this.#read)
    this.#returned = this.#at
    this.#until = this.#at
    this.#waiter = sleepsOn(
      cells,
      this.#written,
      () => this.#look(),
      () => {
        this.#giveBack()
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
    const caller = this.#caller
    if (caller.view !== target) caller.adopt(target, target.byteLength)
    const { words, bytes } = caller
    if (length > bytes.byteLength)
      throw new RingError('bad argument', `the record has ${length} bytes, and the array only ${bytes.byteLength}`)
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
    for (;;) {
      if (this.#at === this.#until && !this.#hasMore()) return -1
      const slot = (this.#at >>> 1) & this.#mask
      const length = this.#heads[2 * slot] ?? 0
      if (length !== SKIP) {
        this.tag = this.#heads[2 * slot + 1] ?? 0
        return length
      }
      this.#at = (this.#at + 2 * (this.#mask + 1 - slot)) | 0
    }
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
    if (((this.#at - this.#returned) | 0) >= this.#lump) this.#giveBack()
  }

  #giveBack(): void {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    publish(this.#cells, this.#read, this.#at)
  }

  #hasMore(): boolean {
    if (this.#detached) return false
    this.#until = published(this.#cells, this.#written)
    if (this.#at !== this.#until) return true
    // All is read: a producer with a long record may be waiting for just this room.
    this.#giveBack()
    return false
  }

  /** Whether there is nothing to read and never will be. */
  get ended(): boolean {
    return this.#look() === 'closed'
  }

  #look(): Woken | null {
    if (this.#detached) return 'closed'
    if (this.#at !== this.#until) return 'ready'
    // In this order: what a producer sent before it closed, or died, is seen.
    const state = Atomics.load(this.#cells, this.#end.at + STATE)
    if (this.#hasMore()) return 'ready'
    if ((state & (CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER)) !== 0) return 'closed'
    return (state & PRODUCER_DEAD) !== 0 ? 'peer dead' : null
  }

  /** Blocks until there is a record. @throws RingError `not here` where threads may not block */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.#waiter, options)
  }

  /** Until there is a record; the event loop goes on meanwhile, and is kept alive. */
  waitAsync(options: AsyncWaitOptions = {}): Promise<Woken> {
    return waitAsync(this.#waiter, options)
  }

  /** Copies of the records as they come, until the ring is closed or its producer has died. */
  async *records({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const length = this.peek()
      if (length >= 0) {
        const record = new Uint8Array(length)
        this.popBytes(record)
        yield record
      } else if ((await this.waitAsync(signal === undefined ? {} : { signal })) !== 'ready') return
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    return this.records()
  }

  /** Nothing more will be read: the producer is told. */
  close(): void {
    if (this.#detached) return
    this.#giveBack()
    announce(this.#end, closedBy('consumer'))
    this.#leave()
  }

  /** Gives this end to whoever takes it next; the ring stays open. */
  detach(): void {
    if (this.#detached) return
    this.#giveBack()
    this.#leave()
  }

  #leave(): void {
    this.#detached = true
    this.#until = this.#at
    returnEnd(this.#end, 'consumer', this.#taken)
  }
}
