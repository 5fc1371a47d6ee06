import fc from 'fast-check'
import {
  attachConsumer,
  attachProducer,
  create,
  declareDead,
  type RingHandle,
  type SpscConsumer,
  type SpscProducer,
} from 'ipclab/ring'
import { expect, test } from 'vitest'
import { fill, holds } from './bytes.ts'
import { startAt, TURNS } from './positions.ts'

/** The queue that a ring is held against: of messages that are their numbers, it is enough to know how far each side is. */
interface Model {
  sent: number
  /** Up to here the consumer sees them for sure; what comes behind is held back, perhaps. */
  told: number
  read: number
  closed: boolean
}

interface Real {
  readonly handle: RingHandle<'spsc'>
  producer: SpscProducer
  consumer: SpscConsumer
}

type Command = fc.Command<Model, Real>

const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
  check: () => true,
  run,
  toString: () => name,
})

const PAD = 5

/** An array for `count` messages, at an odd place or not, with something behind them. */
function arrayFor(real: Real, count: number, shift: number): Uint8Array {
  const bytes = count * real.producer.messageBytes
  return new Uint8Array(new ArrayBuffer(shift + bytes + PAD), shift, bytes + PAD)
}

function messageIn(real: Real, array: Uint8Array, i: number): Uint8Array {
  const { messageBytes } = real.producer
  return array.subarray(i * messageBytes, (i + 1) * messageBytes)
}

const untouched = (array: Uint8Array): boolean => array.subarray(array.length - PAD).every((byte) => byte === 0)

/** Holds how many were sent of so many against the room that there is: as much as the consumer may hold back is open. */
function sent(model: Model, real: Real, asked: number, count: number): void {
  const { capacity } = real.producer
  const unread = model.sent - model.read
  const heldBack = Math.max(1, capacity >> 3) - 1
  expect(count).toBeLessThanOrEqual(model.closed ? 0 : capacity - unread)
  if (!model.closed) expect(count).toBeGreaterThanOrEqual(Math.min(asked, Math.max(0, capacity - heldBack - unread)))
  model.sent += count
}

function took(model: Model, asked: number, count: number): void {
  expect(count).toBeGreaterThanOrEqual(Math.min(asked, Math.max(0, model.told - model.read)))
  expect(count).toBeLessThanOrEqual(Math.min(asked, model.sent - model.read))
}

const push = (shift: number): Command =>
  command(`push(+${shift})`, (model, real) => {
    const message = arrayFor(real, 1, shift)
    fill(messageIn(real, message, 0), model.sent)
    sent(model, real, 1, real.producer.push(message) ? 1 : 0)
    model.told = model.sent
  })

const write = command('write', (model, real) => {
  const message = arrayFor(real, 1, 0)
  fill(messageIn(real, message, 0), model.sent)
  const ok = real.producer.write(message)
  sent(model, real, 1, ok ? 1 : 0)
  // What is held back is told of when there is no room, and each sixteen.
  model.told = ok ? Math.max(model.told, model.sent - 15) : model.sent
})

const pushBatch = (asked: number, shift: number): Command =>
  command(`pushBatch(${asked}, +${shift})`, (model, real) => {
    const messages = arrayFor(real, asked + 1, shift)
    for (let i = 0; i < asked; i++) fill(messageIn(real, messages, i + 1), model.sent + i)
    const count = real.producer.pushBatch(messages, asked, 1)
    sent(model, real, asked, count)
    if (asked > 0) model.told = model.sent
  })

const claim = (asked: number): Command =>
  command(`claim(${asked}), publish`, (model, real) => {
    const { producer } = real
    const claimed = producer.claim(asked)
    expect(claimed).toBeLessThanOrEqual(asked)
    for (let i = 0; i < claimed; i++) {
      const at = producer.offset + i * producer.stride
      fill(producer.data.subarray(at, at + producer.messageBytes), model.sent + i)
    }
    const some = Math.ceil(claimed / 2)
    producer.publish(some)
    if (claimed > 0) {
      sent(model, real, some, some)
      model.told = model.sent
    }
    expect(() => producer.publish(producer.capacity + 1)).toThrow('were not claimed')
  })

const pop = (shift: number): Command =>
  command(`pop(+${shift})`, (model, real) => {
    const message = arrayFor(real, 1, shift)
    const count = real.consumer.pop(message) ? 1 : 0
    took(model, 1, count)
    if (count > 0) expect(holds(messageIn(real, message, 0), model.read)).toBe(true)
    expect(untouched(message)).toBe(true)
    model.read += count
  })

const popBatch = (asked: number, shift: number): Command =>
  command(`popBatch(${asked}, +${shift})`, (model, real) => {
    const messages = arrayFor(real, asked + 1, shift)
    const count = real.consumer.popBatch(messages, asked, 1)
    took(model, asked, count)
    for (let i = 0; i < count; i++) expect(holds(messageIn(real, messages, i + 1), model.read + i)).toBe(true)
    expect(untouched(messages)).toBe(true)
    model.read += count
  })

