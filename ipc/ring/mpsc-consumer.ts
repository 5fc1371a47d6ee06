import { type RingHandle, shapeBehind } from './create.ts'
import { RingError, wholeNumber } from './errors.ts'
import { DOORBELL } from './layout.ts'
import { SpscConsumer } from './spsc-consumer.ts'
import {
  type AsyncWaitOptions,
  type Bed,
  type Waiter,
  type WaitOptions,
  type Woken,
  wait,
  waitAsync,
} from './waiting.ts'

/** So many messages of one lane in a row, and then it is the next one's turn. */
const TURN = 64

/**
 * The reading side of a ring with many producers. Each has a lane: what one has sent comes in its order; between two of them
 * there is none. Lanes are read in turn, so that nobody waits for ever.
 */
export class MpscConsumer {
  /** Bytes of a message. */
  readonly messageBytes: number
  /** How many producers there can be at once. */
  readonly producers: number
  /** Whose message was read last: the lane of its producer. */
  lane = 0
  readonly #lanes: readonly SpscConsumer[]
  readonly #cells: Int32Array<SharedArrayBuffer>
  readonly #waiter: Waiter
  #turn = 0
  #left = TURN

  /** @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle) {
    const { kind, messageBytes, lanes } = shapeBehind(handle)
    if (kind !== 'mpsc') throw new RingError('wrong kind', `this ring is of kind '${kind}', and 'mpsc' is asked for`)
    this.messageBytes = messageBytes
    this.producers = lanes
    this.#lanes = Array.from({ length: lanes }, (_, lane) => new SpscConsumer(handle, lane))
    const cells = new Int32Array(handle.memory)
    this.#cells = cells
    this.#waiter = {
      cells,
      look: () => this.#look(),
      fallAsleep: () => this.#fallAsleep(),
      wakeUp: () => {
        for (const lane of this.#lanes) lane.wakeUp()
      },
    }
  }

  /** Takes the oldest message of some producer, as a copy; `lane` says whose. `false`: there is none. */
  pop(message: ArrayBufferView): boolean {
    // Once more round: the first may have had its turn.
    for (let tried = 0; tried <= this.producers; tried++) {
      if (this.#left > 0 && this.#current.pop(message)) {
        this.#left -= 1
        this.lane = this.#turn
        return true
      }
      this.#next()
    }
    return false
  }

  /** As `pop`, up to `count` messages of one producer. @returns how many there were */
  popBatch(messages: ArrayBufferView, count: number, first = 0): number {
    wholeNumber('count', count, 0, Math.floor(messages.byteLength / this.messageBytes))
    for (let tried = 0; tried < this.producers; tried++) {
      const some = this.#current.popBatch(messages, count, first)
      this.lane = this.#turn
      this.#next()
      if (some > 0) return some
    }
    return 0
  }

  get #current(): SpscConsumer {
    return this.#lanes[this.#turn] as SpscConsumer // below the number of lanes
  }

  #next(): void {
    this.#turn = this.#turn + 1 === this.producers ? 0 : this.#turn + 1
    this.#left = TURN
  }

  /** Whether there is nothing to read and never will be: every lane was closed. */
  get ended(): boolean {
    return this.#look() === 'closed'
  }

  /** `closed` when all lanes are; `peer dead` when all that are not have lost their producer. */
  #look(): Woken | null {
    let woken: Woken | null = 'closed'
    for (const lane of this.#lanes) {
      const one = lane.look()
      if (one === 'ready') return one
      if (one === null) woken = null
      else if (one === 'peer dead' && woken === 'closed') woken = one
    }
    return woken
  }

  #fallAsleep(): Bed | null {
    // Before the marks: who sees one and rings, changes it.
    const value = Atomics.load(this.#cells, DOORBELL)
    for (const lane of this.#lanes) {
      if (lane.fallAsleep() || lane.look() === 'closed') continue
      this.#waiter.wakeUp()
      return null
    }
    return { cell: DOORBELL, value }
  }

  /** Blocks until there is a message. @throws RingError `not here` where threads may not block */
  wait(options: WaitOptions = {}): Woken {
    return wait(this.#waiter, options)
  }

  /** Until there is a message; the event loop goes on meanwhile, and is kept alive. */
  waitAsync(options: AsyncWaitOptions = {}): Promise<Woken> {
    return waitAsync(this.#waiter, options)
  }

  /** Copies of the messages as they come, until the ring is closed or all producers have died. */
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

  /** Nothing more will be read: the producers are told. */
  close(): void {
    for (const lane of this.#lanes) lane.close()
  }

  /** Gives this end to whoever takes it next; the ring stays open. */
  detach(): void {
    for (const lane of this.#lanes) lane.detach()
  }
}
