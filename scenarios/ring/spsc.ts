import { choose, type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

/**
 * The algorithm of `ipclab/ring` for one producer and one consumer, step by step as it is in ipc/ring: what is atomic there
 * is a call of `Atomics` here, on the same cell, and test/scenarios/ring.test.ts holds the two against each other. Left out:
 * the spinning before a sleep, and the sleep's time-out. With it nobody sleeps for ever; without it whoever sleeps though he
 * has work is a deadlock, and found.
 *
 * A side publishes how far it is by an exchange on its cell, which tells it whether the other sleeps there. Who wants to sleep
 * leaves a mark in the cell, by a compare-and-swap that fails if there is news, looks once more, since that the ring was
 * closed is told elsewhere, and sleeps on the marked value.
 *
 * A message is one plain word. As `races` is `fail`, none can be torn, or overwritten while it is read.
 */
export default scenario('the ring buffer: one producer, one consumer', {
  source: 'ipc/ring/protocol.ts, waiting.ts, spsc-producer.ts, spsc-consumer.ts, ends.ts',
  about:
    'Messages come once and in order, across the wrap of the positions; nobody sleeps who has work; closing is told to both. With dies, one side dies before any of its calls, is declared dead, and another takes its place.',
  params: {
    slots: { default: 2, min: 1, max: 64, about: 'how many messages the ring holds, a power of two' },
    messages: { default: 3, min: 0, max: 100, about: 'how many are sent' },
    start: {
      default: 0x7ffffffe,
      about: 'where positions begin, doubled: by default one message before their sign changes',
    },
    lump: { default: 2, min: 1, max: 64, about: 'how many slots the consumer gives back at once' },
    held: { default: 1, min: 1, max: 16, about: 'how many messages the producer publishes at once' },
    closes: {
      default: 'producer',
      oneOf: ['producer', 'consumer', 'outside', 'nobody'],
      about: 'who closes the ring; nobody: the consumer leaves after the last message',
    },
    dies: { default: 'nobody', oneOf: ['nobody', 'producer', 'consumer'], about: 'who may die' },
  },
  ghost: () => ({ lives: [] as number[][] }),
  *setup({ params: { slots, start } }) {
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + LANE_CELLS + slots), { name: 'ring' }))
    yield* Atomics.store(cells, HEAD_CELLS + WRITTEN, start)
    yield* Atomics.store(cells, HEAD_CELLS + READ, start)
    const lane = laneAt(cells, HEAD_CELLS, slots)
    yield* take(lane, 'producer')
    yield* take(lane, 'consumer')
    return lane
  },
  programs: {
    *producer({ params, shared: lane }) {
      function* life(first: boolean): Program {
        const producer = new Producer(lane, params.held)
        yield* producer.attach(first ? 1 : yield* take(lane, 'producer'))
        // Who comes after another goes on behind what that one has published.
        for (let sent = ((producer.at - params.start) | 0) >> 1; sent < params.messages; sent++) {
          while (!(yield* producer.write(sent + 1))) {
            const woken = yield* wait(lane.cells, producer)
            if (woken === 'closed') return
            if (woken === 'peer dead')
              yield* lane.cells.await_(lane.at + STATE, (state) => (state & CONSUMER_DEAD) === 0)
          }
        }
        yield* producer.flush()
        if (params.closes === 'producer') yield* producer.close()
      }
      if (params.dies !== 'producer') return yield* life(true)
      if (!(yield* mortal(life(true)))) return
      yield* declareDead(lane, 'producer')
      yield* life(false)
    },
    *consumer({ params, shared: lane, ghost }) {
      function* life(first: boolean): Program {
        const received: number[] = []
        ghost.lives.push(received)
        const consumer = new Consumer(lane, params.lump, (message) => received.push(message))
        yield* consumer.attach(first ? 1 : yield* take(lane, 'consumer'))
        for (;;) {
          const message = yield* consumer.pop()
          if (message === null) {
            const woken = yield* wait(lane.cells, consumer)
            if (woken === 'closed') return
            if (woken === 'peer dead')
              yield* lane.cells.await_(lane.at + STATE, (state) => (state & PRODUCER_DEAD) === 0)
          }
          if (message === params.messages - 1 && params.closes === 'consumer') return yield* consumer.close()
          if (message === params.messages && params.closes === 'nobody') return
        }
      }
      if (params.dies !== 'consumer') return yield* life(true)
      if (!(yield* mortal(life(true)))) return
      yield* declareDead(lane, 'consumer')
      yield* life(false)
    },
    closer: {
      copies: ({ closes }) => (closes === 'outside' ? 1 : 0),
      *program({ shared: lane }) {
        yield* announce(lane, CLOSED_BY_PRODUCER)
      },
    },
  },
  atEnd: {
    'messages come in order, and none twice but those of a consumer that died': ({ params, ghost }) => {
      let last = 0
      for (const [life, received] of ghost.lives.entries()) {
        const first = received[0] ?? last + 1
        if (first > last + 1 || first <= last - (life === 0 ? 0 : params.lump)) return `${first} came after ${last}`
        if (received.some((message, i) => message !== first + i)) return `came: ${received.join(' ')}`
        last = Math.max(last, first + received.length - 1)
      }
      return true
    },
    'all that was sent has come, unless the ring was closed before': ({ params: { closes, messages }, ghost }) =>
      closes === 'consumer' || closes === 'outside' || Math.max(0, ...ghost.lives.flat()) === messages,
  },
  races: 'fail',
  expect: 'proved',
})

