import { dataAt, type Lane } from './ends.ts'
import { RingError } from './errors.ts'
import { LaneEnd } from './lane-end.ts'
import { READ, WRITTEN } from './layout.ts'
import { Pace, type Tune } from './pace.ts'
import { publish, published } from './protocol.ts'
import { Slots } from './slots.ts'
import { messagesOf, type StreamOptions } from './stream.ts'
import { type AsyncWaitOptions, sleepsOn, type Waiter, type Woken } from './waiting.ts'

/**
 * The reading side of a lane: one thread has it. Slots go back to the producer an eighth of the ring at a time, and all of them
 * when there is nothing more to read, before this side sleeps, and by `giveBack`. When a consumer dies nothing is lost but
 * copies in its hands; the next one reads again what this one had read and not given back: up to an eighth of the ring, or a
 * message.
 */
export class SpscConsumer extends LaneEnd {
  /** Messages that the lane holds. */
  readonly capacity: number
  /** Bytes of a message. */
  readonly messageBytes: number
  readonly #slots: Slots
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #written: number
  readonly #read: number
  readonly #lump: number
  protected override readonly waiter: Waiter
  /** The next message to read. */
  #at: number
  /** Up to where there are messages, as far as is known. */
  #until: number
  /** Up to where slots were given back. */
  #returned: number
  #stopped = false
  readonly #pace: Pace

  /** By `attachConsumer`. @throws RingError `taken` */
  constructor(lane: Lane, owner: number, tune: Tune) {
    super(lane, 'consumer', owner)
    this.#pace = new Pace(tune)
    const { shape, cells, at } = lane
    this.capacity = shape.slots
    this.messageBytes = shape.messageBytes
    this.#slots = new Slots(shape, lane.memory, dataAt(lane))
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#lump = 2 * Math.max(1, shape.slots >> 3)
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

  /** Takes the oldest message, as a copy. `false`: there is none. @throws RingError `bad argument`: the array is too small; it stays */
  pop(message: ArrayBufferView): boolean {
    const at = this.#at
    if (at === this.#until && !this.#hasMoreByNow()) return false
    this.#slots.take(message, at)
    this.#consumed((at + 2) | 0)
    return true
  }

  /** As `pop`, awaiting a message: `ready`, it is in the array; or why there is none. */
  popAsync(message: ArrayBufferView, options: AsyncWaitOptions = {}): Promise<Woken> {
    return this.retry(() => this.pop(message), options)
  }

  /**
   * Takes the oldest messages, up to `count`, as copies one behind the other.
   * @param first which of the array's places to begin with
   * @returns how many there were
   */
  popBatch(messages: ArrayBufferView, count: number, first = 0): number {
    this.#slots.inside(messages, count, first)
    const some = this.#there(count)
    if (some === 0) return 0
    this.#slots.takeMany(first, some, this.#at)
    this.#consumed((this.#at + 2 * some) | 0)
    return some
  }

  /** All bytes of the lane, for reading in place: see `readable`. */
  get data(): Uint8Array<SharedArrayBuffer> {
    return this.#slots.bytes
  }

  /** Byte in `data` at which the oldest message begins; the next is `stride` bytes further. */
  get offset(): number {
    return this.#slots.offset(this.#at)
  }

  /** Bytes from one message in `data` to the next. */
  get stride(): number {
    return this.data.byteLength / this.capacity
  }

  /** How many messages, up to `most`, can be read in place one behind the other from `offset` on; `consume` gives them back. */
  readable(most = 1): number {
    if (most >>> 0 !== most && most !== Infinity) throw new RingError('bad argument', `no ${most} messages can be read`)
    return Math.min(this.#there(most), this.#slots.run(this.#at))
  }

  /** The oldest `count` messages have been read. @throws RingError `bad argument`: there are not so many */
  consume(count = 1): void {
    if (!(count >= 0 && count <= this.#there(count) && Number.isInteger(count)))
      throw new RingError('bad argument', `there are no ${count} messages to consume`)
    this.#consumed((this.#at + 2 * count) | 0)
  }

  #consumed(at: number): void {
    this.#at = at
    if (((at - this.#returned) | 0) >= this.#lump) this.giveBack()
  }

  /** Lets the producer have all slots that were read, now: before waiting for something else than this ring, say. */
  giveBack(): void {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    publish(this.#cells, this.#read, this.#at)
  }

  #there(most: number): number {
    if (this.#known() < most) this.#hasMoreByNow()
    return Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#until - this.#at) | 0) >> 1
  }

  /** As `hasMore`, at its pace. */
  #hasMoreByNow(): boolean {
    this.#pace.beforeLook(this.#at)
    return this.#hasMore()
  }

  /** Looks how far the producer is; whether there is something now. */
  #hasMore(): boolean {
    if (this.#stopped) return false
    this.#until = published(this.#cells, this.#written)
    if (this.#at !== this.#until) return true
    // All is read: the producer is to know that all slots are its own.
    this.giveBack()
    return false
  }

  /** Whether there is nothing to read and never will be. */
  get ended(): boolean {
    return this.#look() === 'closed'
  }

  #look(): Woken | null {
    if (this.#at !== this.#until) return 'ready'
    // In this order: what a producer sent before it closed, or died, is seen.
    const fate = this.fate()
    return this.#hasMore() ? 'ready' : fate
  }

  /** Copies of the messages as they come, until the ring is closed or its producer has died. @throws the signal's reason */
  messages(options: StreamOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return messagesOf(this, options)
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.messages()
  }

  protected override settle(): void {
    this.giveBack()
  }

  protected override stop(): void {
    this.#stopped = true
    this.#until = this.#at
  }
}
