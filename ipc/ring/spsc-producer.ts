import type { RingHandle } from './create.ts'
import { announce, closedBy, dataAt, type Lane, laneOf, returnEnd, take } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import { CLOSED_BY_CONSUMER, CLOSED_BY_PRODUCER, CONSUMER_DEAD, DOORBELL, READ, STATE, WRITTEN } from './layout.ts'
import { publishAndRing, published } from './protocol.ts'
import { Slots } from './slots.ts'
import {
  type AsyncWaitOptions,
  sleepsOn,
  type Waiter,
  type WaitOptions,
  type Woken,
  wait,
  waitAsync,
} from './waiting.ts'

/** Of `write`, so many messages may wait for `flush`. */
const HELD_BACK = 16

/**
 * The writing side of a lane: one thread has it. What it has published, the consumer reads in that order. Positions are doubled
 * and wrap; the consumer's is looked at only where by the last look the lane is full.
 */
export class SpscProducer {
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
  readonly #end: Lane
  readonly #taken: number
  readonly #waiter: Waiter
  /** Where the next message goes. */
  #at: number
  /** The position at which the lane is full, as far as is known. */
  #full: number
  /** Up to where the consumer has been told. */
  #told: number
  #detached = false

  /** @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle, lane = 0) {
    const end = laneOf(handle, lane, ['spsc', 'mpsc'])
    const { shape, cells, at } = end
    this.#taken = take(end, 'producer')
    this.#end = end
    this.capacity = shape.slots
    this.messageBytes = shape.messageBytes
    this.lane = lane
    this.#slots = new Slots(shape, end.memory, dataAt(end))
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#bell = shape.kind === 'mpsc' ? DOORBELL : this.#written
    this.#span = shape.slots * 2
    // Where a producer before this one had come to.
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

  /** Sends a copy of the message. `false`: the ring is full, or closed. */
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
    this.#inside(messages, count, first)
    const some = this.#room(count)
    if (some === 0) return 0
    this.#slots.putMany(messages, first, some, this.#at)
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
    return Math.min(this.#room(most), this.#slots.run(this.#at))
  }

  /** Sends the next `count` messages as they stand in the ring. @throws RingError `bad argument`: there is no room for so many */
  publish(count = 1): void {
    if (count > this.#room(count)) throw new RingError('bad argument', `${count} messages were not claimed`)
    this.#at = (this.#at + 2 * count) | 0
    this.flush()
  }

  /** Messages that there is room for, up to so many. */
  #room(most: number): number {
    const room = this.#known()
    return room >= most || !this.#hasRoom() ? Math.min(room, most) : Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#full - this.#at) | 0) >> 1
  }

  /** Looks how far the consumer is; whether there is room now. */
  #hasRoom(): boolean {
    if (this.#detached) return false
    this.flush()
    this.#full = (published(this.#cells, this.#read) + this.#span) | 0
    return this.#at !== this.#full && !this.closed
  }

  #inside(messages: ArrayBufferView, count: number, first: number): void {
    const there = Math.floor(messages.byteLength / this.messageBytes)
    wholeNumber('first', first, 0, there)
    wholeNumber('count', count, 0, there - first)
  }

  /** Whether messages can't be sent any more: this side has closed, or the consumer has. */
  get closed(): boolean {
    return (Atomics.load(this.#cells, this.#end.at + STATE) & (CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER)) !== 0
  }

  #look(): Woken | null {
    if (this.#detached) return 'closed'
    const state = Atomics.load(this.#cells, this.#end.at + STATE)
    if ((state & (CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER)) !== 0) return 'closed'
    if (this.#at !== this.#full || this.#hasRoom()) return 'ready'
    return (state & CONSUMER_DEAD) !== 0 ? 'peer dead' : null
  }

  /** Blocks until there is room for a message. @throws RingError `not here` where threads may not block */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.#waiter, options)
  }

  /** Until there is room for a message; the event loop goes on meanwhile, and is kept alive. */
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
