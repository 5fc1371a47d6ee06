import { type RingHandle, shapeBehind } from './create.ts'
import { CLOSED, cellOfEnd, type Lane, laneOf, OWNER_MAX, TAKEN } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import type { RingKind } from './layout.ts'
import { MpmcConsumer, MpmcProducer } from './mpmc.ts'
import { MpscConsumer } from './mpsc-consumer.ts'
import { type Tune, tunes } from './pace.ts'
import { RecordConsumer } from './record-consumer.ts'
import { RecordProducer } from './record-producer.ts'
import { SpscConsumer } from './spsc-consumer.ts'
import { SpscProducer } from './spsc-producer.ts'

/** Taking an end of a ring, whatever its kind. */

interface Producers {
  spsc: SpscProducer
  records: RecordProducer
  mpsc: SpscProducer
  mpmc: MpmcProducer
}

interface Consumers {
  spsc: SpscConsumer
  records: RecordConsumer
  mpsc: MpscConsumer
  mpmc: MpmcConsumer
}

export interface AttachOptions {
  /** Whose end it is, by a whole number from 1 on, as a worker's `threadId`: for `declareOwnerDead` and `watch`. */
  readonly owner?: number | undefined
}

export interface AttachConsumerOptions extends AttachOptions {
  /**
   * What counts: `latency`, that a message is found at once; `throughput`, that many go through: `pop` and its like idle for
   * two to three microseconds before they look again where there was little, so that producers are not disturbed. Default: `latency`.
   */
  readonly tune?: Tune | undefined
}

export interface AttachProducerOptions extends AttachOptions {
  /** Of `mpsc`: which lane; the first that is free, and open, if left out. */
  readonly lane?: number | undefined
}

/**
 * Takes the sending end of a ring; of one with many, a free one of them. It goes on where the one before it was.
 * @throws RingError `taken`, `not a ring`, `wrong kind`, `bad argument`
 */
export function attachProducer<K extends RingKind>(handle: RingHandle<K>, options?: AttachProducerOptions): Producers[K]
export function attachProducer(handle: RingHandle, options: AttachProducerOptions = {}): Producers[RingKind] {
  const { kind, lanes } = shapeBehind(handle)
  const { lane } = options
  const owner = ownerIn(options)
  if (lane !== undefined && kind !== 'mpsc')
    throw new RingError('bad argument', `only rings of kind 'mpsc' have lanes, not of '${kind}'`)
  switch (kind) {
    case 'spsc':
      return new SpscProducer(laneOf(handle, 0, kind), owner)
    case 'records':
      return new RecordProducer(laneOf(handle, 0, kind), owner)
    case 'mpsc':
      return lane === undefined ? anyLane(handle, lanes, owner) : new SpscProducer(laneOf(handle, lane, kind), owner)
    case 'mpmc':
      return new MpmcProducer(handle, owner)
    default:
      return kind satisfies never
  }
}

function anyLane(handle: RingHandle, lanes: number, owner: number): SpscProducer {
  const open: Lane[] = []
  const closed: Lane[] = []
  for (let number = 0; number < lanes; number++) {
    const lane = laneOf(handle, number, 'mpsc')
    const word = Atomics.load(lane.cells, cellOfEnd(lane, 'producer'))
    if ((word & TAKEN) === 0) ((word & CLOSED) === 0 ? open : closed).push(lane)
  }
  // Of a lane whose stream has ended one is only told so.
  for (const lane of [...open, ...closed]) {
    try {
      return new SpscProducer(lane, owner)
    } catch (error) {
      if (!(error instanceof RingError && error.code === 'taken')) throw error
    }
  }
  throw new RingError(
    'taken',
    `this ring has its ${lanes} producers already; of one that is gone, say so by declareDead`,
  )
}

/**
 * Takes the receiving end of a ring; of one with many, one of them. It goes on where the one before it was.
 * @throws RingError `taken`, `not a ring`, `wrong kind`, `bad argument`
 */
export function attachConsumer<K extends RingKind>(handle: RingHandle<K>, options?: AttachConsumerOptions): Consumers[K]
export function attachConsumer(handle: RingHandle, options: AttachConsumerOptions = {}): Consumers[RingKind] {
  const { kind } = shapeBehind(handle)
  const { tune = 'latency' } = options
  if (!tunes.includes(tune))
    throw new RingError('bad argument', `there is no tune '${String(tune)}'; there are ${tunes.join(', ')}`)
  const owner = ownerIn(options)
  switch (kind) {
    case 'spsc':
      return new SpscConsumer(laneOf(handle, 0, kind), owner, tune)
    case 'records':
      return new RecordConsumer(laneOf(handle, 0, kind), owner, tune)
    case 'mpsc':
      return new MpscConsumer(handle, owner, tune)
    case 'mpmc':
      return new MpmcConsumer(handle, owner, tune)
    default:
      return kind satisfies never
  }
}

const ownerIn = ({ owner }: AttachOptions): number =>
  owner === undefined ? 0 : wholeNumber('owner', owner, 1, OWNER_MAX)
