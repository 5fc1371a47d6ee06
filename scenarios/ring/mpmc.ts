import { choose, int32, type Program, scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import { DIED, freeEnd, TAKEN as HAD, isDead, mortal, noteRow, type Rows, rowsIn, takeEnd } from './ends.ts'
import { ASLEEP, type Bed, type Cells, rouse, type Waiter, type Woken, wait } from './protocol.ts'

/**
 * The algorithm of `ipclab/ring` from many to many, step by step as it is in ipc/ring/mpmc.ts (see `ring/protocol` for
 * what is left out). Every slot has a state, a word: its lap, who is at it, what is being done, and whether somebody sleeps on it.
 * All is decided by exchanges on these words; who dies leaves slots with its number on them, which are made void, or free.
 *
 * The hints, where the head and the tail are, are plain in the code, which never needs them to be right: here they are
 * `relaxed`, which says so, and any of their values since the beginning may be read where `stale` is set.
 */
export default scenario('the ring buffer: many producers, many consumers', {
  source: 'ipc/ring/mpmc.ts, mpmc-layout.ts, mpmc-outside.ts, after D. Vyukov: Bounded MPMC queue, 1024cores.net',
  about:
    'Every message comes once, those of a producer to one consumer in order; nobody sleeps who has work; closing is told to all. With dies, somebody dies before any of its calls, and is declared dead: at most the message that it was at is lost.',
  params: {
    slots: { default: 1, min: 1, max: 64, about: 'how many messages the ring holds, a power of two' },
    producers: { default: 1, min: 1, max: 4, about: 'how many send' },
    consumers: { default: 1, min: 1, max: 4, about: 'how many receive' },
    messages: { default: 1, min: 0, max: 50, about: 'how many each of the producers sends' },
    start: { default: -1, about: 'the ticket to begin with: by default the last one before tickets and laps wrap' },
    closes: {
      default: false,
      about: 'whether the last producer closes the ring; if not, consumers know how many there are',
    },
    stale: { default: false, about: 'whether hints may be as old as they can be' },
    dies: { default: 'nobody', oneOf: ['nobody', 'producer1', 'consumer1'], about: 'who may die, once' },
    at: { default: 0, min: 0, about: 'before which of its calls, the first being 1; 0: before any' },
  },
  ghost: () => ({ done: 0 }),
  *setup({ params }) {
    const { slots, start, producers, consumers, messages } = params
    const rows: Rows = { at: STATES + 2 * slots, count: consumers, length: producers * messages }
    const size = rows.at + rows.count * rows.length + 1
    const cells = int32Array(yield* shared_array_buffer(4 * size, { name: 'ring' }))
    yield* cells.set(TAIL_HINT, start)
    yield* cells.set(HEAD_HINT, start)
    const ring: Ring = { cells, slots, laps: lapsOf(slots) }
    for (let ticket = start; ticket < start + slots; ticket++)
      yield* Atomics.store(cells, cellOf(ring, ticket), state(lapOfTicket(ring, ticket), FREE, 0))
    return { ring, rows }
  },
  programs: {
    producer: {
      copies: ({ producers }) => producers,
      *program({ params, shared: { ring }, ghost, index, name }) {
        const producer = new Producer(ring, index, params.stale)
        function* life(): Program {
          yield* producer.attach()
          for (let sent = 1; sent <= params.messages; ) {
            if (yield* producer.push(100 * index + sent)) sent++
            else if ((yield* wait(ring.cells, producer)) === 'closed') return
          }
        }
        if (params.dies !== name) yield* life()
        else if (yield* mortal(ring.cells, life(), params.at)) yield* bury(ring, index)
        ghost.done += 1
        if (ghost.done === params.producers && params.closes)
          yield* params.dies === name ? close(ring) : producer.close()
      },
    },
    consumer: {
      copies: ({ consumers }) => consumers,
      *program({ params, shared: { ring, rows }, index, name }) {
        const number = params.producers + index
        const received: number[] = []
        function* life(): Program {
          const consumer = new Consumer(ring, number, params.stale, (message) => received.push(message))
          yield* consumer.attach()
          for (;;) {
            if ((yield* consumer.pop()) === null && (yield* wait(ring.cells, consumer)) === 'closed') return
            if (!params.closes && received.length * params.consumers === params.messages * params.producers) return
          }
        }
        if (params.dies !== name) yield* life()
        else if (yield* mortal(ring.cells, life(), params.at)) {
          yield* bury(ring, number)
          yield* life()
        }
        yield* noteRow(ring.cells, rows, index - 1, received)
      },
    },
  },
  atEnd: {
    'each consumer has the messages of each producer in order': ({ shared: { ring, rows }, load }) =>
      rowsIn(load, ring.cells, rows).every((its) =>
        its.every((message, i) => !its.slice(0, i).some((before) => isLater(before, message))),
      ),
    'every message has come once, but the one that somebody died over': ({ params, shared: { ring, rows }, load }) => {
      const all = rowsIn(load, ring.cells, rows).flat()
      if (new Set(all).size < all.length) return `came: ${all.join(' ')}`
      const missing = params.producers * params.messages - all.length
      const isExcused = isDead(load, ring.cells) && (missing === 1 || params.dies === 'producer1')
      return missing === 0 || isExcused || `came: ${all.join(' ')}`
    },
  },
  sometimes: {
    'who may die does': ({ params, shared: { ring }, load }) => params.dies === 'nobody' || isDead(load, ring.cells),
  },
  races: 'fail',
  expect: 'proved',
})

/** Of the same producer, and not before it. */
const isLater = (one: number, other: number): boolean =>
  Math.floor(one / 100) === Math.floor(other / 100) && one >= other

/** As ipc/ring/mpmc-layout.ts, but for the room between the cells, and for how many ends there can be. */
export const TAIL_HINT = 0
export const HEAD_HINT = 1
export const CLOSING = 2
export const ENDS = 3
const ENDS_MAX = 8
export const STATES = ENDS + ENDS_MAX + 1

export interface Ring {
  readonly cells: Cells
  readonly slots: number
  readonly laps: number
}

export const FREE = 0
const CLAIMED = 1
const FULL = 2
const TAKEN = 3
const VOID = 4
const END = 5

export const state = (lap: number, phase: number, owner: number): number => (lap << 12) | (owner << 4) | (phase << 1)
const phaseOf = (word: number): number => (word >>> 1) & 7
const ownerOf = (word: number): number => (word >>> 4) & 255
const lapOf = (word: number): number => word >>> 12
export const lapsOf = (slots: number): number => Math.min(2 ** 20, 2 ** 32 / slots)

const cellOf = ({ slots }: Ring, ticket: number): number => STATES + (ticket & (slots - 1))
const lapOfTicket = ({ slots, laps }: Ring, ticket: number): number => (ticket >>> Math.log2(slots)) & (laps - 1)

/** As `MpmcEnd`. */
abstract class MpmcEnd implements Waiter {
  protected readonly ring: Ring
  protected readonly number: number
  protected ticket = 0
  protected detached = false
  readonly #hint: number
  readonly #stale: boolean
  #ours = 0
  #first: number | null = null

  constructor(ring: Ring, number: number, hint: number, stale: boolean) {
    this.ring = ring
    this.number = number
    this.#hint = hint
    this.#stale = stale
  }

  /** Takes the end of that number; others look for one that is free. */
  *attach(): Program {
    const { cells } = this.ring
    this.ticket = yield* this.#hinted()
    this.#ours = yield* takeEnd(cells, ENDS + this.number, 0)
  }

  *#hinted(): Program<number> {
    const hint = yield* int32(this.ring.cells.addressOf(this.#hint)).load(0, 'relaxed')
    this.#first ??= hint
    return this.#stale && (yield* choose(2)) === 1 ? this.#first : hint
  }

  protected get cell(): number {
    return cellOf(this.ring, this.ticket)
  }

  protected get lap(): number {
    return lapOfTicket(this.ring, this.ticket)
  }

  protected freeAfter(lap: number): number {
    return state((lap + 1) & (this.ring.laps - 1), FREE, 0)
  }

  protected ahead(seen: number, lap: number): number {
    const difference = (lapOf(seen) - lap) & (this.ring.laps - 1)
    return difference < this.ring.laps / 2 ? difference : difference - this.ring.laps
  }

  protected *skip(): Program {
    const next = (this.ticket + 1) | 0
    const hint = yield* this.#hinted()
    const range = this.ring.laps * this.ring.slots
    const difference = ((hint - next) & (range - 1)) >>> 0
    this.ticket = difference > 0 && difference < range / 2 ? hint : next
  }

  protected *catchUp(laps: number): Program {
    this.ticket = (this.ticket + (laps - 1) * this.ring.slots + 1) | 0
    yield* int32(this.ring.cells.addressOf(this.#hint)).store(0, this.ticket, 'relaxed')
  }

  protected *advance(): Program {
    this.ticket = (this.ticket + 1) | 0
    yield* int32(this.ring.cells.addressOf(this.#hint)).store(0, this.ticket, 'relaxed')
  }

  protected *pass(cell: number, to: number): Program {
    const { cells } = this.ring
    if (((yield* Atomics.exchange(cells, cell, to)) & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)
  }

  protected *change(cell: number, from: number, to: number): Program {
    const { cells } = this.ring
    if ((yield* Atomics.compareExchange(cells, cell, from, to)) === from) yield* Atomics.notify(cells, cell)
  }

  abstract look(): Program<Woken | null>

  *fallAsleep(): Program<Bed | null> {
    const { cells } = this.ring
    const { cell } = this
    const before = yield* Atomics.load(cells, cell)
    if ((yield* this.look()) !== null || this.cell !== cell) return null
    const value = before | ASLEEP
    return (yield* Atomics.compareExchange(cells, cell, before, value)) === before ? { cell, value } : null
  }

  *wakeUp(): Program {}

  *close(): Program {
    if (this.detached) return
    yield* close(this.ring)
    yield* this.detach()
  }

  *detach(): Program {
    this.detached = true
    yield* freeEnd(this.ring.cells, ENDS + this.number, this.#ours, 0)
  }

  protected *closing(): Program<boolean> {
    return (yield* Atomics.load(this.ring.cells, CLOSING)) !== 0
  }
}

export class Producer extends MpmcEnd {
  constructor(ring: Ring, number: number, stale = false) {
    super(ring, number, TAIL_HINT, stale)
  }

  *push(message: number): Program<boolean> {
    const { cells, slots } = this.ring
    for (;;) {
      if (this.detached || (yield* int32(cells.addressOf(CLOSING)).load(0, 'relaxed')) !== 0) return false
      const { cell, lap } = this
      const free = state(lap, FREE, 0)
      const seen = yield* Atomics.compareExchange(cells, cell, free, state(lap, CLAIMED, this.number))
      if (seen === free || (yield* this.#claimSleptOn(cell, seen, free))) {
        yield* cells.set(cell + slots, message)
        yield* this.pass(cell, state(lap, FULL, 0))
        yield* this.advance()
        return true
      }
      if ((yield* this.#stands(seen, lap)) !== null) return false
    }
  }

  *#claimSleptOn(cell: number, seen: number, free: number): Program<boolean> {
    if (seen !== (free | ASLEEP)) return false
    const claimed = state(lapOf(free), CLAIMED, this.number) | ASLEEP
    return (yield* Atomics.compareExchange(this.ring.cells, cell, seen, claimed)) === seen
  }

  *#stands(seen: number, lap: number): Program<'full' | 'closed' | null> {
    const laps = this.ahead(seen, lap)
    const phase = phaseOf(seen)
    if (laps < -1 || (laps === -1 && phase === FREE)) {
      yield* this.catchUp(laps)
      return null
    }
    if (laps < 0) return (yield* this.closing()) ? 'closed' : 'full'
    if (laps === 0 && phase === FREE) return null
    if (laps === 0 && phase === END) return 'closed'
    yield* this.skip()
    return null
  }

  *look(): Program<Woken | null> {
    for (;;) {
      if (this.detached) return 'closed'
      const { lap } = this
      const seen = yield* Atomics.load(this.ring.cells, this.cell)
      if (this.ahead(seen, lap) === 0 && phaseOf(seen) === FREE) return (yield* this.closing()) ? 'closed' : 'ready'
      const why = yield* this.#stands(seen, lap)
      if (why !== null) return why === 'closed' ? why : null
    }
  }
}

export class Consumer extends MpmcEnd {
  readonly #onRead: (message: number) => void

  constructor(ring: Ring, number: number, stale = false, onRead: (message: number) => void = () => {}) {
    super(ring, number, HEAD_HINT, stale)
    this.#onRead = onRead
  }

  *pop(): Program<number | null> {
    const { cells, slots } = this.ring
    for (;;) {
      if (this.detached) return null
      const { cell, lap } = this
      const full = state(lap, FULL, 0)
      const seen = yield* Atomics.compareExchange(cells, cell, full, state(lap, TAKEN, this.number))
      if (seen === full || (yield* this.#takeSleptOn(cell, seen, full))) {
        const message = yield* cells.get(cell + slots)
        this.#onRead(message)
        yield* this.pass(cell, this.freeAfter(lap))
        yield* this.advance()
        return message
      }
      if ((yield* this.#stands(cell, seen, lap)) !== null) return null
    }
  }

  *#takeSleptOn(cell: number, seen: number, full: number): Program<boolean> {
    if (seen !== (full | ASLEEP)) return false
    const taken = state(lapOf(full), TAKEN, this.number) | ASLEEP
    return (yield* Atomics.compareExchange(this.ring.cells, cell, seen, taken)) === seen
  }

  *#stands(cell: number, seen: number, lap: number): Program<'empty' | 'closed' | null> {
    const laps = this.ahead(seen, lap)
    const phase = phaseOf(seen)
    if (laps < -1 || (laps === -1 && phase !== TAKEN)) {
      yield* this.catchUp(laps)
      return null
    }
    if (laps < 0) return 'empty'
    if (laps > 0 || phase === TAKEN) {
      yield* this.skip()
      return null
    }
    if (phase === END) return 'closed'
    if (phase === CLAIMED) return 'empty'
    if (phase === VOID) {
      yield* this.change(cell, seen, this.freeAfter(lap))
      return null
    }
    if (phase === FREE && (yield* this.closing())) {
      yield* this.change(cell, seen, state(lap, END, 0))
      return null
    }
    return phase === FREE ? 'empty' : null
  }

  *look(): Program<Woken | null> {
    for (;;) {
      if (this.detached) return 'closed'
      const { cell, lap } = this
      const seen = yield* Atomics.load(this.ring.cells, cell)
      if (this.ahead(seen, lap) === 0 && phaseOf(seen) === FULL) return 'ready'
      const why = yield* this.#stands(cell, seen, lap)
      if (why !== null) return why === 'closed' ? why : null
    }
  }
}

/** As ipc/ring/mpmc-outside.ts. */
export function* close({ cells, slots }: Ring): Program {
  yield* Atomics.store(cells, CLOSING, 1)
  for (let cell = STATES; cell < STATES + slots; cell++) yield* rouse(cells, cell)
}

export function* bury({ cells, slots, laps }: Ring, number: number): Program {
  const ours = yield* Atomics.load(cells, ENDS + number)
  if ((ours & (HAD | DIED)) !== HAD) return
  if ((yield* Atomics.compareExchange(cells, ENDS + number, ours, ours | DIED)) !== ours) return
  for (let cell = STATES; cell < STATES + slots; cell++) {
    for (;;) {
      const word = yield* Atomics.load(cells, cell)
      if (ownerOf(word) !== number) break
      const after =
        phaseOf(word) === CLAIMED ? state(lapOf(word), VOID, 0) : state((lapOf(word) + 1) & (laps - 1), FREE, 0)
      yield* Atomics.compareExchange(cells, cell, word, after)
    }
    yield* Atomics.notify(cells, cell)
  }
  yield* freeEnd(cells, ENDS + number, ours | DIED, 0)
}
