import { dataAt, type Lane } from './ends.ts'
import { RingError } from './errors.ts'
import { LaneEnd } from './lane-end.ts'
import { DOORBELL, READ, WRITTEN } from './layout.ts'
import { publishAndRing, published } from './protocol.ts'
import { Slots } from './slots.ts'
import { type AsyncWaitOptions, sleepsOn, type Waiter, type Woken } from './waiting.ts'

/** Of `write`, so many messages may wait for `flush`. */
const HELD_BACK = 16

/**
 * The writing side of a lane: one thread has it. What it has published, the consumer reads once, in that order. A producer that
 * dies takes with it what it had not published: a message being written, what `write` holds back.
 *
 * Positions are doubled and wrap; the consumer's is looked at only where by the last look the lane is full.
 */
export class SpscProducer extends LaneEnd {
  /** Messages that the lane holds. */
  readonly capacity: number
  /** Bytes of a message. */
  readonly messageBytes: number
  /** Which lane of a ring with many producers this is. */
  readonly lane: number
  readonly #slots: Slots
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #written: number
  readonly #read: number
  /** Where the consumer sleeps: a consumer of many lanes has one place for all. */
  readonly #bell: number
  readonly #span: number
  protected override readonly waiter: Waiter
  /** Where the next message goes. */
  #at: number
  /** The position at which the lane is full, as far as is known. */
  #full: number
  /** Up to where the consumer has been told. */
  #told: number

  /** By `attachProducer`. @throws RingError `taken` */
  constructor(lane: Lane, owner: number) {
    super(lane, 'producer', owner)
    const { shape, cells, at } = lane
    this.capacity = shape.slots
    this.messageBytes = shape.messageBytes
    this.lane = lane.number
    this.#slots = new Slots(shape, lane.memory, dataAt(lane))
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#bell = shape.kind === 'mpsc' ? DOORBELL : this.#written
    this.#span = shape.slots * 2
    // Where a producer before this one had come to.
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

  /** Sends a copy of the message. `false`: the ring is full, or closed. @throws RingError `bad argument`: the array is too small */
  push(message: ArrayBufferView): boolean {
    const at = this.#at
    if (at === this.#full && !this.#hasRoom()) return false
    this.#slots.put(message, at)
    this.#at = (at + 2) | 0
    this.#told = this.#at
    publishAndRing(this.#cells, this.#written, this.#at, this.#bell)
    return true
  }

  /** As `push`, but the consumer is told of a few messages at once: every 16, when the ring is full, or by `flush`. */
  write(message: ArrayBufferView): boolean {
    const at = this.#at
    if (at === this.#full && !this.#hasRoom()) return false
    this.#slots.put(message, at)
    this.#at = (at + 2) | 0
    if (((this.#at - this.#told) | 0) >= 2 * HELD_BACK) this.flush()
    return true
  }

  /** As `push`, awaiting room: `ready`, it is sent; or why it was not. Copied when there is room: leave the array alone till then. */
  pushAsync(message: ArrayBufferView, options: AsyncWaitOptions = {}): Promise<Woken> {
    return this.retry(() => this.push(message), options)
  }

  /** Tells the consumer of everything that `write` has held back. */
  flush(): void {
    if (this.#told === this.#at) return
    this.#told = this.#at
    publishAndRing(this.#cells, this.#written, this.#at, this.#bell)
  }

  /**
   * Sends copies of messages that lie one behind the other in an array: as many as there is room for, up to `count`.
   * @param first which of the array's messages to begin with
   * @returns how many were sent
   */
  pushBatch(messages: ArrayBufferView, count: number, first = 0): number {
    this.#slots.inside(messages, count, first)
    const some = this.#room(count)
    if (some === 0) return 0
    this.#slots.putMany(first, some, this.#at)
    this.publish(some)
    return some
  }

  /** All bytes of the lane, for writing in place: see `claim`. */
  get data(): Uint8Array<SharedArrayBuffer> {
    return this.#slots.bytes
  }

  /** Byte in `data` at which the next message begins; the next after it is `stride` bytes further. */
  get offset(): number {
    return this.#slots.offset(this.#at)
  }

  /** Bytes from one message in `data` to the next. */
  get stride(): number {
    return this.data.byteLength / this.capacity
  }

  /** How many messages, up to `most`, can be written in place one behind the other from `offset` on; `publish` sends them. */
  claim(most = 1): number {
    if (most >>> 0 !== most && most !== Infinity)
      throw new RingError('bad argument', `no ${most} messages can be claimed`)
    return Math.min(this.#room(most), this.#slots.run(this.#at))
  }

  /** Sends the next `count` messages as they stand in the ring. @throws RingError `bad argument`: there is no room for so many */
  publish(count = 1): void {
    if (!(count >= 0 && count <= this.#room(count) && Number.isInteger(count)))
      throw new RingError('bad argument', `${count} messages were not claimed`)
    this.#at = (this.#at + 2 * count) | 0
    this.flush()
  }

  /** Messages that there is room for, up to so many. */
  #room(most: number): number {
    if (this.#known() < most) this.#hasRoom()
    return Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#full - this.#at) | 0) >> 1
  }

  /** Looks how far the consumer is; whether there is room now. */
  #hasRoom(): boolean {
    this.flush()
    if (this.closed) this.stop()
    else this.#full = (published(this.#cells, this.#read) + this.#span) | 0
    return this.#at !== this.#full
  }

  #look(): Woken | null {
    const fate = this.fate()
    if (fate === 'closed') return fate
    return this.#at !== this.#full || this.#hasRoom() ? 'ready' : fate
  }

  protected override settle(): void {
    this.flush()
  }

  protected override stop(): void {
    this.#full = this.#at
  }
}
