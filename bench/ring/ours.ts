import { attachConsumer, attachProducer, create, type RingHandle } from '../../ipc/ring/index.ts'
import { type Contender, check, slotsFor, stamp, type Work } from './work.ts'

/** `ipclab/ring`, one message at a time, deferred, and in batches. */

type Kind = 'spsc' | 'mpsc' | 'mpmc'

function ring<K extends Kind>(kind: K, work: Work) {
  const handle = create({
    kind,
    messageBytes: work.bytes,
    capacity: slotsFor(work),
    ...(kind === 'mpsc' && { producers: 1 }),
  })
  return { producer: handle, consumer: handle }
}

const wordsIn = ({ bytes, batch }: Work): Float64Array => new Float64Array((bytes / 8) * batch)

const oneAtATime = (kind: Kind): Contender => ({
  share: (work) => ring(kind, work),
  producer(shared, work) {
    const producer = attachProducer(shared as RingHandle<Kind>)
    const message = wordsIn(work)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        stamp(message, 0, length, i)
        while (!producer.push(message));
      }
    }
  },
  consumer(shared, work) {
    const consumer = attachConsumer(shared as RingHandle<Kind>, { tune: 'throughput' })
    const message = wordsIn(work)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (!consumer.pop(message));
        check(message, 0, length, i)
      }
    }
  },
})

export const spsc = oneAtATime('spsc')
export const mpsc = oneAtATime('mpsc')
export const mpmc = oneAtATime('mpmc')

export const deferred: Contender = {
  ...spsc,
  producer(shared, work) {
    const producer = attachProducer(shared as RingHandle<'spsc'>)
    const message = wordsIn(work)
    const { length } = message
    return (count) => {
      for (let i = 1; i <= count; i++) {
        stamp(message, 0, length, i)
        while (!producer.write(message));
      }
      producer.flush()
    }
  },
}

export const batches: Contender = {
  share: (work) => ring('spsc', work),
  producer(shared, work) {
    const producer = attachProducer(shared as RingHandle<'spsc'>)
    const messages = wordsIn(work)
    const length = work.bytes / 8
    return (count) => {
      for (let i = 1; i <= count; i += work.batch) {
        for (let j = 0; j < work.batch; j++) stamp(messages, j * length, length, i + j)
        for (let sent = 0; sent < work.batch; ) sent += producer.pushBatch(messages, work.batch - sent, sent)
      }
    }
  },
  consumer(shared, work) {
    const consumer = attachConsumer(shared as RingHandle<'spsc'>, { tune: 'throughput' })
    const messages = wordsIn(work)
    const length = work.bytes / 8
    return (count) => {
      for (let i = 1; i <= count; ) {
        const some = consumer.popBatch(messages, work.batch)
        for (let j = 0; j < some; j++) check(messages, j * length, length, i + j)
        i += some
      }
    }
  },
}
