import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  CONSUMER,
  HEAD_CELLS,
  LANE_CELLS,
  type Lane,
  LaneEnd,
  laneAt,
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
    'Records come whole, once and in order, across the end of the memory and the wrap of the positions; nobody sleeps who has work.',
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
  },
  ghost: () => ({ received: [] as number[][], skipped: 0 }),
  *setup({ params: { words, start } }) {
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + LANE_CELLS + words), { name: 'ring' }))
    const lane = laneAt(cells, HEAD_CELLS, words)
    yield* Atomics.store(cells, lane.at + WRITTEN, start)
    yield* Atomics.store(cells, lane.at + READ, start)
    yield* takeEnd(cells, lane.at + PRODUCER, 0)
    yield* takeEnd(cells, lane.at + CONSUMER, 0)
    return lane
  },
  programs: {
    *producer({ params, shared: lane }) {
      const producer = new RecordProducer(lane)
      yield* producer.attach(TAKEN_FIRST)
      for (let sent = 0; sent < params.records; sent++) {
        while (!(yield* producer.push(recordOf(params, sent)))) yield* wait(lane.cells, producer)
      }
      if (params.closes) yield* producer.close()
    },
    *consumer({ params, shared: lane, ghost }) {
      const consumer = new RecordConsumer(lane, params.lump)
      yield* consumer.attach(TAKEN_FIRST)
      while (params.closes || ghost.received.length < params.records) {
        const record = yield* consumer.pop()
        if (record !== null) ghost.received.push(record)
        else if ((yield* wait(lane.cells, consumer)) === 'closed') break
      }
      ghost.skipped = consumer.skipped
    },
  },
  atEnd: {
    'all records have come, whole and in order': ({ params, ghost: { received } }) =>
      (received.length === params.records &&
        received.every((record, i) => record.join() === recordOf(params, i).join())) ||
      `came: ${received.map((record) => `[${record.join(' ')}]`).join(' ')}`,
  },
  sometimes: {
    'the end of the memory is skipped': ({ params, ghost }) =>
      params.longest === 1 || params.records < 3 || ghost.skipped > 0,
  },
  races: 'fail',
  expect: 'proved',
})

const recordOf = ({ longest }: { readonly longest: number }, number: number): number[] =>
  Array.from({ length: number % longest }, (_, i) => 10 * number + i)

/** In place of a length: the next record is at the beginning of the memory. */
const SKIP = -1

const wordAt = ({ at, slots }: Lane, position: number): number => at + LANE_CELLS + ((position >>> 1) & (slots - 1))

/** As ipc/ring/record-producer.ts. */
export class RecordProducer extends LaneEnd {
  #at = 0
  #told = 0
  #full = 0
  #wanted = 1

  constructor(lane: Lane) {
    super(lane, PRODUCER)
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.#at = yield* published(this.lane.cells, this.lane.at + WRITTEN)
    this.#told = this.#at
    this.#full = this.#at
  }

  *push(record: readonly number[]): Program<boolean> {
    const { cells, slots } = this.lane
    const need = 1 + record.length
    const toEnd = slots - ((this.#at >>> 1) & (slots - 1))
    const skipped = need <= toEnd ? 0 : toEnd
    this.#wanted = skipped + need
    if (!(yield* this.#fits(this.#wanted))) return false
    this.#wanted = 1
    if (skipped > 0) {
      yield* cells.set(wordAt(this.lane, this.#at), SKIP)
      this.#at = (this.#at + 2 * skipped) | 0
    }
    const first = wordAt(this.lane, this.#at)
    yield* cells.set(first, record.length)
    for (const [i, word] of record.entries()) yield* cells.set(first + 1 + i, word)
    this.#at = (this.#at + 2 * need) | 0
    yield* this.flush()
    return true
  }

  *flush(): Program {
    if (this.#told === this.#at) return
    this.#told = this.#at
    yield* publish(this.lane.cells, this.lane.at + WRITTEN, this.#at)
  }

  *#fits(words: number): Program<boolean> {
    return this.#room() >= words || ((yield* this.#refresh()) && this.#room() >= words)
  }

  *#refresh(): Program<boolean> {
    yield* this.flush()
    const { cells, at, slots } = this.lane
    if ((yield* this.fate()) === 'closed') this.stop()
    else this.#full = ((yield* published(cells, at + READ)) + 2 * slots) | 0
    return this.#at !== this.#full
  }

  #room(): number {
    return ((this.#full - this.#at) | 0) >> 1
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
    this.#full = this.#at
  }
}

/** As ipc/ring/record-consumer.ts. */
export class RecordConsumer extends LaneEnd {
  skipped = 0
  readonly #lump: number
  #at = 0
  #until = 0
  #returned = 0
  #stopped = false

  constructor(lane: Lane, lump: number) {
    super(lane, CONSUMER)
    this.#lump = lump
  }

  *attach(ours: number): Program {
    this.has(ours)
    this.#at = yield* published(this.lane.cells, this.lane.at + READ)
    this.#returned = this.#at
    this.#until = this.#at
  }

  *pop(): Program<number[] | null> {
    if (!(yield* this.#atRecord()) && !(yield* this.#hasMore())) return null
    const { cells } = this.lane
    const first = wordAt(this.lane, this.#at)
    const length = yield* cells.get(first)
    const record: number[] = []
    for (let i = 0; i < length; i++) record.push(yield* cells.get(first + 1 + i))
    this.#at = (this.#at + 2 * (1 + length)) | 0
    if (((this.#at - this.#returned) | 0) >= 2 * this.#lump) yield* this.giveBack()
    return record
  }

  *#atRecord(): Program<boolean> {
    if (this.#at === this.#until) return false
    const word = wordAt(this.lane, this.#at)
    if ((yield* this.lane.cells.get(word)) !== SKIP) return true
    this.skipped += 1
    this.#at = (this.#at + 2 * (this.lane.at + LANE_CELLS + this.lane.slots - word)) | 0
    return this.#at !== this.#until
  }

  *giveBack(): Program {
    if (this.#returned === this.#at) return
    this.#returned = this.#at
    yield* publish(this.lane.cells, this.lane.at + READ, this.#at)
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
    this.#until = this.#at
  }
}
