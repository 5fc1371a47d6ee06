import fc from 'fast-check'
import {
  attachConsumer,
  attachProducer,
  create,
  type MpmcConsumer,
  type MpmcProducer,
  type MpscConsumer,
  type RingHandle,
  type SpscProducer,
} from 'ipclab/ring'
import { describe, expect, test } from 'vitest'
import { fill, holds } from './bytes.ts'
import { startAt, TURNS } from './positions.ts'

/** Rings with many producers, or many of both, held against queues: one for each lane, or one for all. */

const BYTES = 12

function message(seq = -1): Uint8Array {
  return seq < 0 ? new Uint8Array(BYTES) : fill(new Uint8Array(BYTES), seq)
}

const which = fc.nat({ max: 2 })
const starts = fc.tuple(fc.constantFrom(...TURNS), fc.nat({ max: 30 })).map(([turn, before]) => turn - before)

describe('many to many', () => {
  interface Model {
    sent: number
    read: number
  }
  interface Real {
    readonly handle: RingHandle<'mpmc'>
    readonly producers: MpmcProducer[]
    readonly consumers: MpmcConsumer[]
  }
  type Command = fc.Command<Model, Real>
  const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
    check: () => true,
    run,
    toString: () => name,
  })

  const push = (i: number): Command =>
    command(`push by ${i}`, (model, { producers }) => {
      const producer = producers[i] as MpmcProducer
      const room = model.sent - model.read < producer.capacity
      expect(producer.push(message(model.sent))).toBe(room)
      if (room) model.sent += 1
    })
  const pop = (i: number): Command =>
    command(`pop by ${i}`, (model, { consumers }) => {
      const got = message()
      const there = model.sent > model.read
      expect((consumers[i] as MpmcConsumer).pop(got)).toBe(there)
      if (!there) return
      expect(holds(got, model.read)).toBe(true)
      model.read += 1
    })
  const wait = (i: number): Command =>
    command(`wait of ${i}`, (model, { producers, consumers }) => {
      const { capacity } = consumers[i] as MpmcConsumer
      const [full, empty] = [model.sent - model.read === capacity, model.sent === model.read]
      const options = { timeout: 0, spin: 0 }
      expect(consumers[i]?.wait(options)).toBe(empty ? 'timed out' : 'ready')
      expect(producers[i]?.wait(options)).toBe(full ? 'timed out' : 'ready')
    })
  const handOver = (i: number): Command =>
    command(`others in place of ${i}`, (_, { handle, producers, consumers }) => {
      producers[i]?.detach()
      consumers[i]?.detach()
      producers[i] = attachProducer(handle)
      consumers[i] = attachConsumer(handle)
    })

  const commands = fc.commands(
    [which.map(push), which.map(push), which.map(pop), which.map(pop), which.map(wait), which.map(handOver)],
    { maxCommands: 120, size: 'max' },
  )
  // Where tickets change their sign, or are 0 again, and where the laps are.
  const turns = (capacity: number) => [...TURNS, 0x100000000, Math.min(2 ** 32, capacity * 2 ** 20)]
  const rings = fc
    .constantFrom(1, 2, 4, 16, 8192)
    .chain((capacity) => fc.tuple(fc.constant(capacity), fc.constantFrom(...turns(capacity)), fc.nat({ max: 60 })))

  test('is one queue, whatever is done to it, also where tickets and laps wrap', () => {
    fc.assert(
      fc.property(rings, commands, ([capacity, turn, before], run) => {
        const handle = startAt(create({ kind: 'mpmc', messageBytes: BYTES, capacity }), turn - before)
        const real = {
          handle,
          producers: [0, 1, 2].map(() => attachProducer(handle)),
          consumers: [0, 1, 2].map(() => attachConsumer(handle)),
        }
        fc.modelRun(() => ({ model: { sent: 0, read: 0 }, real }), run)
      }),
      { numRuns: 150 },
    )
  })

  test.each([
    [1, 2 ** 19 + 1],
    [1, 2 ** 20 - 3],
    [4, 2 ** 21 + 5],
    [4, 2 ** 22 - 9],
    [8192, 2 ** 31 + 70],
    [8192, 2 ** 32 - 30000],
  ])('with %i slots, ends that stood still while %i messages went through go on', (capacity, passed) => {
    const handle = create({ kind: 'mpmc', messageBytes: BYTES, capacity })
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const [late, lateReader] = [attachProducer(handle), attachConsumer(handle)]
    startAt(handle, passed)
    const got = message()
    expect(lateReader.pop(got)).toBe(false)
    expect(late.push(message(1))).toBe(true)
    expect(producer.push(message(2))).toBe(capacity > 1)
    expect(lateReader.pop(got) && holds(got, 1)).toBe(true)
    expect(consumer.pop(got)).toBe(capacity > 1)
    // With a hint of somebody who stood still before writing it.
    startAt(handle, passed + capacity * 5)
    const cells = new Int32Array(handle.memory)
    for (const hint of [64, 96]) cells[hint] = 7
    expect(producer.push(message(3))).toBe(true)
    expect(lateReader.pop(got) && holds(got, 3)).toBe(true)
    expect(consumer.pop(got)).toBe(false)
  })
})