export type Cells = SharedArray<'i32'>

/** As ipc/ring/layout.ts, but for the room between the cells: where the consumer of many lanes sleeps, and the lanes. */
export const DOORBELL = 0
export const HEAD_CELLS = 1

/** A lane: its cells, and then its messages. */
export const STATE = 0
export const PRODUCER = 1
export const CONSUMER = 2
export const WRITTEN = 3
export const READ = 4
export const LANE_CELLS = 5

export const CLOSED_BY_PRODUCER = 1
export const CLOSED_BY_CONSUMER = 2
export const PRODUCER_DEAD = 4
export const CONSUMER_DEAD = 8
const CLOSED = CLOSED_BY_PRODUCER | CLOSED_BY_CONSUMER

export interface Lane {
  readonly cells: Cells
  /** Its first cell. */
  readonly at: number
  readonly slots: number
  /** Where the consumer sleeps. */
  readonly bell: number
}

export const laneAt = (cells: Cells, at: number, slots: number, bell = at + WRITTEN): Lane => ({
  cells,
  at,
  slots,
  bell,
})

/** As ipc/ring/protocol.ts. */
export const ASLEEP = 1

export function* publish(cells: Cells, cell: number, position: number): Program {
  if (((yield* Atomics.exchange(cells, cell, position)) & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)
}

function* publishAndRing(cells: Cells, cell: number, position: number, bell: number): Program {
  if (((yield* Atomics.exchange(cells, cell, position)) & ASLEEP) === 0) return
  if (bell !== cell) yield* Atomics.add(cells, bell, 1)
  yield* Atomics.notify(cells, bell)
}

export function* published(cells: Cells, cell: number): Program<number> {
  return (yield* Atomics.load(cells, cell)) & ~ASLEEP
}

function* markAsleep(cells: Cells, cell: number, position: number): Program<boolean> {
  return ((yield* Atomics.compareExchange(cells, cell, position, position | ASLEEP)) & ~ASLEEP) === position
}

function* unmark(cells: Cells, cell: number, position: number): Program {
  yield* Atomics.compareExchange(cells, cell, position | ASLEEP, position)
}

export function* rouse(cells: Cells, cell: number): Program {
  yield* Atomics.and(cells, cell, ~ASLEEP)
  yield* Atomics.notify(cells, cell)
}

/** As ipc/ring/waiting.ts, without spinning, and without a limit to the sleep. */
export type Woken = 'ready' | 'closed' | 'peer dead'

export interface Bed {
  readonly cell: number
  readonly value: number
}

export interface Waiter {
  look(): Program<Woken | null>
  fallAsleep(): Program<Bed | null>
  wakeUp(): Program
}

export function* wait(cells: Cells, waiter: Waiter): Program<Woken> {
  for (;;) {
    const woken = yield* waiter.look()
    if (woken !== null) return woken
    const bed = yield* waiter.fallAsleep()
    if (bed === null) continue
    const missed = yield* waiter.look()
    if (missed === null) yield* Atomics.wait(cells, bed.cell, bed.value)
    yield* waiter.wakeUp()
  }
}

/** As ipc/ring/ends.ts and attach.ts. */
export type End = 'producer' | 'consumer'

const cellOf = ({ at }: Lane, end: End): number => at + (end === 'producer' ? PRODUCER : CONSUMER)
const deadBit = (end: End): number => (end === 'producer' ? PRODUCER_DEAD : CONSUMER_DEAD)

export function* take(lane: Lane, end: End): Program<number> {
  const { cells, at } = lane
  const cell = cellOf(lane, end)
  const count = yield* Atomics.load(cells, cell)
  if ((count & 1) === 1 || (yield* Atomics.compareExchange(cells, cell, count, count + 1)) !== count)
    throw new Error(`somebody is the ${end} already`)
  yield* Atomics.and(cells, at + STATE, ~deadBit(end))
  return count + 1
}

function* returnEnd(lane: Lane, end: End, taken: number): Program<boolean> {
  return (yield* Atomics.compareExchange(lane.cells, cellOf(lane, end), taken, taken + 1)) === taken
}

export function* announce({ cells, at }: Lane, bits: number): Program {
  yield* Atomics.or(cells, at + STATE, bits)
  yield* rouse(cells, at + WRITTEN)
  yield* rouse(cells, at + READ)
  yield* Atomics.add(cells, DOORBELL, 1)
  yield* Atomics.notify(cells, DOORBELL)
}

export function* declareDead(lane: Lane, end: End): Program {
  const count = yield* Atomics.load(lane.cells, cellOf(lane, end))
  if ((count & 1) === 1 && (yield* returnEnd(lane, end, count))) yield* announce(lane, deadBit(end))
}

/**
 * Runs what a thread does until it is through, or dies: before any of its calls, if it is so chosen. Whether it died; the
 * caller is then the thread's parent, who has seen it end.
 */
export function* mortal(life: Program): Program<boolean> {
  for (let next = life.next(); next.done !== true; ) {
    if ((yield* choose(2)) === 1) return true
    next = life.next(yield next.value)
  }
  return false
}

/** As ipc/ring/spsc-producer.ts: `write`, which is `push` where every message is told of at once. */
export class Producer implements Waiter {
  at = 0
  readonly #lane: Lane
  readonly #held: number
  #full = 0
  #told = 0
  #bedAt = 0
  #taken = 0
  #detached = false

  constructor(lane: Lane, held = 1) {
    this.#lane = lane
    this.#held = held
  }

  get #span(): number {
    return 2 * this.#lane.slots
  }

  /** @param taken what `take` has given */
  *attach(taken: number): Program {
    const { cells, at } = this.#lane
    this.#taken = taken
    this.at = yield* published(cells, at + WRITTEN)
    this.#told = this.at
    this.#full = ((yield* published(cells, at + READ)) + this.#span) | 0
  }

  *write(message: number): Program<boolean> {
    if (this.at === this.#full && !(yield* this.#hasRoom())) return false
    yield* this.#lane.cells.set(slotOf(this.#lane, this.at), message)
    this.at = (this.at + 2) | 0
    if (((this.at - this.#told) | 0) >= 2 * this.#held) yield* this.flush()
    return true
  }

  *flush(): Program {
    if (this.#told === this.at) return
    this.#told = this.at
    const { cells, at, bell } = this.#lane
    yield* publishAndRing(cells, at + WRITTEN, this.at, bell)
  }

  *#hasRoom(): Program<boolean> {
    if (this.#detached) return false
    yield* this.flush()
    const { cells, at } = this.#lane
    this.#full = ((yield* published(cells, at + READ)) + this.#span) | 0
    return this.at !== this.#full && ((yield* Atomics.load(cells, at + STATE)) & CLOSED) === 0
  }

  *look(): Program<Woken | null> {
    if (this.#detached) return 'closed'
    const state = yield* Atomics.load(this.#lane.cells, this.#lane.at + STATE)
    if ((state & CLOSED) !== 0) return 'closed'
    if (this.at !== this.#full || (yield* this.#hasRoom())) return 'ready'
    return (state & CONSUMER_DEAD) !== 0 ? 'peer dead' : null
  }

  *fallAsleep(): Program<Bed | null> {
    yield* this.flush()
    this.#bedAt = (this.#full - this.#span) | 0
    const cell = this.#lane.at + READ
    return (yield* markAsleep(this.#lane.cells, cell, this.#bedAt)) ? { cell, value: this.#bedAt | ASLEEP } : null
  }

  *wakeUp(): Program {
    yield* unmark(this.#lane.cells, this.#lane.at + READ, this.#bedAt)
  }

  *close(): Program {
    if (this.#detached) return
    yield* this.flush()
    yield* announce(this.#lane, CLOSED_BY_PRODUCER)
    this.#detached = true
    this.#full = this.at
    yield* returnEnd(this.#lane, 'producer', this.#taken)
  }
}

/** As ipc/ring/spsc-consumer.ts. */
export class Consumer implements Waiter {
  readonly #lane: Lane
  readonly #lump: number
  readonly #onRead: (message: number) => void
  #at = 0
  #until = 0
  #returned = 0
  #bedAt = 0
  #taken = 0
  #detached = false

  /** @param onRead told of each message when it has been copied */
  constructor(lane: Lane, lump: number, onRead: (message: number) => void = () => {}) {
    this.#lane = lane
    this.#lump = lump
    this.#onRead = onRead
  }

  *attach(taken: number): Program {
    this.#taken = taken
    this.#at = yield* published(this.#lane.cells, this.#lane.at + READ)
    this.#returned = this.#at
    this.#until = this.#at
  }

  *pop(): Program<number | null> {
    if (this.#at === this.#until && !(yield* this.#hasMore())) return null
    const message = yield* this.#lane.cells.get(slotOf(this.#lane, this.#at))
    this.#onRead(message)
    this.#at = (this.#at + 2) | 0
    if (((this.#at - this.#returned) | 0) >= 2 * this.#lump) yield* this.#giveBack()
    return message
  }

  *#giveBack(): Program {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    yield* publish(this.#lane.cells, this.#lane.at + READ, this.#at)
  }

  *#hasMore(): Program<boolean> {
    if (this.#detached) return false
    this.#until = yield* published(this.#lane.cells, this.#lane.at + WRITTEN)
    if (this.#at !== this.#until) return true
    yield* this.#giveBack()
    return false
  }

  *look(): Program<Woken | null> {
    if (this.#detached) return 'closed'
    if (this.#at !== this.#until) return 'ready'
    const state = yield* Atomics.load(this.#lane.cells, this.#lane.at + STATE)
    if (yield* this.#hasMore()) return 'ready'
    if ((state & CLOSED) !== 0) return 'closed'
    return (state & PRODUCER_DEAD) !== 0 ? 'peer dead' : null
  }

  *fallAsleep(): Program<Bed | null> {
    yield* this.#giveBack()
    this.#bedAt = this.#until
    const cell = this.#lane.at + WRITTEN
    return (yield* markAsleep(this.#lane.cells, cell, this.#bedAt)) ? { cell, value: this.#bedAt | ASLEEP } : null
  }

  *wakeUp(): Program {
    yield* unmark(this.#lane.cells, this.#lane.at + WRITTEN, this.#bedAt)
  }

  *close(): Program {
    if (this.#detached) return
    yield* this.#giveBack()
    yield* announce(this.#lane, CLOSED_BY_CONSUMER)
    this.#detached = true
    this.#until = this.#at
    yield* returnEnd(this.#lane, 'consumer', this.#taken)
  }
}

/** Cell of the message at a position. */
const slotOf = ({ at, slots }: Lane, position: number): number => at + LANE_CELLS + ((position >>> 1) & (slots - 1))
