import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  CONSUMER,
  DIED,
  DOORBELL,
  declareDead,
  HEAD_CELLS,
  isDead,
  LANE_CELLS,
  type Lane,
  laneAt,
  mortal,
  PRODUCER,
  READ,
  TAKEN_FIRST,
  takeEnd,
  WRITTEN,
} from './ends.ts'
import { type Bed, type Waiter, type Woken, wait } from './protocol.ts'
import { Consumer, Producer } from './spsc.ts'

/**
 * The algorithm of `ipclab/ring` from many producers to one consumer, step by step as it is in ipc/ring/mpsc-consumer.ts (see
 * `ring/protocol` for what is left out): a lane for each producer, as in `ring/spsc`, and one doorbell for all, on which the
 * consumer sleeps. It reads the bell before it leaves its mark in the lanes: whoever finds a mark changes the bell.
 */
export default scenario('the ring buffer: many producers, one consumer', {
  source: 'ipc/ring/mpsc-consumer.ts, spsc-producer.ts',
  about:
    'The messages of each producer come once and in its order; the consumer never sleeps while one of its lanes has something. With dies, a producer dies, is declared dead, and another goes on in its lane.',
  params: {
    lanes: { default: 2, min: 1, max: 4, about: 'how many producers there are' },
    slots: { default: 1, min: 1, max: 64, about: 'how many messages a lane holds, a power of two' },
    messages: { default: 1, min: 0, max: 50, about: 'how many each of them sends' },
    start: {
      default: 0x7ffffffe,
      about: 'where positions begin, doubled: by default one message before their sign changes',
    },
    lump: { default: 1, min: 1, max: 64, about: 'how many slots of a lane the consumer gives back at once' },
    closes: {
      default: false,
      about: 'whether producers close their lanes; if not, the consumer knows how many messages there are',
    },
    dies: { default: 'nobody', oneOf: ['nobody', 'producer1'], about: 'who may die, once' },
    at: { default: 0, min: 0, about: 'before which of its calls, the first being 1; 0: before any' },
  },
  ghost: () => ({ received: [] as number[] }),
  *setup({ params: { lanes, slots, start } }) {
    const size = LANE_CELLS + slots
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + lanes * size + 1), { name: 'ring' }))
    const all = Array.from({ length: lanes }, (_, lane) => laneAt(cells, HEAD_CELLS + lane * size, slots, DOORBELL))
    for (const { at } of all) {
      yield* Atomics.store(cells, at + WRITTEN, start)
      yield* Atomics.store(cells, at + READ, start)
      yield* takeEnd(cells, at + PRODUCER, 0)
      yield* takeEnd(cells, at + CONSUMER, 0)
    }
    return { cells, lanes: all }
  },
  programs: {
    producer: {
      copies: ({ lanes }) => lanes,
      *program({ params, shared: { cells, lanes }, index, name }) {
        const lane = lanes[index - 1] as Lane // one for each
        function* life(first: boolean): Program {
          const producer = new Producer(lane)
          yield* producer.attach(first ? TAKEN_FIRST : yield* takeEnd(cells, lane.at + PRODUCER, 0))
          if (!first && (yield* producer.fate()) === 'closed') return
          for (let sent = ((producer.at - params.start) | 0) >> 1; sent < params.messages; sent++)
            while (!(yield* producer.push(100 * index + sent + 1)))
              if ((yield* wait(cells, producer)) === 'closed') return
          if (params.closes) yield* producer.close()
        }
        if (params.dies !== name) return yield* life(true)
        if (!(yield* mortal(cells, life(true), params.at))) return
        yield* declareDead(lane, PRODUCER, 0)
        yield* life(false)
      },
    },
    *consumer({ params, shared: { cells, lanes }, ghost }) {
      const consumer = new MpscConsumer(
        lanes.map((lane) => new Consumer(lane, params.lump, (message) => ghost.received.push(message))),
      )
      yield* consumer.attach(lanes.map(() => TAKEN_FIRST))
      while (params.closes || ghost.received.length < params.lanes * params.messages) {
        if ((yield* consumer.pop()) !== null) continue
        const woken = yield* wait(cells, consumer)
        if (woken === 'closed') return
        // Those of the others that had more have closed: one successor is to come.
        if (woken === 'peer dead') yield* cells.await_((lanes[0] as Lane).at + PRODUCER, (word) => (word & DIED) === 0)
      }
    },
  },
  atEnd: {
    'the messages of each producer have come once and in order': ({ params, ghost: { received } }) => {
      for (let producer = 1; producer <= params.lanes; producer++) {
        const its = received.filter((message) => Math.floor(message / 100) === producer)
        if (its.length !== params.messages || its.some((message, i) => message !== 100 * producer + i + 1))
          return `came: ${received.join(' ')}`
      }
      return true
    },
  },
  sometimes: {
    'who may die does': ({ params, shared: { cells }, load }) => params.dies === 'nobody' || isDead(load, cells),
  },
  races: 'fail',
  expect: 'proved',
})

/** So many messages of one lane in a row, and then it is the next one's turn. */
const TURN = 64

/** As `MpscConsumer`. */
export class MpscConsumer implements Waiter {
  readonly #lanes: readonly Consumer[]
  #turn = 0
  #left = TURN

  constructor(lanes: readonly Consumer[]) {
    this.#lanes = lanes
  }

  /** @param ours what `takeEnd` has given for each lane */
  *attach(ours: readonly number[]): Program {
    for (const [number, lane] of this.#lanes.entries()) yield* lane.attach(ours[number] as number) // one for each
  }

  *pop(): Program<number | null> {
    for (let tried = 0; tried <= this.#lanes.length; tried++) {
      const message = this.#left > 0 ? yield* (this.#lanes[this.#turn] as Consumer).pop() : null // below their number
      if (message !== null) {
        this.#left -= 1
        return message
      }
      this.#turn = this.#turn + 1 === this.#lanes.length ? 0 : this.#turn + 1
      this.#left = TURN
    }
    return null
  }

  *look(): Program<Woken | null> {
    let woken: Woken | null = 'closed'
    for (const lane of this.#lanes) {
      const one = yield* lane.look()
      if (one === 'ready') return one
      if (one === null) woken = null
      else if (one === 'peer dead' && woken === 'closed') woken = one
    }
    return woken
  }

  *fallAsleep(): Program<Bed | null> {
    const value = yield* Atomics.load((this.#lanes[0] as Consumer).cells, DOORBELL) // there is one
    for (const [number, lane] of this.#lanes.entries()) {
      if ((yield* lane.fallAsleep()) !== null) continue
      for (const before of this.#lanes.slice(0, number)) yield* before.wakeUp()
      return null
    }
    return { cell: DOORBELL, value }
  }

  *wakeUp(): Program {
    for (const lane of this.#lanes) yield* lane.wakeUp()
  }
}
