import { type RingHandle, shapeBehind } from './create.ts'
import { announce, closedBy, type End, isTaken, type Lane, returnEnd } from './ends.ts'
import { RingError, wholeNumber } from './errors.ts'
import { CONSUMER, CONSUMER_DEAD, laneAt, PRODUCER, PRODUCER_DEAD, type RingKind } from './layout.ts'
import { buryMpmcEnd, MpmcConsumer, MpmcProducer } from './mpmc.ts'
import { MpscConsumer } from './mpsc-consumer.ts'
import { RecordConsumer } from './record-consumer.ts'
import { RecordProducer } from './record-producer.ts'
import { SpscConsumer } from './spsc-consumer.ts'
import { SpscProducer } from './spsc-producer.ts'

/** Taking an end of a ring, whatever its kind; and telling a ring that somebody is gone. */

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

/**
 * Takes the sending end of a ring; of one with many, a free one of them.
 * @param lane of a ring with many producers, which; the first that is free, if left out
 * @throws RingError `taken`, `not a ring`, `bad argument`
 */
export function attachProducer<K extends RingKind>(handle: RingHandle<K>, lane?: number): Producers[K]
export function attachProducer(handle: RingHandle, lane?: number): Producers[RingKind] {
  const { kind, lanes } = shapeBehind(handle)
  switch (kind) {
    case 'spsc':
      return new SpscProducer(handle)
    case 'records':
      return new RecordProducer(handle)
    case 'mpsc':
      return lane === undefined
        ? anyLane(handle, lanes)
        : new SpscProducer(handle, wholeNumber('lane', lane, 0, lanes - 1))
    case 'mpmc':
      return new MpmcProducer(handle)
    default:
      return kind satisfies never
  }
}

function anyLane(handle: RingHandle, lanes: number): SpscProducer {
  for (let lane = 0; lane < lanes; lane++) {
    try {
      return new SpscProducer(handle, lane)
    } catch (error) {
      if (!(error instanceof RingError && error.code === 'taken')) throw error
    }
  }
  throw new RingError(
    'taken',
    `this ring has its ${lanes} producers already; of one that is gone, say so by declareDead`,
  )
}

/** Takes the receiving end of a ring; of one with many, one of them. @throws RingError `taken`, `not a ring` */
export function attachConsumer<K extends RingKind>(handle: RingHandle<K>): Consumers[K]
export function attachConsumer(handle: RingHandle): Consumers[RingKind] {
  const { kind } = shapeBehind(handle)
  switch (kind) {
    case 'spsc':
      return new SpscConsumer(handle)
    case 'records':
      return new RecordConsumer(handle)
    case 'mpsc':
      return new MpscConsumer(handle)
    case 'mpmc':
      return new MpmcConsumer(handle)
    default:
      return kind satisfies never
  }
}

/**
 * Tells a ring that the owner of an end is gone for good: a worker that was terminated, say. The other side is told, what the
 * dead one was at is made usable, and the end can be taken by a fresh one. Nothing happens where nobody has the end.
 * @param number of `mpsc`, the producer's `lane`; of `mpmc`, the end's `number`
 */
export function declareDead(handle: RingHandle, end: End, number = 0): void {
  const shape = shapeBehind(handle)
  if (shape.kind === 'mpmc') return buryMpmcEnd(handle, number)
  const lanes = end === 'consumer' ? Array.from({ length: shape.lanes }, (_, lane) => lane) : [number]
  for (const lane of lanes) {
    wholeNumber('number', lane, 0, shape.lanes - 1)
    const cells = new Int32Array(handle.memory)
    const one: Lane = { shape, number: lane, memory: handle.memory, cells, at: laneAt(shape, lane) }
    const count = Atomics.load(cells, one.at + (end === 'producer' ? PRODUCER : CONSUMER))
    if (isTaken(count) && returnEnd(one, end, count)) announce(one, end === 'producer' ? PRODUCER_DEAD : CONSUMER_DEAD)
  }
}

/** Closes a ring from outside, for both sides: what was published is still read. */
export function close(handle: RingHandle): void {
  const shape = shapeBehind(handle)
  if (shape.kind === 'mpmc') return new MpmcProducer(handle).close()
  const cells = new Int32Array(handle.memory)
  for (let lane = 0; lane < shape.lanes; lane++)
    announce({ shape, number: lane, memory: handle.memory, cells, at: laneAt(shape, lane) }, closedBy('producer'))
}
