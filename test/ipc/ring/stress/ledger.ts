/**
 * What a round's threads have done, in memory that outlives each of them: a worker that is terminated leaves its entries. A
 * producer notes what it has published, after that; a consumer what it has read, after that.
 */

/** Producers, and consumers, that a round can have one after the other or at once. */
const ACTORS = 4
/** Messages that one producer can send: each has a bit. */
export const QUOTA = 2 ** 22

const STOP = 0
const SLEEPS = 1
const TIMED_OUT = 2
const MISSED = 3
const SENT = 8
const GOT = SENT + ACTORS
const DOUBLED = GOT + ACTORS
const PRODUCER_AT = DOUBLED + ACTORS
const CONSUMER_AT = PRODUCER_AT + ACTORS
const PRODUCER_TOLD = CONSUMER_AT + ACTORS
const CONSUMER_TOLD = PRODUCER_TOLD + ACTORS
const PRODUCER_SHARE = CONSUMER_TOLD + ACTORS
const CONSUMER_SHARE = PRODUCER_SHARE + ACTORS
/** How often somebody was woken, by cell: of several in one place together. */
const NOTIFIED = 64
const NOTIFIED_CELLS = 64
const SEEN = NOTIFIED + NOTIFIED_CELLS
const SEEN_CELLS = QUOTA / 32

export type Role = 'producer' | 'consumer'

export class Ledger {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array<SharedArrayBuffer>

  constructor(memory = new SharedArrayBuffer((SEEN + ACTORS * SEEN_CELLS) * 4)) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  clear(): void {
    this.#cells.fill(0)
  }

  stop(): void {
    Atomics.store(this.#cells, STOP, 1)
  }

  get stopped(): boolean {
    return Atomics.load(this.#cells, STOP) !== 0
  }

  /** @param number lane, or number of the end */
  attached(role: Role, who: number, number: number): void {
    Atomics.store(this.#cells, (role === 'producer' ? PRODUCER_AT : CONSUMER_AT) + who, number + 1)
  }

  /** -1: not yet. */
  numberOf(role: Role, who: number): number {
    return Atomics.load(this.#cells, (role === 'producer' ? PRODUCER_AT : CONSUMER_AT) + who) - 1
  }

  /** The actor learned that its peer is dead. */
  told(role: Role, who: number): void {
    Atomics.store(this.#cells, (role === 'producer' ? PRODUCER_TOLD : CONSUMER_TOLD) + who, 1)
  }

  wasTold(role: Role, who: number): boolean {
    return Atomics.load(this.#cells, (role === 'producer' ? PRODUCER_TOLD : CONSUMER_TOLD) + who) !== 0
  }

  /** Messages of the producer below this number are published. */
  sent(producer: number, count: number): void {
    Atomics.store(this.#cells, SENT + producer, count)
  }

  got(consumer: number, producer: number, seq: number): void {
    const bit = 1 << (seq & 31)
    const cell = SEEN + producer * SEEN_CELLS + (seq >>> 5)
    if ((Atomics.or(this.#cells, cell, bit) & bit) !== 0) Atomics.add(this.#cells, DOUBLED + consumer, 1)
    Atomics.add(this.#cells, GOT + consumer, 1)
  }

  progressOf(role: Role, who: number): number {
    return Atomics.load(this.#cells, (role === 'producer' ? SENT : GOT) + who)
  }

  /** The actor is to move so many more messages. */
  setShare(role: Role, who: number, more: number): void {
    const cell = (role === 'producer' ? PRODUCER_SHARE : CONSUMER_SHARE) + who
    Atomics.store(this.#cells, cell, this.progressOf(role, who) + more)
  }

  /** Whether it has moved them. */
  hasShare(role: Role, who: number): boolean {
    const share = Atomics.load(this.#cells, (role === 'producer' ? PRODUCER_SHARE : CONSUMER_SHARE) + who)
    return share > 0 && this.progressOf(role, who) >= share
  }

  notified(cell: number): void {
    Atomics.add(this.#cells, NOTIFIED + (cell & (NOTIFIED_CELLS - 1)), 1)
  }

  /** So many times those that sleep on the cell were woken. */
  notifiesOf(cell: number): number {
    return Atomics.load(this.#cells, NOTIFIED + (cell & (NOTIFIED_CELLS - 1)))
  }

  slept(timedOut: boolean): void {
    Atomics.add(this.#cells, SLEEPS, 1)
    if (timedOut) Atomics.add(this.#cells, TIMED_OUT, 1)
  }

  /** A sleep has ended by time-out, and there was news of which nobody had told the sleeper. */
  missed(): void {
    Atomics.add(this.#cells, MISSED, 1)
  }

  get sleeps(): { all: number; timedOut: number; missed: number } {
    const [all = 0, timedOut = 0, missed = 0] = this.#cells.subarray(SLEEPS, MISSED + 1)
    return { all, timedOut, missed }
  }

  /** Messages that were published, and that nobody has read. */
  get lost(): number {
    let lost = 0
    for (let producer = 0; producer < ACTORS; producer++) {
      const sent = this.progressOf('producer', producer)
      for (let seq = 0; seq < sent; seq++) {
        const cell = this.#cells[SEEN + producer * SEEN_CELLS + (seq >>> 5)] ?? 0
        if (cell === -1 && (seq & 31) === 0 && seq + 32 <= sent) seq += 31
        else if ((cell & (1 << (seq & 31))) === 0) lost += 1
      }
    }
    return lost
  }

  /** How often a message was read that somebody had read already. */
  get doubled(): number {
    let doubled = 0
    for (let consumer = 0; consumer < ACTORS; consumer++) doubled += this.#cells[DOUBLED + consumer] ?? 0
    return doubled
  }
}