const readable = (asked: number): Command =>
  command(`readable(${asked}), consume`, (model, real) => {
    const { consumer } = real
    const count = consumer.readable(asked)
    expect(count).toBeLessThanOrEqual(Math.min(asked, model.sent - model.read))
    if (asked > 0 && model.told > model.read) expect(count).toBeGreaterThan(0)
    for (let i = 0; i < count; i++) {
      const at = consumer.offset + i * consumer.stride
      expect(holds(consumer.data.subarray(at, at + consumer.messageBytes), model.read + i)).toBe(true)
    }
    const some = Math.ceil(count / 2)
    consumer.consume(some)
    model.read += some
    expect(() => consumer.consume(consumer.capacity + 1)).toThrow('to consume')
  })

const flush = command('flush', (model, real) => {
  real.producer.flush()
  model.told = model.sent
})

const giveBack = command('giveBack', (model, real) => {
  real.consumer.giveBack()
  const room = real.producer.claim(Infinity)
  expect(room > 0).toBe(!model.closed && model.sent - model.read < real.producer.capacity)
  if (room === 0) model.told = model.sent
})

const handOver = command('another producer', (model, real) => {
  real.producer.detach()
  model.told = model.sent
  real.producer = attachProducer(real.handle)
})

const handOverReading = command('another consumer', (_, real) => {
  real.consumer.detach()
  real.consumer = attachConsumer(real.handle)
})

/** What it had not told of is lost, and what comes next has its place. */
const producerDies = command('the producer dies', (model, real) => {
  declareDead(real.handle, 'producer')
  const count = countAndCheck(model, real)
  took(model, Infinity, count)
  model.read += count
  model.sent = model.read
  model.told = model.sent
  expect(real.consumer.wait({ timeout: 0 })).toBe(model.closed ? 'closed' : 'peer dead')
  real.producer = attachProducer(real.handle)
})

function countAndCheck(model: Model, real: Real): number {
  const message = new Uint8Array(real.consumer.messageBytes)
  let count = 0
  for (; real.consumer.pop(message); count++) expect(holds(message, model.read + count)).toBe(true)
  return count
}

/** What it had not given back is read again: less than a lump. */
const consumerDies = command('the consumer dies', (model, real) => {
  declareDead(real.handle, 'consumer')
  real.consumer = attachConsumer(real.handle)
  const { capacity, messageBytes, data, offset } = real.consumer
  if (real.consumer.readable() === 0) return expect(model.read).toBeGreaterThanOrEqual(model.told)
  const oldest = data.subarray(offset, offset + messageBytes)
  const again = Array.from({ length: Math.max(1, capacity >> 3) }, (_, back) => back)
  const back = again.find((some) => holds(oldest, model.read - some))
  expect(back).toBeDefined()
  model.read -= back ?? 0
})

const close = command('close', (model, real) => {
  real.producer.close()
  model.told = model.sent
  model.closed = true
  expect(real.consumer.ended).toBe(model.read === model.sent)
  real.producer = attachProducer(real.handle)
})

const few = fc.nat({ max: 40 })
const shift = fc.constantFrom(0, 0, 8, 3)

const commands = fc.commands(
  [
    shift.map(push),
    shift.map(push),
    fc.constant(write),
    fc.tuple(few, shift).map(([asked, by]) => pushBatch(asked, by)),
    few.map(claim),
    shift.map(pop),
    shift.map(pop),
    fc.tuple(few, shift).map(([asked, by]) => popBatch(asked, by)),
    few.map(readable),
    ...[flush, giveBack, handOver, handOverReading, producerDies, consumerDies].map((one) => fc.constant(one)),
    fc.nat({ max: 9 }).map((chance) => (chance === 0 ? close : write)),
  ],
  { maxCommands: 150, size: 'max' },
)

const sizes = fc.constantFrom(1, 3, 8, 12, 16, 24, 136, 264)
const capacities = fc.constantFrom(1, 2, 4, 16, 32)
const starts = fc.tuple(fc.constantFrom(...TURNS), fc.nat({ max: 60 })).map(([turn, before]) => turn - before)

test('a ring is a queue, whatever is done to it, also where positions wrap', () => {
  fc.assert(
    fc.property(sizes, capacities, starts, commands, (messageBytes, capacity, start, run) => {
      const handle = startAt(create({ kind: 'spsc', messageBytes, capacity }), start)
      const model: Model = { sent: 0, told: 0, read: 0, closed: false }
      fc.modelRun(
        () => ({ model, real: { handle, producer: attachProducer(handle), consumer: attachConsumer(handle) } }),
        run,
      )
    }),
    { numRuns: 120 },
  )
})

test.each(TURNS)('every sixteenth that is held back tells of all, also around position %i', (turn) => {
  const handle = startAt(create({ kind: 'spsc', messageBytes: 8, capacity: 64 }), turn - 5)
  const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
  const seen: number[] = []
  for (let i = 0; i < 48; i++) {
    producer.write(new Uint8Array(8))
    seen.push(consumer.popBatch(new Uint8Array(512), 64))
  }
  expect(seen.flatMap((count, i) => (count > 0 ? [[i, count]] : []))).toEqual([
    [15, 16],
    [31, 16],
    [47, 16],
  ])
})
