import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  CONSUMER,
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
import { publish, published, type Woken, wait } from './protocol.ts'

/**
 * The algorithm of `ipclab/ring` for records of any length, step by step as it is in ipc/ring (see `ring/protocol` for what is
 * left out). A record is a word with its length, here counted in words, and its words; none is split where the memory begins
 * again: what is left there is skipped, for which a mark and the record have to fit both at once. So a record may take half
 * of the ring, and no more: a longer one could find room neither here nor there, ever.
 */
export default scenario('the ring buffer: records of any length', {
  source: 'ipc/ring/record-producer.ts, record-consumer.ts, record-layout.ts',
  about:
    'Records come whole, once and in order, across the end of the memory and the wrap of the positions; nobody sleeps who has work. With dies, one side dies before any of its calls, is declared dead, and another takes its place.',
  params: {
    words: { default: 4, min: 2, max: 64, about: 'how many words the ring holds, a power of two' },
    records: { default: 3, min: 0, max: 50, about: 'how many are sent' },
    longest: {
      default: 2,
      min: 1,
      max: 32,
      about: 'words of the longest, with its head: they are of one word, of two, and so on, and again',
    },
    start: {
      default: 0x7ffffffc,
      about: 'where positions begin, doubled: by default two words before their sign changes',
    },
    lump: { default: 1, min: 1, max: 64, about: 'how many words the consumer gives back at once' },
    closes: {
      default: false,
      about: 'whether the producer closes the ring; if not, the consumer knows how many there are',
    },
    dies: { default: 'nobody', oneOf: ['nobody', 'producer', 'consumer'], about: 'who may die, once' },
    at: { default: 0, min: 0, about: 'before which of its calls, the first being 1; 0: before any' },
  },
  ghost: () => ({ lives: [] as Life[], skipped: 0 }),
  *setup({ params: { words, start } }) {
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + LANE_CELLS + words + 1), { name: 'ring' }))
    const lane = laneAt(cells, HEAD_CELLS, words)
    yield* Atomics.store(cells, lane.at + WRITTEN, start)
    yield* Atomics.store(cells, lane.at + READ, start)
    yield* takeEnd(cells, lane.at + PRODUCER, 0)
    yield* takeEnd(cells, lane.at + CONSUMER, 0)
    return lane
  },
  programs: {
    *producer({ params, shared: lane }) {
      function* life(first: boolean): Program {
        const producer = new RecordProducer(lane)
        yield* producer.attach(first ? TAKEN_FIRST : yield* takeEnd(lane.cells, lane.at + PRODUCER, 0))
        if (!first && (yield* producer.fate()) === 'closed') return
        // Who comes after another goes on behind what that one has published.
        for (let sent = recordAt(params, producer.at); sent < params.records; sent++) {
          while (!(yield* producer.push(recordOf(params, sent)))) {
            if ((yield* wait(lane.cells, producer)) === 'peer dead')
              yield* lane.cells.await_(lane.at + CONSUMER, (word) => (word & DIED) === 0)
          }
        }
        if (params.closes) yield* producer.close()
      }
      if (params.dies !== 'producer') return yield* life(true)
      if (!(yield* mortal(lane.cells, life(true), params.at))) return
      yield* declareDead(lane, PRODUCER, 0)
      yield* life(false)
    },
    *consumer({ params, shared: lane, ghost }) {
      function* life(first: boolean): Program {
        const received: number[][] = []
        const consumer = new RecordConsumer(lane, params.lump, (record) => received.push(record))
        yield* consumer.attach(first ? TAKEN_FIRST : yield* takeEnd(lane.cells, lane.at + CONSUMER, 0))
        const from = recordAt(params, consumer.at)
        ghost.lives.push({ from, received })
        while (params.closes || from + received.length < params.records) {
          if ((yield* consumer.pop()) !== null) continue
          const woken = yield* wait(lane.cells, consumer)
          if (woken === 'closed') break
          if (woken === 'peer dead') yield* lane.cells.await_(lane.at + PRODUCER, (word) => (word & DIED) === 0)
        }
        ghost.skipped += consumer.skipped
      }
      if (params.dies !== 'consumer') return yield* life(true)
      if (!(yield* mortal(lane.cells, life(true), params.at))) return
      yield* declareDead(lane, CONSUMER, 0)
      yield* life(false)
    },
  },
  atEnd: {
    'records come whole and in order, and none twice but those of a consumer that died': ({ params, ghost }) => {
      let until = 0
      for (const [life, { from, received }] of ghost.lives.entries()) {
        const said = received.map((record) => `[${record.join(' ')}]`).join(' ')
        if (from > until || (life > 0 && from < until - params.lump))
          return `record ${from} came after ${until}: ${said}`
        if (received.some((record, i) => record.join() !== recordOf(params, from + i).join())) return `came: ${said}`
        until = Math.max(until, from + received.length)
      }
      return until === params.records || `${until} came`
    },
  },
  sometimes: {
    'the end of the memory is skipped': ({ params, ghost }) =>
      params.longest === 1 || params.records < 3 || ghost.skipped > 0,
    'who may die does': ({ params, shared: { cells }, load }) => params.dies === 'nobody' || isDead(load, cells),
  },
  races: 'fail',
  expect: 'proved',
})

