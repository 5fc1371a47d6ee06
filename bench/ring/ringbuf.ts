import { RingBuffer } from 'ringbuf.js'
import { type Contender, check, slotsFor, stamp, type Work } from './work.ts'

/** ringbuf.js: a ring of elements; a message is as many of them as it has words. */

function share(work: Work) {
  const memory = RingBuffer.getStorageForCapacity((slotsFor(work) * work.bytes) / 8, Float64Array)
  return { producer: memory, consumer: memory }
}

/** One message or a batch of them at once. It is never full by a part of one, as all are of one size. */
export const messages: Contender = {
  share,
  producer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Float64Array)
    const length = work.bytes / 8
    const words = new Float64Array(length * work.batch)
    return (count) => {
      for (let i = 1; i <= count; i += work.batch) {
        for (let j = 0; j < work.batch; j++) stamp(words, j * length, length, i + j)
        for (let sent = 0; sent < words.length; ) sent += ring.push(words, words.length - sent, sent)
      }
    }
  },
  consumer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Float64Array)
    const length = work.bytes / 8
    const words = new Float64Array(length * work.batch)
    return (count) => {
      for (let i = 1; i <= count; ) {
        const some = ring.pop(words) / length
        for (let j = 0; j < some; j++) check(words, j * length, length, i + j)
        i += some
      }
    }
  },
}

/** As `messages`, in the least code that one message at a time needs. */
export const oneAtATime: Contender = {
  share,
  producer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Float64Array)
    const message = new Float64Array(work.bytes / 8)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        stamp(message, 0, length, i)
        while (ring.push(message) === 0);
      }
    }
  },
  consumer(shared, work) {
    const ring = new RingBuffer(shared as SharedArrayBuffer, Float64Array)
    const message = new Float64Array(work.bytes / 8)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (ring.pop(message) === 0);
        check(message, 0, length, i)
      }
    }
  },
}
