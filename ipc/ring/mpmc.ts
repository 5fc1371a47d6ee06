import { type RingHandle, shapeBehind } from './create.ts'
import { freeEnd, takeEnd } from './ends.ts'
import { RingError } from './errors.ts'
import {
  ahead,
  CLAIMED,
  CLOSING,
  END,
  ENDS,
  ENDS_MAX,
  FREE,
  FULL,
  HEAD_HINT,
  lapOf,
  lapsOf,
  phaseOf,
  STATES,
  slotsAt,
  state,
  TAIL_HINT,
  TAKEN,
  ticketsAhead,
  VOID,
} from './mpmc-layout.ts'
import { closeMpmc } from './mpmc-outside.ts'
import { Pace, type Tune } from './pace.ts'
import { ASLEEP } from './protocol.ts'
import { Slots } from './slots.ts'
import { messagesOf, type StreamOptions } from './stream.ts'
import { type AsyncWaitOptions, type Bed, type Waiter, Waiting, type Woken } from './waiting.ts'

/**
 * One end of a ring from many to many: what its producers and its consumers have in common. Messages are taken in the order in
 * which their slots were claimed, each once. What a death costs: a producer's, the message it was writing; a consumer's, the one it was reading.
 */
abstract class MpmcEnd extends Waiting {
  /** Messages that the ring holds. */
  readonly capacity: number
  /** Bytes of a message. */
  readonly messageBytes: number
  /** This end's number, by which `declareDead` knows it. */
  readonly number: number
  protected readonly slots: Slots
  protected readonly cells: Int32Array<SharedArrayBuffer>
  protected override readonly waiter: Waiter
  readonly #handle: RingHandle
  readonly #mask: number
  readonly #lapShift: number
  readonly #laps: number
  readonly #hint: number
  readonly #ours: number
  /** The next one to be claimed, or taken, as far as is known: never ahead of the truth. */
  protected ticket: number
  protected detached = false

  constructor(handle: RingHandle, hint: number, owner: number) {
    super()
    const shape = shapeBehind(handle, 'mpmc')
    this.#handle = handle
    this.capacity = shape.slots
    this.messageBytes = shape.messageBytes
    this.cells = new Int32Array(handle.memory)
    this.slots = new Slots(shape, handle.memory, slotsAt(shape))
    this.#mask = shape.slots - 1
    this.#lapShift = Math.log2(shape.slots)
    this.#laps = lapsOf(shape.slots)
    this.#hint = hint
    this.ticket = this.cells[hint] ?? 0
    const { number, ours } = takeNumber(this.cells, owner)
    this.number = number
    this.#ours = ours
    this.waiter = {
      cells: this.cells,
      look: () => this.look(),
      fallAsleep: () => this.#fallAsleep(),
      // The mark stays: others may sleep on the same slot, and one wake-up too many harms nobody.
      wakeUp: () => {},
    }
  }