/** What a consumer has received, and the number of the record that it began with. */
interface Life {
  readonly from: number
  readonly received: readonly number[][]
}

interface Sizes {
  readonly longest: number
  readonly words: number
  readonly start: number
}

const recordOf = ({ longest }: Pick<Sizes, 'longest'>, number: number): number[] =>
  Array.from({ length: number % longest }, (_, i) => 10 * number + i)

/** Number of the record that begins at a position, or is led to from there. */
function recordAt(sizes: Sizes, position: number): number {
  let at = sizes.start
  for (let number = 0; ; number++) {
    if (at === position) return number
    const need = 1 + recordOf(sizes, number).length
    const toEnd = sizes.words - ((at >>> 1) & (sizes.words - 1))
    if (need > toEnd) at = (at + 2 * toEnd) | 0
    if (at === position) return number
    at = (at + 2 * need) | 0
  }
}

/** In place of a length: the next record is at the beginning of the memory. */
const SKIP = -1

const wordAt = ({ at, slots }: Lane, position: number): number => at + LANE_CELLS + ((position >>> 1) & (slots - 1))

/** As ipc/ring/record-producer.ts. */
export class RecordProducer extends LaneEnd {
  at = 0
  #told = 0
  #full = 0
  #wanted = 1

  constructor(lane: Lane) {
    super(lane, PRODUCER)
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.at = yield* published(this.lane.cells, this.lane.at + WRITTEN)
    this.#told = this.at
    this.#full = this.at
  }

  *push(record: readonly number[]): Program<boolean> {
    const { cells, slots } = this.lane
    const need = 1 + record.length
    const toEnd = slots - ((this.at >>> 1) & (slots - 1))
    const skipped = need <= toEnd ? 0 : toEnd
    this.#wanted = skipped + need
    if (!(yield* this.#fits(this.#wanted))) return false
    this.#wanted = 1
    if (skipped > 0) {
      yield* cells.set(wordAt(this.lane, this.at), SKIP)
      this.at = (this.at + 2 * skipped) | 0
    }
    const first = wordAt(this.lane, this.at)
    yield* cells.set(first, record.length)
    for (const [i, word] of record.entries()) yield* cells.set(first + 1 + i, word)
    this.at = (this.at + 2 * need) | 0
    yield* this.flush()
    return true
  }

  *flush(): Program {
    if (this.#told === this.at) return
    this.#told = this.at
    yield* publish(this.lane.cells, this.lane.at + WRITTEN, this.at)
  }

  *#fits(words: number): Program<boolean> {
    return this.#room() >= words || ((yield* this.#refresh()) && this.#room() >= words)
  }

  *#refresh(): Program<boolean> {
    yield* this.flush()
    const { cells, at, slots } = this.lane
    if ((yield* this.fate()) === 'closed') this.stop()
    else this.#full = ((yield* published(cells, at + READ)) + 2 * slots) | 0
    return this.at !== this.#full
  }

  #room(): number {
    return ((this.#full - this.at) | 0) >> 1
  }

  *look(): Program<Woken | null> {
    const fate = yield* this.fate()
    if (fate === 'closed') return fate
    return (yield* this.#fits(this.#wanted)) ? 'ready' : fate
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

/** As ipc/ring/record-consumer.ts. */
export class RecordConsumer extends LaneEnd {
  skipped = 0
  readonly #lump: number
  readonly #onRead: (record: number[]) => void
  at = 0
  #until = 0
  #returned = 0
  #stopped = false

  /** @param onRead told of each record when it has been copied */
  constructor(lane: Lane, lump: number, onRead: (record: number[]) => void = () => {}) {
    super(lane, CONSUMER)
    this.#lump = lump
    this.#onRead = onRead
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.at = yield* published(this.lane.cells, this.lane.at + READ)
    this.#returned = this.at
    this.#until = this.at
  }

  *pop(): Program<number[] | null> {
    if (!(yield* this.#atRecord()) && !(yield* this.#hasMore())) return null
    const { cells } = this.lane
    const first = wordAt(this.lane, this.at)
    const length = yield* cells.get(first)
    const record: number[] = []
    for (let i = 0; i < length; i++) record.push(yield* cells.get(first + 1 + i))
    this.#onRead(record)
    this.at = (this.at + 2 * (1 + length)) | 0
    if (((this.at - this.#returned) | 0) >= 2 * this.#lump) yield* this.giveBack()
    return record
  }

  *#atRecord(): Program<boolean> {
    if (this.at === this.#until) return false
    const word = wordAt(this.lane, this.at)
    if ((yield* this.lane.cells.get(word)) !== SKIP) return true
    this.skipped += 1
    this.at = (this.at + 2 * (this.lane.at + LANE_CELLS + this.lane.slots - word)) | 0
    return this.at !== this.#until
  }

  *giveBack(): Program {
    if (this.#returned === this.at) return
    this.#returned = this.at
    yield* publish(this.lane.cells, this.lane.at + READ, this.at)
  }

  *#hasMore(): Program<boolean> {
    if (this.#stopped) return false
    this.#until = yield* published(this.lane.cells, this.lane.at + WRITTEN)
    if (yield* this.#atRecord()) return true
    yield* this.giveBack()
    return false
  }

  *look(): Program<Woken | null> {
    if (yield* this.#atRecord()) return 'ready'
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
    this.#until = this.at
  }
}
