import {
  attachConsumer,
  attachProducer,
  type MpmcConsumer,
  type MpmcProducer,
  type MpscConsumer,
  type RecordConsumer,
  type RecordProducer,
  type RingHandle,
  type RingKind,
  type SpscConsumer,
  type SpscProducer,
} from 'ipclab/ring'
import { MESSAGE_BYTES, read, recordCells, type Stamp, write } from './messages.ts'

/** The ends of every kind of ring, and their ways to move messages, brought to one form. */

/** `one`: a copy at a time; `batch`: several; `in place`: written and read where they lie; `held back`: told of later. */
export const manners = ['one', 'batch', 'in place', 'held back'] as const
export type Manner = (typeof manners)[number]

/** Messages moved by one step, at most. */
export const BATCH = 5

export interface Sender {
  readonly end: SpscProducer | RecordProducer | MpmcProducer
  /** Sends messages from number `seq` on: how many. */
  send(seq: number): number
  /** Makes sure that what was sent is published. */
  flush(): void
}

export interface Receiver {
  readonly end: SpscConsumer | RecordConsumer | MpscConsumer | MpmcConsumer
  /** Reads messages and calls `got` for each: how many. */
  receive(got: (stamp: Stamp) => void): number
}

const nothing = (): void => {}

export function sender(handle: RingHandle, manner: Manner, producer: number, lane?: number): Sender {
  const cells = new Int32Array((BATCH * MESSAGE_BYTES) / 4)
  const end = attachProducer(handle, { lane })
  if (handle.kind === 'records') return recordSender(end as RecordProducer, manner, producer)
  const push = (seq: number): Int32Array => {
    write(cells, 0, producer, seq)
    return cells
  }
  if (handle.kind === 'mpmc' || manner === 'one')
    return { end, flush: nothing, send: (seq) => Number((end as MpmcProducer).push(push(seq))) }
  const spsc = end as SpscProducer
  if (manner === 'held back') return { end, flush: () => spsc.flush(), send: (seq) => Number(spsc.write(push(seq))) }
  if (manner === 'batch') {
    const send = (seq: number): number => {
      for (let i = 0; i < BATCH; i++) write(cells, (i * MESSAGE_BYTES) / 4, producer, seq + i)
      return spsc.pushBatch(cells, BATCH)
    }
    return { end, flush: nothing, send }
  }
  const shared = int32sOf(spsc.data)
  const send = (seq: number): number => {
    const count = spsc.claim(BATCH)
    for (let i = 0; i < count; i++) write(shared, (spsc.offset + i * spsc.stride) / 4, producer, seq + i)
    if (count > 0) spsc.publish(count)
    return count
  }
  return { end, flush: nothing, send }
}

function recordSender(end: RecordProducer, manner: Manner, producer: number): Sender {
  const most = end.recordBytesMax / 4
  const cells = new Int32Array(most)
  const shared = int32sOf(end.data)
  const send = (seq: number): number => {
    const count = recordCells(producer, seq, most)
    if (manner === 'in place') {
      // More than is needed, now and then.
      const at = end.reserve(Math.min(end.recordBytesMax, count * 4 + (seq & 15)), producer)
      if (at < 0) return 0
      write(shared, at / 4, producer, seq, count)
      if ((seq & 7) === 3) {
        end.abort()
        return end.pushBytes(written(cells, producer, seq, count), count * 4, producer) ? 1 : 0
      }
      end.commit(count * 4)
      return 1
    }
    write(cells, 0, producer, seq, count)
    return Number(
      manner === 'held back' ? end.writeBytes(cells, count * 4, producer) : end.pushBytes(cells, count * 4, producer),
    )
  }
  return { end, send, flush: () => end.flush() }
}

function written(cells: Int32Array, producer: number, seq: number, count: number): Int32Array {
  write(cells, 0, producer, seq, count)
  return cells
}

export function receiver(handle: RingHandle, manner: Manner): Receiver {
  const cells = new Int32Array((BATCH * MESSAGE_BYTES) / 4)
  const stamp: Stamp = { producer: 0, seq: 0 }
  const end = attachConsumer(handle)
  if (handle.kind === 'records') return recordReceiver(end as RecordConsumer, manner, stamp)
  const several = (count: number, got: (stamp: Stamp) => void): number => {
    for (let i = 0; i < count; i++) {
      read(cells, (i * MESSAGE_BYTES) / 4, stamp)
      got(stamp)
    }
    return count
  }
  if (manner === 'batch' && handle.kind !== 'mpmc')
    return { end, receive: (got) => several((end as SpscConsumer).popBatch(cells, BATCH), got) }
  if (manner === 'in place' && handle.kind === 'spsc') return inPlaceReceiver(end as SpscConsumer, stamp)
  return { end, receive: (got) => ((end as SpscConsumer).pop(cells) ? several(1, got) : 0) }
}

function inPlaceReceiver(end: SpscConsumer, stamp: Stamp): Receiver {
  const shared = int32sOf(end.data)
  const receive = (got: (stamp: Stamp) => void): number => {
    const count = end.readable(BATCH)
    for (let i = 0; i < count; i++) {
      read(shared, (end.offset + i * end.stride) / 4, stamp)
      got(stamp)
    }
    if (count > 0) end.consume(count)
    return count
  }
  return { end, receive }
}

function recordReceiver(end: RecordConsumer, manner: Manner, stamp: Stamp): Receiver {
  const most = end.recordBytesMax / 4
  const cells = new Int32Array(most)
  const shared = int32sOf(end.data)
  const take = (from: Int32Array, at: number, length: number): void => {
    read(from, at, stamp, length / 4)
    if (end.tag !== stamp.producer || length !== 4 * recordCells(stamp.producer, stamp.seq, most))
      throw new Error(`record ${stamp.seq} of ${stamp.producer} has tag ${end.tag} and ${length} bytes`)
  }
  const receive = (got: (stamp: Stamp) => void): number => {
    const inPlace = manner === 'in place'
    const length = inPlace ? end.peek() : end.popBytes(cells)
    if (length < 0) return 0
    take(inPlace ? shared : cells, inPlace ? end.offset / 4 : 0, length)
    got(stamp)
    if (inPlace) end.release()
    return 1
  }
  return { end, receive }
}

const int32sOf = ({ buffer, byteOffset, byteLength }: Uint8Array<SharedArrayBuffer>): Int32Array =>
  new Int32Array(buffer, byteOffset, byteLength / 4)

/**
 * What the death of a consumer with these manners may lose, and what the next one may see again: as the rings state it.
 * @param kept messages that it may have read and not given back
 */
export function allowance(kind: RingKind, manner: Manner, kept: number): { lost: number; doubled: number } {
  if (kind === 'mpmc') return { lost: 1, doubled: 0 }
  // In place it notes before it gives back; else after: what is in its hand then is lost with it.
  if (manner === 'in place' && kind !== 'mpsc') return { lost: 0, doubled: kept + BATCH }
  return { lost: manner === 'batch' && kind !== 'records' ? BATCH : 1, doubled: kept }
}
