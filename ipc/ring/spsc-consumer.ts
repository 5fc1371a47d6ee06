import type { RingHandle } from './create.ts'
import { announce, closedBy, dataAt, type Lane, laneOf, returnEnd, take } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import { CLOSED_BY_CONSUMER, CLOSED_BY_PRODUCER, PRODUCER_DEAD, READ, STATE, WRITTEN } from './layout.ts'
import { publish, published } from './protocol.ts'
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

/**
 * The reading side of a lane: one thread has it. Slots go back to the producer an eighth of the ring at a time, and all of them
 * before this side sleeps. A consumer that dies has perhaps read more than it gave back: the next one reads that again.
 */
export class SpscConsumer {
  /** Messages that the lane holds. */
  readonly capacity: number
  /** Bytes of a message. */
  readonly messageBytes: number
  readonly #slots: Slots
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #written: number
  readonly #read: number
  readonly #lump: number
  readonly #end: Lane
  readonly #taken: number
  readonly #waiter: Waiter
  /** The next message to read. */
  #at: number
  /** Up to where there are messages, as far as is known. */
  #until: number
  /** Up to where slots were given back. */
  #returned: number
  #detached = false

  /** @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle, lane = 0) {
    const end = laneOf(handle, lane, ['spsc', 'mpsc'])
    const { shape, cells, at } = end
    this.#taken = take(end, 'consumer')
    this.#end = end
    this.capacity = shape.slots
    this.messageBytes = shape.messageBytes
    this.#slots = new Slots(shape, end.memory, dataAt(end))
    this.#cells = cells
    this.#written = at + WRITTEN
    this.#read = at + READ
    this.#lump = 2 * Math.max(1, shape.slots >> 3)
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

  /** Takes the oldest message, as a copy. `false`: there is none. */
  pop(message: ArrayBufferView): boolean {
    const at = this.#at
    if (at === this.#until && !this.#hasMore()) return false
    this.#slots.take(message, at)
    this.#consumed((at + 2) | 0)
    return true
  }

  /**
   * Takes the oldest messages, up to `count`, as copies one behind the other.
   * @param first which of the array's places to begin with
   * @returns how many there were
   */
  popBatch(messages: ArrayBufferView, count: number, first = 0): number {
    this.#inside(messages, count, first)
    const some = this.#there(count)
    if (some === 0) return 0
    this.#slots.takeMany(messages, first, some, this.#at)
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
    return Math.min(this.#there(most), this.#slots.run(this.#at))
  }

  /** The oldest `count` messages have been read. @throws RingError `bad argument`: there are not so many */
  consume(count = 1): void {
    if (count > this.#there(count)) throw new RingError('bad argument', `there are no ${count} messages to consume`)
    this.#consumed((this.#at + 2 * count) | 0)
  }

  #consumed(at: number): void {
    this.#at = at
    if (((at - this.#returned) | 0) >= this.#lump) this.#giveBack()
  }

  #giveBack(): void {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    publish(this.#cells, this.#read, this.#at)
  }

  #there(most: number): number {
    const there = this.#known()
    return there >= most || !this.#hasMore() ? Math.min(there, most) : Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#until - this.#at) | 0) >> 1
  }

  /** Looks how far the producer is; whether there is something now. */
  #hasMore(): boolean {
    if (this.#detached) return false
    this.#until = published(this.#cells, this.#written)
    if (this.#at !== this.#until) return true
    // All is read: the producer is to know that all slots are its own.
    this.#giveBack()
    return false
  }

  #inside(messages: ArrayBufferView, count: number, first: number): void {
    const there = Math.floor(messages.byteLength / this.messageBytes)
    wholeNumber('first', first, 0, there)
    wholeNumber('count', count, 0, there - first)
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

  /** Marks that the consumer of this and other lanes sleeps; `false`: there is news. */
  fallAsleep(): boolean {
    return this.#waiter.fallAsleep() !== null
  }

  wakeUp(): void {
    this.#waiter.wakeUp()
  }

  /** Why there is no need to wait for this lane; `null`: there is. */
  look(): Woken | null {
    return this.#look()
  }

  /** Blocks until there is a message. @throws RingError `not here` where threads may not block */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.#waiter, options)
  }

  /** Until there is a message; the event loop goes on meanwhile, and is kept alive. */
  waitAsync(options: AsyncWaitOptions = {}): Promise<Woken> {
    return waitAsync(this.#waiter, options)
  }

  /** Copies of the messages as they come, until the ring is closed or its producer has died. */
  async *messages({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const message = new Uint8Array(this.messageBytes)
      if (this.pop(message)) yield message
      else if ((await this.waitAsync(signal === undefined ? {} : { signal })) !== 'ready') return
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    return this.messages()
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
