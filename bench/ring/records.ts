import { RingBuffer } from 'ringbuf.js'
import { attachConsumer, attachProducer, create, type RingHandle } from '../../ipc/ring/index.ts'
import { type Contender, check, slotsFor, stamp, type Work } from './work.ts'

/** Byte strings of changing length: ours as records, on ringbuf.js with a length before each. */

/** From 16 to 240 bytes, in an order that a processor can't guess, the same for both sides. */
const lengths = Array.from({ length: 4096 }, (_, i) => 16 + 8 * ((Math.imul(i + 1, 0x9e3779b1) >>> 8) % 29))

const lengthOf = (number: number): number => lengths[number & 4095] as number // of 4096

export const ours: Contender = {
  share(work) {
    const handle = create({ kind: 'records', capacity: slotsFor(work) * work.bytes })
    return { producer: handle, consumer: handle }
  },
  producer(shared, work) {
    const producer = attachProducer(shared as RingHandle<'records'>)
    const record = new Float64Array(work.bytes / 8)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        const bytes = lengthOf(i)
        stamp(record, 0, bytes / 8, i)
        while (!producer.pushBytes(record, bytes));
      }
    }
  },
  consumer(shared, work) {
    const consumer = attachConsumer(shared as RingHandle<'records'>, { tune: 'throughput' })
    const record = new Float64Array(work.bytes / 8)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        let bytes = consumer.popBytes(record)
        while (bytes < 0) bytes = consumer.popBytes(record)
        if (bytes !== lengthOf(i)) throw new Error(`record ${i} has ${bytes} bytes`)
        check(record, 0, bytes / 8, i)
      }
    }
  },
}

/** The prefix goes with its record in one push; only whole records are pushed. */
export const prefixed: Contender = {
  share(work: Work) {
    const memory = RingBuffer.getStorageForCapacity(slotsFor(work) * work.bytes, Uint8Array)
    return { producer: memory, consumer: memory }
  },
  producer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Uint8Array)
    const record = new Float64Array(1 + work.bytes / 8)
    const bytes = new Uint8Array(record.buffer)
    const prefix = new Int32Array(record.buffer, 4, 1)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        const length = lengthOf(i)
        prefix[0] = length
        stamp(record, 1, length / 8, i)
        while (ring.availableWrite() < 4 + length);
        ring.push(bytes, 4 + length, 4)
      }
    }
  },
  consumer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Uint8Array)
    const record = new Float64Array(work.bytes / 8)
    const bytes = new Uint8Array(record.buffer)
    const prefix = new Int32Array(1)
    const prefixBytes = new Uint8Array(prefix.buffer)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (ring.pop(prefixBytes) === 0);
        const length = prefix[0] as number // of one
        if (length !== lengthOf(i)) throw new Error(`record ${i} has ${length} bytes`)
        ring.pop(bytes, length)
        check(record, 0, length / 8, i)
      }
    }
  },
}
