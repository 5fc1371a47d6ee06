import { type RingHandle, shapeBehind } from './create.ts'
import { laneOf } from './ends.ts'
import { DOORBELL } from './layout.ts'
import { Pace, type Tune } from './pace.ts'
import { SpscConsumer } from './spsc-consumer.ts'
import { messagesOf, type StreamOptions } from './stream.ts'
import { type AsyncWaitOptions, type Bed, type Waiter, Waiting, type Woken } from './waiting.ts'

/** So many messages of one lane in a row, and then it is the next one's turn. */
const TURN = 64

/**
 * The reading side of a ring with many producers. Each has a lane: what one has sent comes in its order; between two of them
 * there is none. Lanes are read in turn, so that nobody waits for ever. What a death costs, it costs per lane, as with one producer.
 */
export class MpscConsumer extends Waiting {
  /** Bytes of a message. */
  readonly messageBytes: number
  /** How many producers there can be at once. */
  readonly producers: number
  /** Whose message was read last: the lane of its producer. */
  lane = 0
  readonly #lanes: readonly SpscConsumer[]
  readonly #waiters: readonly Waiter[]
  readonly #cells: Int32Array<SharedArrayBuffer>
  protected override readonly waiter: Waiter
  readonly #pace: Pace
  #turn = 0
  #left = TURN

  /** By `attachConsumer`. @throws RingError `not a ring`, `wrong kind`, `taken` */
  constructor(handle: RingHandle, owner: number, tune: Tune) {
    super()
    const { messageBytes, lanes } = shapeBehind(handle, 'mpsc')
    this.messageBytes = messageBytes
    this.producers = lanes
    // It idles once for all lanes, where there are several; a lane that is alone has its own pace.
    this.#lanes = allLanes(handle, lanes, owner, lanes === 1 ? tune : 'latency')
    this.#pace = new Pace(lanes === 1 ? 'latency' : tune)
    this.#waiters = this.#lanes.map((lane) => Waiting.waiterOf(lane))
    this.#cells = new Int32Array(handle.memory)
    this.waiter = {
      cells: this.#cells,
      look: () => this.#look(),
      fallAsleep: () => this.#fallAsleep(),
      wakeUp: () => wakeUp(this.#waiters),
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
    this.#pace.foundNone()
    return false
  }

  /** As `pop`, awaiting a message: `ready`, it is in the array; or why there is none. */
  popAsync(message: ArrayBufferView, options: AsyncWaitOptions = {}): Promise<Woken> {
    return this.retry(() => this.pop(message), options)
  }

  /** As `pop`, up to `count` messages of one producer. @returns how many there were */
  popBatch(messages: ArrayBufferView, count: number, first = 0): number {
    for (let tried = 0; tried < this.producers; tried++) {
      const some = this.#current.popBatch(messages, count, first)
      if (some > 0) this.lane = this.#turn
      this.#next()
      if (some > 0) return some
    }
    this.#pace.foundNone()
    return 0
  }

  get #current(): SpscConsumer {
    return this.#lanes[this.#turn] as SpscConsumer // below the number of lanes
  }

  #next(): void {
    this.#turn = this.#turn + 1 === this.producers ? 0 : this.#turn + 1
    this.#left = TURN
  }

  /** Whether there is nothing to read and never will be: every lane was closed, or the whole ring by `close(handle)`. */
  get ended(): boolean {
    return this.#look() === 'closed'
  }

  /** `closed` when all lanes are; `peer dead` when all that are not have lost their producer. */
  #look(): Woken | null {
    let woken: Woken | null = 'closed'
    for (const { look } of this.#waiters) {
      const one = look()
      if (one === 'ready') return one
      if (one === null) woken = null
      else if (one === 'peer dead' && woken === 'closed') woken = one
    }
    return woken
  }

  #fallAsleep(): Bed | null {
    // Before the marks: who sees one and rings, changes it.
    const value = Atomics.load(this.#cells, DOORBELL)
    for (const [lane, waiter] of this.#waiters.entries()) {
      if (waiter.fallAsleep() !== null) continue
      wakeUp(this.#waiters.slice(0, lane))
      return null
    }
    return { cell: DOORBELL, value }
  }

  /** Lets the producers have all slots that were read, now: before waiting for something else than this ring, say. */
  giveBack(): void {
    for (const lane of this.#lanes) lane.giveBack()
  }

  /** Copies of the messages as they come, until the ring is closed or all producers have died. @throws the signal's reason */
  messages(options: StreamOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return messagesOf(this, options)
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.messages()
  }

  /** Nothing more will be read: the producers are told, as by `close` of a lane. */
  close(): void {
    for (const lane of this.#lanes) lane.close()
  }

  /** Gives this end to whoever takes it next; the ring stays open. */
  detach(): void {
    for (const lane of this.#lanes) lane.detach()
  }
}

/** All of them, or none. */
function allLanes(handle: RingHandle, count: number, owner: number, tune: Tune): SpscConsumer[] {
  const lanes: SpscConsumer[] = []
  try {
    for (let lane = 0; lane < count; lane++) lanes.push(new SpscConsumer(laneOf(handle, lane, 'mpsc'), owner, tune))
  } catch (error) {
    for (const lane of lanes) lane.detach()
    throw error
  }
  return lanes
}

function wakeUp(waiters: readonly Waiter[]): void {
  for (const waiter of waiters) waiter.wakeUp()
}
