import { CLOSED, cellOfEnd, DIED, type End, freeEnd, type Lane, rouseLane, takeEnd, takenAlready } from './ends.ts'
import { Waiting, type Woken } from './waiting.ts'

/** One end of a lane: what its producer and its consumer, of messages or of records, have in common. */
export abstract class LaneEnd extends Waiting {
  readonly #lane: Lane
  readonly #cell: number
  readonly #peerCell: number
  /** What stands in our cell as long as the end is ours. */
  readonly #ours: number
  #closed: boolean
  #left = false

  /** @param owner whose it is, for `declareOwnerDead` @throws RingError `taken` */
  constructor(lane: Lane, end: End, owner: number) {
    super()
    this.#lane = lane
    this.#cell = cellOfEnd(lane, end)
    this.#peerCell = cellOfEnd(lane, end === 'producer' ? 'consumer' : 'producer')
    this.#ours = takeEnd(lane.cells, this.#cell, owner)
    if (this.#ours === 0) throw takenAlready(lane, end)
    this.#closed = (this.#ours & CLOSED) !== 0
  }

  /** Whether the ring is closed, from either side, or this end was given back. */
  get closed(): boolean {
    return this.fate() === 'closed'
  }

  /** What has become of the ring and of the other side; `null`: it goes on. */
  protected fate(): Woken | null {
    if (this.#closed) return 'closed'
    const word = Atomics.load(this.#lane.cells, this.#peerCell)
    if ((word & CLOSED) !== 0) return 'closed'
    return (word & DIED) !== 0 ? 'peer dead' : null
  }

  /** Tells the other side of everything that this one has done. */
  protected abstract settle(): void

  /** Nothing may be written, or read, by this side any more. */
  protected abstract stop(): void

  /**
   * The end of the stream, for good, and gives this end back. What was published is still read, and then the consumer is told;
   * a producer is told when it looks: when the ring is full by what it knows, or when it waits or asks.
   */
  close(): void {
    this.#leave(CLOSED)
  }

  /** Gives this end to whoever takes it next, who goes on where this one was; the ring stays open. */
  detach(): void {
    this.#leave(0)
  }

  #leave(fate: number): void {
    if (this.#left) return
    this.settle()
    this.#closed = true
    this.#left = true
    this.stop()
    if (freeEnd(this.#lane.cells, this.#cell, this.#ours, fate) && fate !== 0) rouseLane(this.#lane)
  }
}