describe('many to one', () => {
  interface Model {
    readonly sent: number[]
    readonly read: number[]
  }
  interface Real {
    readonly handle: RingHandle<'mpsc'>
    readonly producers: SpscProducer[]
    consumer: MpscConsumer
  }
  type Command = fc.Command<Model, Real>
  const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
    check: () => true,
    run,
    toString: () => name,
  })
  const at = (numbers: readonly number[], i: number): number => numbers[i] as number
  const there = ({ sent, read }: Model): boolean => sent.some((count, lane) => count > at(read, lane))

  const push = (lane: number): Command =>
    command(`push by ${lane}`, ({ sent, read }, { producers }) => {
      const ok = (producers[lane] as SpscProducer).push(message(at(sent, lane)))
      expect(ok).toBe(at(sent, lane) - at(read, lane) < 4)
      if (ok) sent[lane] = at(sent, lane) + 1
    })
  const pop = command('pop', (model, { consumer }) => {
    const got = message()
    const ok = consumer.pop(got)
    expect(ok).toBe(there(model))
    if (!ok) return
    expect(holds(got, at(model.read, consumer.lane))).toBe(true)
    model.read[consumer.lane] = at(model.read, consumer.lane) + 1
  })
  const popBatch = (count: number): Command =>
    command(`popBatch(${count})`, (model, { consumer }) => {
      const some = new Uint8Array(BYTES * count)
      const got = consumer.popBatch(some, count)
      expect(got > 0).toBe(count > 0 && there(model))
      for (let i = 0; i < got; i++) {
        const { lane } = consumer
        expect(holds(some.subarray(i * BYTES, (i + 1) * BYTES), at(model.read, lane))).toBe(true)
        model.read[lane] = at(model.read, lane) + 1
      }
    })
  const wait = command('wait', (model, { consumer }) => {
    expect(consumer.wait({ timeout: 0, spin: 0 })).toBe(there(model) ? 'ready' : 'timed out')
  })
  const handOver = (lane: number): Command =>
    command(`another for ${lane}`, (_, real) => {
      real.producers[lane]?.detach()
      real.producers[lane] = attachProducer(real.handle)
      real.consumer.detach()
      real.consumer = attachConsumer(real.handle)
    })

  const commands = fc.commands(
    [
      which.map(push),
      which.map(push),
      which.map(push),
      fc.constant(pop),
      fc.constant(pop),
      fc.nat({ max: 5 }).map(popBatch),
      fc.constant(wait),
      which.map(handOver),
    ],
    { maxCommands: 120, size: 'max' },
  )

  test('is a queue for each producer, whatever is done to it, also where positions wrap', () => {
    fc.assert(
      fc.property(starts, commands, (start, run) => {
        const handle = startAt(create({ kind: 'mpsc', messageBytes: BYTES, capacity: 4, producers: 3 }), start)
        const producers = [0, 1, 2].map((lane) => attachProducer(handle, { lane }))
        const model = { sent: [0, 0, 0], read: [0, 0, 0] }
        fc.modelRun(() => ({ model, real: { handle, producers, consumer: attachConsumer(handle) } }), run)
      }),
      { numRuns: 100 },
    )
  })

  test('a producer that sends without end keeps nobody out', () => {
    const handle = create({ kind: 'mpsc', messageBytes: BYTES, capacity: 128, producers: 2 })
    const [loud, quiet] = [attachProducer(handle), attachProducer(handle)]
    const consumer = attachConsumer(handle)
    quiet.push(message(1))
    let popped = 0
    do {
      while (loud.push(message(2)));
      consumer.pop(message())
      popped += 1
    } while (consumer.lane === 0)
    expect(popped).toBeLessThanOrEqual(65)
  })
})
