import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  CONSUMER,
  close,
  DIED,
  declareDead,
  HEAD_CELLS,
  isDead,
  LANE_CELLS,
  type Lane,
  LaneEnd,
  laneAt,
  mortal,
  PRODUCER,
  READ,
  TAKEN_FIRST,
  takeEnd,
  WRITTEN,
} from './ends.ts'
import { publish, publishAndRing, published, type Woken, wait } from './protocol.ts'

/**
 * The algorithm of `ipclab/ring` for one producer and one consumer, step by step as it is in ipc/ring: see `ring/protocol` for
 * what is left out, and how it is kept the same. A message is one plain word; as `races` is `fail`, none can be torn, or
 * overwritten while it is read.
 *
 * What can be seen twice: messages that a consumer had read, and not given back, when it died. As `pop` may give a message back
 * before it returns, the last one can also be lost with a consumer that dies in between.
 */
export default scenario('the ring buffer: one producer, one consumer', {
  source: 'ipc/ring/spsc-producer.ts, spsc-consumer.ts',
  about:
    'Messages come once and in order, across the wrap of the positions; nobody sleeps who has work; closing is told to both. With dies, one side dies before any of its calls, is declared dead, and another takes its place.',
  params: {
    slots: { default: 2, min: 1, max: 64, about: 'how many messages the ring holds, a power of two' },
    messages: { default: 2, min: 0, max: 100, about: 'how many are sent' },
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
    dies: { default: 'nobody', oneOf: ['nobody', 'producer', 'consumer'], about: 'who may die, once' },
    at: { default: 0, min: 0, about: 'before which of its calls, the first being 1; 0: before any' },
  },
  ghost: () => ({ lives: [] as number[][] }),
  *setup({ params: { slots, start } }) {
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + LANE_CELLS + slots + 1), { name: 'ring' }))
    yield* Atomics.store(cells, HEAD_CELLS + WRITTEN, start)
    yield* Atomics.store(cells, HEAD_CELLS + READ, start)
    const lane = laneAt(cells, HEAD_CELLS, slots)
    yield* takeEnd(cells, lane.at + PRODUCER, 0)
    yield* takeEnd(cells, lane.at + CONSUMER, 0)
    return lane
  },
  programs: {
    *producer({ params, shared: lane }) {
      function* life(first: boolean): Program {
        const producer = new Producer(lane, params.held)
        yield* producer.attach(first ? TAKEN_FIRST : yield* takeEnd(lane.cells, lane.at + PRODUCER, 0))
        if (!first && (yield* producer.fate()) === 'closed') return
        // Who comes after another goes on behind what that one has published.
        for (let sent = ((producer.at - params.start) | 0) >> 1; sent < params.messages; sent++) {
          while (!(yield* params.held > 1 ? producer.write(sent + 1) : producer.push(sent + 1))) {
            const woken = yield* wait(lane.cells, producer)
            if (woken === 'closed') return
            if (woken === 'peer dead') yield* lane.cells.await_(lane.at + CONSUMER, (word) => (word & DIED) === 0)
          }
        }
        yield* producer.flush()
        if (params.closes === 'producer') yield* producer.close()
      }
      if (params.dies !== 'producer') return yield* life(true)
      if (!(yield* mortal(lane.cells, life(true), params.at))) return
      yield* declareDead(lane, PRODUCER, 0)
      yield* life(false)
    },
    *consumer({ params, shared: lane, ghost }) {
      function* life(first: boolean): Program {
        const received: number[] = []
        ghost.lives.push(received)
        const consumer = new Consumer(lane, params.lump, (message) => received.push(message))
        yield* consumer.attach(first ? TAKEN_FIRST : yield* takeEnd(lane.cells, lane.at + CONSUMER, 0))
        for (;;) {
          const message = yield* consumer.pop()
          if (message === null) {
            const woken = yield* wait(lane.cells, consumer)
            if (woken === 'closed') return
            if (woken === 'peer dead') yield* lane.cells.await_(lane.at + PRODUCER, (word) => (word & DIED) === 0)
          }
          if (message !== null && message >= params.messages - 1 && params.closes === 'consumer')
            return yield* consumer.close()
          if (message === params.messages && params.closes === 'nobody') return
        }
      }
      if (params.dies !== 'consumer') return yield* life(true)
      if (!(yield* mortal(lane.cells, life(true), params.at))) return
      yield* declareDead(lane, CONSUMER, 0)
      yield* life(false)
    },
    closer: {
      copies: ({ closes }) => (closes === 'outside' ? 1 : 0),
      *program({ shared: lane }) {
        yield* close(lane)
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
  sometimes: {
    'who may die does': ({ params, shared: { cells }, load }) => params.dies === 'nobody' || isDead(load, cells),
  },
  races: 'fail',
  expect: 'proved',
})

/** As ipc/ring/spsc-producer.ts. */
export class Producer extends LaneEnd {
  at = 0
  readonly #held: number
  #full = 0
  #told = 0

  constructor(lane: Lane, held = 1) {
    super(lane, PRODUCER)
    this.#held = held
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.at = yield* published(this.lane.cells, this.lane.at + WRITTEN)
    this.#told = this.at
    this.#full = this.at
  }

  *push(message: number): Program<boolean> {
    if (this.at === this.#full && !(yield* this.#hasRoom())) return false
    yield* this.lane.cells.set(slotOf(this.lane, this.at), message)
    this.at = (this.at + 2) | 0
    this.#told = this.at
    const { cells, at, bell } = this.lane
    yield* publishAndRing(cells, at + WRITTEN, this.at, bell)
    return true
  }

  /** As `push`, but several are published at once. */
  *write(message: number): Program<boolean> {
    if (this.at === this.#full && !(yield* this.#hasRoom())) return false
    yield* this.lane.cells.set(slotOf(this.lane, this.at), message)
    this.at = (this.at + 2) | 0
    if (((this.at - this.#told) | 0) >= 2 * this.#held) yield* this.flush()
    return true
  }

  *flush(): Program {
    if (this.#told === this.at) return
    this.#told = this.at
    const { cells, at, bell } = this.lane
    yield* publishAndRing(cells, at + WRITTEN, this.at, bell)
  }

  /** As many of the messages as there is room for. */
  *pushBatch(messages: readonly number[]): Program<number> {
    const some = yield* this.#room(messages.length)
    if (some === 0) return 0
    for (const [i, message] of messages.slice(0, some).entries())
      yield* this.lane.cells.set(slotOf(this.lane, this.at + 2 * i), message)
    yield* this.publish(some)
    return some
  }

  /** Room for messages up to the end of the memory. */
  *claim(most: number): Program<number> {
    return Math.min(yield* this.#room(most), toEnd(this.lane, this.at))
  }

  *publish(count: number): Program {
    yield* this.#room(count)
    this.at = (this.at + 2 * count) | 0
    yield* this.flush()
  }

  *#room(most: number): Program<number> {
    if (this.#known() < most) yield* this.#hasRoom()
    return Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#full - this.at) | 0) >> 1
  }

  *#hasRoom(): Program<boolean> {
    yield* this.flush()
    const { cells, at, slots } = this.lane
    if ((yield* this.fate()) === 'closed') this.stop()
    else this.#full = ((yield* published(cells, at + READ)) + 2 * slots) | 0
    return this.at !== this.#full
  }

  *look(): Program<Woken | null> {
    const fate = yield* this.fate()
    if (fate === 'closed') return fate
    return this.at !== this.#full || (yield* this.#hasRoom()) ? 'ready' : fate
  }

  protected *settle(): Program {
    yield* this.flush()
  }

  protected get known(): number {
    return (this.#full - 2 * this.lane.slots) | 0
  }

  protected stop(): void {
    this.#full = this.at
  }
}

/** As ipc/ring/spsc-consumer.ts. */
export class Consumer extends LaneEnd {
  readonly #lump: number
  readonly #onRead: (message: number) => void
  #at = 0
  #until = 0
  #returned = 0
  #stopped = false

  /** @param onRead told of each message when it has been copied */
  constructor(lane: Lane, lump: number, onRead: (message: number) => void = () => {}) {
    super(lane, CONSUMER)
    this.#lump = lump
    this.#onRead = onRead
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.#at = yield* published(this.lane.cells, this.lane.at + READ)
    this.#returned = this.#at
    this.#until = this.#at
  }

  *pop(): Program<number | null> {
    if (this.#at === this.#until && !(yield* this.#hasMore())) return null
    const message = yield* this.lane.cells.get(slotOf(this.lane, this.#at))
    this.#onRead(message)
    yield* this.#consumed(1)
    return message
  }

  /** Up to so many messages at once. */
  *popBatch(most: number): Program<number[]> {
    const some = yield* this.#there(most)
    const messages: number[] = []
    for (let i = 0; i < some; i++) {
      const message = yield* this.lane.cells.get(slotOf(this.lane, this.#at + 2 * i))
      this.#onRead(message)
      messages.push(message)
    }
    if (some > 0) yield* this.#consumed(some)
    return messages
  }

  /** Messages up to the end of the memory. */
  *readable(most: number): Program<number> {
    return Math.min(yield* this.#there(most), toEnd(this.lane, this.#at))
  }

  *consume(count: number): Program {
    yield* this.#there(count)
    yield* this.#consumed(count)
  }

  *#consumed(count: number): Program {
    this.#at = (this.#at + 2 * count) | 0
    if (((this.#at - this.#returned) | 0) >= 2 * this.#lump) yield* this.giveBack()
  }

  *#there(most: number): Program<number> {
    if (this.#known() < most) yield* this.#hasMore()
    return Math.min(this.#known(), most)
  }

  #known(): number {
    return ((this.#until - this.#at) | 0) >> 1
  }

  *giveBack(): Program {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    yield* publish(this.lane.cells, this.lane.at + READ, this.#at)
  }

  *#hasMore(): Program<boolean> {
    if (this.#stopped) return false
    this.#until = yield* published(this.lane.cells, this.lane.at + WRITTEN)
    if (this.#at !== this.#until) return true
    yield* this.giveBack()
    return false
  }

  *look(): Program<Woken | null> {
    if (this.#at !== this.#until) return 'ready'
    const fate = yield* this.fate()
    return (yield* this.#hasMore()) ? 'ready' : fate
  }

  protected *settle(): Program {
    yield* this.giveBack()
  }

  protected get known(): number {
    return this.#until
  }

  protected stop(): void {
    this.#stopped = true
    this.#until = this.#at
  }
}

/** Cell of the message at a position. */
const slotOf = ({ at, slots }: Lane, position: number): number => at + LANE_CELLS + ((position >>> 1) & (slots - 1))

/** Slots from a position to the end of the memory. */
const toEnd = ({ slots }: Lane, position: number): number => slots - ((position >>> 1) & (slots - 1))