  /** Where the state of a ticket's slot is. */
  protected cellOf(ticket: number): number {
    return STATES + (ticket & this.#mask)
  }

  protected lapOf(ticket: number): number {
    return (ticket >>> this.#lapShift) & (this.#laps - 1)
  }

  /** The state of a slot that is free again. */
  protected freeAfter(lap: number): number {
    return state((lap + 1) & (this.#laps - 1), FREE, 0)
  }

  protected ahead(seen: number, lap: number): number {
    return ahead(lapOf(seen), lap, this.#laps)
  }

  /** This ticket has gone: to the next that may be there. */
  protected skip(): void {
    const next = (this.ticket + 1) | 0
    const hint = this.cells[this.#hint] ?? 0
    this.ticket = this.#ahead(hint, next) > 0 ? hint : next
  }

  #ahead(one: number, other: number): number {
    return ticketsAhead(one, other, this.#laps * this.capacity)
  }

  /**
   * A slot can be one lap behind this end's ticket, never more: if it seems to be, it is ahead by more than half of all laps,
   * since others went on for long without this end, or without whoever wrote the hint. Back to the oldest ticket that may not
   * have gone yet.
   */
  protected catchUp(laps: number): void {
    this.ticket = (this.ticket + (laps - 1) * this.capacity + 1) | 0
    this.cells[this.#hint] = this.ticket
  }

  /** This end has had the ticket. */
  protected advance(): void {
    this.ticket = (this.ticket + 1) | 0
    this.cells[this.#hint] = this.ticket
  }

  /** Puts a slot into its next state, and wakes those who slept on it. */
  protected pass(cell: number, to: number): void {
    if ((Atomics.exchange(this.cells, cell, to) & ASLEEP) !== 0) Atomics.notify(this.cells, cell)
  }

  /** As `pass`, unless somebody else was quicker. */
  protected change(cell: number, from: number, to: number): void {
    if (Atomics.compareExchange(this.cells, cell, from, to) === from) Atomics.notify(this.cells, cell)
  }

  /** Whether there is something to be done, or never will be; `null`: not now. */
  protected abstract look(): Woken | null

  #fallAsleep(): Bed | null {
    const cell = this.cellOf(this.ticket)
    const before = Atomics.load(this.cells, cell)
    // After the state was read: what changes it later, changes what we sleep on.
    if (this.look() !== null || this.cellOf(this.ticket) !== cell) return null
    const value = before | ASLEEP
    return Atomics.compareExchange(this.cells, cell, before, value) === before ? { cell, value } : null
  }

  /**
   * Closes the ring for everybody, and gives this end back: what was sent is still read. What another sends at the same time is
   * read, too, or refused.
   */
  close(): void {
    if (this.detached) return
    closeMpmc(this.#handle)
    this.detach()
  }

  /** Gives this end to whoever takes it next; the ring stays open. */
  detach(): void {
    this.detached = true
    freeEnd(this.cells, ENDS + this.number, this.#ours, 0)
  }

  protected get closing(): boolean {
    return Atomics.load(this.cells, CLOSING) !== 0
  }
}

/** An end of a ring from many to many that sends. */
export class MpmcProducer extends MpmcEnd {
  /** By `attachProducer`. @throws RingError `not a ring`, `wrong kind`, `taken`: there are 255 ends already */
  constructor(handle: RingHandle, owner: number) {
    super(handle, TAIL_HINT, owner)
  }

  /** As `push`, awaiting room: `ready`, it is sent; or why it was not. Copied when there is room: leave the array alone till then. */
  pushAsync(message: ArrayBufferView, options: AsyncWaitOptions = {}): Promise<Woken> {
    return this.retry(() => this.push(message), options)
  }

  /** Sends a copy of the message. `false`: the ring is full, or closed. @throws RingError `bad argument`: the array is too small */
  push(message: ArrayBufferView): boolean {
    // Before a slot is claimed: one that was, and is not filled, would hold up everybody.
    this.slots.accept(message)
    for (;;) {
      // A plain look: whoever misses it for a moment sends what is still read.
      if (this.detached || this.cells[CLOSING] !== 0) return false
      const { ticket } = this
      const cell = this.cellOf(ticket)
      const lap = this.lapOf(ticket)
      const free = state(lap, FREE, 0)
      const seen = Atomics.compareExchange(this.cells, cell, free, state(lap, CLAIMED, this.number))
      if (seen === free || this.#claimSleptOn(cell, seen, free)) {
        this.slots.put(message, ticket << 1)
        this.pass(cell, state(lap, FULL, 0))
        this.advance()
        return true
      }
      if (this.#stands(seen, lap) !== null) return false
    }
  }

  /** As the claim of a free slot, where somebody sleeps on it. */
  #claimSleptOn(cell: number, seen: number, free: number): boolean {
    if (seen !== (free | ASLEEP)) return false
    const claimed = state(lapOf(free), CLAIMED, this.number) | ASLEEP
    return Atomics.compareExchange(this.cells, cell, seen, claimed) === seen
  }

  /** Why a slot in that state can't be claimed with this end's ticket; `null`: it may be tried (again). */
  #stands(seen: number, lap: number): 'full' | 'closed' | null {
    const laps = this.ahead(seen, lap)
    const phase = phaseOf(seen)
    if (laps < -1 || (laps === -1 && phase === FREE)) {
      this.catchUp(laps)
      return null
    }
    if (laps < 0) return this.closing ? 'closed' : 'full'
    if (laps === 0 && phase === FREE) return null
    if (laps === 0 && phase === END) return 'closed'
    this.skip()
    return null
  }

  protected override look(): Woken | null {
    for (;;) {
      if (this.detached) return 'closed'
      const { ticket } = this
      const lap = this.lapOf(ticket)
      const seen = Atomics.load(this.cells, this.cellOf(ticket))
      if (this.ahead(seen, lap) === 0 && phaseOf(seen) === FREE) return this.closing ? 'closed' : 'ready'
      const why = this.#stands(seen, lap)
      if (why !== null) return why === 'closed' ? why : null
    }
  }
}

/** An end of a ring from many to many that receives. */
export class MpmcConsumer extends MpmcEnd {
  readonly #pace: Pace

  /** By `attachConsumer`. @throws RingError `not a ring`, `wrong kind`, `taken`: there are 255 ends already */
  constructor(handle: RingHandle, owner: number, tune: Tune) {
    super(handle, HEAD_HINT, owner)
    this.#pace = new Pace(tune)
  }

  /** As `pop`, awaiting a message: `ready`, it is in the array; or why there is none. */
  popAsync(message: ArrayBufferView, options: AsyncWaitOptions = {}): Promise<Woken> {
    return this.retry(() => this.pop(message), options)
  }

  /** Takes the oldest message, as a copy. `false`: there is none. @throws RingError `bad argument`: the array is too small */
  pop(message: ArrayBufferView): boolean {
    this.slots.accept(message)
    for (;;) {
      if (this.detached) return false
      const { ticket } = this
      const cell = this.cellOf(ticket)
      const lap = this.lapOf(ticket)
      const full = state(lap, FULL, 0)
      const seen = Atomics.compareExchange(this.cells, cell, full, state(lap, TAKEN, this.number))
      if (seen === full || this.#takeSleptOn(cell, seen, full)) {
        this.slots.take(message, ticket << 1)
        this.pass(cell, this.freeAfter(lap))
        this.advance()
        return true
      }
      if (this.#stands(cell, seen, lap) === null) continue
      this.#pace.foundNone()
      return false
    }
  }

  /** As the taking of a full slot, where somebody sleeps on it. */
  #takeSleptOn(cell: number, seen: number, full: number): boolean {
    if (seen !== (full | ASLEEP)) return false
    const taken = state(lapOf(full), TAKEN, this.number) | ASLEEP
    return Atomics.compareExchange(this.cells, cell, seen, taken) === seen
  }

  /** Why a slot in that state can't be taken with this end's ticket; `null`: it may be tried (again). */
  #stands(cell: number, seen: number, lap: number): 'empty' | 'closed' | null {
    const laps = this.ahead(seen, lap)
    const phase = phaseOf(seen)
    if (laps < -1 || (laps === -1 && phase !== TAKEN)) {
      this.catchUp(laps)
      return null
    }
    if (laps < 0) return 'empty'
    if (laps > 0 || phase === TAKEN) {
      this.skip()
      return null
    }
    if (phase === END) return 'closed'
    if (phase === CLAIMED) return 'empty'
    if (phase === VOID) {
      this.change(cell, seen, this.freeAfter(lap))
      return null
    }
    if (phase === FREE && this.closing) {
      // From here on nobody can claim it: so what was sent has all been seen.
      this.change(cell, seen, state(lap, END, 0))
      return null
    }
    return phase === FREE ? 'empty' : null
  }

  /** Whether there is nothing to read and never will be. */
  get ended(): boolean {
    return this.look() === 'closed'
  }

  protected override look(): Woken | null {
    for (;;) {
      if (this.detached) return 'closed'
      const { ticket } = this
      const lap = this.lapOf(ticket)
      const cell = this.cellOf(ticket)
      const seen = Atomics.load(this.cells, cell)
      if (this.ahead(seen, lap) === 0 && phaseOf(seen) === FULL) return 'ready'
      const why = this.#stands(cell, seen, lap)
      if (why !== null) return why === 'closed' ? why : null
    }
  }

  /** Copies of the messages as they come, until the ring is closed. @throws the signal's reason */
  messages(options: StreamOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return messagesOf(this, options)
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    return this.messages()
  }
}

/** A free number for an end. */
function takeNumber(cells: Int32Array, owner: number): { number: number; ours: number } {
  for (let number = 1; number <= ENDS_MAX; number++) {
    const ours = takeEnd(cells, ENDS + number, owner)
    if (ours !== 0) return { number, ours }
  }
  throw new RingError('taken', `this ring has ${ENDS_MAX} ends already; of those that are gone, say so by declareDead`)
}
