import {
  attachConsumer,
  attachProducer,
  close,
  create,
  declareDead,
  declareOwnerDead,
  type RingHandle,
  watch,
} from 'ipclab/ring'
import { describe, expect, test } from 'vitest'

/** Ends: taken, given back, closed, dead, and taken again. */

const spsc = (capacity = 8) => create({ kind: 'spsc', capacity, messageBytes: 8 })
const one = (value: number): Float64Array => Float64Array.of(value)

function all(consumer: { pop(message: ArrayBufferView): boolean }): number[] {
  const message = new Float64Array(1)
  const got: number[] = []
  while (consumer.pop(message)) got.push(message[0] as number)
  return got
}

/** A ring that was closed before anybody had it. */
function closedOf(kind: 'spsc' | 'mpsc' | 'mpmc'): RingHandle<'spsc'> {
  const handle = create({ kind, capacity: 2, messageBytes: 8, ...(kind === 'mpsc' ? { producers: 2 } : {}) })
  close(handle)
  return handle as RingHandle<'spsc'> // their producers push alike
}

const handles: readonly RingHandle[] = [
  spsc(),
  create({ kind: 'records', capacity: 256 }),
  create({ kind: 'mpsc', capacity: 8, messageBytes: 8, producers: 1 }),
]

describe.each(handles)('$kind', (handle) => {
  test('an end is taken once, and again after it was given back', () => {
    const producer = attachProducer(handle)
    const consumer = attachConsumer(handle)
    expect(() => attachProducer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
    expect(() => attachConsumer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
    producer.detach()
    producer.detach()
    consumer.detach()
    consumer.close() // of nothing
    expect(attachProducer(handle).wait({ timeout: 0 })).toBe('ready')
    attachConsumer(handle)
    declareDead(handle, 'producer')
    declareDead(handle, 'consumer')
    expect(attachConsumer(handle).wait({ timeout: 0 })).toBe('peer dead')
  })
})

describe('closing', () => {
  test('by the consumer: a producer that has found it out sends nothing more, though there is room', () => {
    const handle = spsc(4)
    const producer = attachProducer(handle)
    const consumer = attachConsumer(handle)
    for (let i = 0; i < 4; i++) producer.push(one(i))
    consumer.pop(one(0))
    consumer.close()
    expect([producer.push(one(4)), producer.push(one(5)), producer.write(one(6))]).toEqual([false, false, false])
    expect(producer.claim()).toBe(0)
    expect(producer.pushBatch(one(7), 1)).toBe(0)
    expect(producer.wait()).toBe('closed')
  })

  test('a record producer, too', () => {
    const handle = create({ kind: 'records', capacity: 64 })
    const producer = attachProducer(handle)
    const consumer = attachConsumer(handle)
    const bytes = new Uint8Array(24)
    while (producer.pushBytes(bytes));
    consumer.popBytes(bytes)
    consumer.close()
    expect([producer.pushBytes(bytes), producer.pushBytes(bytes), producer.reserve(1)]).toEqual([false, false, -1])
    expect(producer.wait()).toBe('closed')
  })

  test('whoever attaches afterwards is told: a producer sends nothing, a consumer reads what is left', () => {
    const handle = spsc()
    const producer = attachProducer(handle)
    producer.push(one(1))
    producer.close()
    const next = attachProducer(handle)
    expect({ closed: next.closed, pushed: next.push(one(2)), wait: next.wait() }).toEqual({
      closed: true,
      pushed: false,
      wait: 'closed',
    })
    const consumer = attachConsumer(handle)
    expect(consumer.wait()).toBe('ready')
    expect(all(consumer)).toEqual([1])
    expect(consumer.wait()).toBe('closed')
  })

  test('by one of many producers: the next one has a lane that is open, as long as there is one', () => {
    const handle = create({ kind: 'mpsc', capacity: 8, messageBytes: 8, producers: 2 })
    attachProducer(handle).close()
    const next = attachProducer(handle)
    expect([next.lane, next.push(one(1))]).toEqual([1, true])
    expect(attachProducer(handle).wait()).toBe('closed')
    expect(() => attachProducer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
  })

  test.each<'spsc' | 'mpsc' | 'mpmc'>(['spsc', 'mpsc', 'mpmc'])(
    'of %s from outside: what was sent is read, then all are told',
    (kind) => {
      const handle = create({ kind, capacity: 2, messageBytes: 8, ...(kind === 'mpsc' ? { producers: 2 } : {}) }) as
        | RingHandle<'spsc'>
        | RingHandle<'mpmc'>
      const producer = attachProducer(handle)
      const consumer = attachConsumer(handle)
      producer.push(one(1))
      producer.push(one(2))
      close(handle)
      expect(producer.push(one(3))).toBe(false)
      expect(producer.wait()).toBe('closed')
      expect(consumer.ended).toBe(false)
      expect(all(consumer)).toEqual([1, 2])
      expect(consumer.ended).toBe(true)
      expect(consumer.wait()).toBe('closed')
      expect(attachProducer(closedOf(kind)).push(one(4))).toBe(false)
    },
  )

  test('of many to many, with all its ends taken', () => {
    const handle = create({ kind: 'mpmc', capacity: 2, messageBytes: 8 })
    const ends = Array.from({ length: 255 }, () => attachProducer(handle))
    expect(() => attachConsumer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
    close(handle)
    expect(ends.map((end) => end.push(one(1)))).not.toContain(true)
  })
})

describe('death', () => {
  test('of the producer: what it had published is read, the consumer is told, a fresh producer goes on behind it', () => {
    const handle = spsc(32)
    const dead = attachProducer(handle)
    const consumer = attachConsumer(handle)
    dead.push(one(1))
    dead.write(one(2))
    declareDead(handle, 'producer')
    expect(consumer.wait()).toBe('ready')
    expect(all(consumer)).toEqual([1])
    expect(consumer.wait()).toBe('peer dead')
    attachProducer(handle).push(one(3))
    expect(consumer.wait()).toBe('ready')
    expect(all(consumer)).toEqual([3])
    expect(consumer.wait({ timeout: 0 })).toBe('timed out')
  })

  test('of the consumer: what it had not given back is read again', () => {
    const handle = spsc(32) // given back by fours
    const producer = attachProducer(handle)
    const dead = attachConsumer(handle)
    for (let i = 0; i < 32; i++) producer.push(one(i))
    for (let i = 0; i < 6; i++) dead.pop(one(0))
    for (let i = 32; i < 36; i++) producer.push(one(i))
    expect(producer.push(one(99))).toBe(false)
    declareDead(handle, 'consumer')
    expect(producer.wait()).toBe('peer dead')
    expect(all(attachConsumer(handle))).toEqual(Array.from({ length: 32 }, (_, i) => i + 4))
  })

  test('of an owner: its ends only, and not when a fresh one has them', () => {
    const handle = create({ kind: 'mpsc', capacity: 8, messageBytes: 8, producers: 3 })
    const consumer = attachConsumer(handle, { owner: 7 })
    const mine = attachProducer(handle, { owner: 7, lane: 1 })
    attachProducer(handle, { owner: 8 })
    mine.detach()
    attachProducer(handle, { owner: 9, lane: 1 })
    declareOwnerDead(handle, 7)
    consumer.detach() // it is no longer its own
    attachConsumer(handle)
    expect(attachProducer(handle).lane).toBe(2)
    declareOwnerDead(handle, 9)
    expect(attachProducer(handle).lane).toBe(1)
  })

  test('of many to many: an end is buried by its owner or its number, and somebody else can have the number', () => {
    const handle = create({ kind: 'mpmc', capacity: 8, messageBytes: 8 })
    attachProducer(handle, { owner: 3 })
    const other = attachProducer(handle)
    expect(attachConsumer(handle, { owner: 3 }).number).toBe(3)
    declareOwnerDead(handle, 3)
    expect([attachProducer(handle).number, attachConsumer(handle).number]).toEqual([1, 3])
    declareDead(handle, 'producer', other.number)
    declareDead(handle, 'producer', other.number)
    expect(attachProducer(handle).number).toBe(2)
    expect(() => declareDead(handle, 'producer')).toThrow(/number must be a whole number from 1 to 255/)
    expect(() => declareDead(handle, 'producer', 256)).toThrow(/from 1 to 255/)
  })

  test('a worker that is watched takes its ends along, and nobody else’s', () => {
    const handle = spsc()
    const listeners: (() => void)[] = []
    const worker = { threadId: 5, once: (_: 'exit', listener: () => void) => listeners.push(listener) }
    watch(worker, handle)
    worker.threadId = -1
    attachProducer(handle, { owner: 5 })
    const consumer = attachConsumer(handle, { owner: 6 })
    for (const listener of listeners) listener()
    expect(consumer.wait()).toBe('peer dead')
    expect(() => attachConsumer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
    attachProducer(handle)
    for (const listener of listeners) listener()
    expect(consumer.wait({ timeout: 0 })).toBe('timed out')
  })

  test('who was declared dead and is not closes, or gives back, nobody else’s end', () => {
    const handle = spsc()
    const dead = attachProducer(handle)
    const consumer = attachConsumer(handle)
    declareDead(handle, 'producer')
    attachProducer(handle)
    dead.close()
    expect(consumer.closed).toBe(false)
    expect(() => attachProducer(handle)).toThrow(expect.objectContaining({ code: 'taken' }))
  })
})

test('an end that was given back does nothing', async () => {
  const records = create({ kind: 'records', capacity: 256 })
  const writer = attachProducer(records)
  writer.reserve(8)
  writer.detach()
  expect(() => writer.commit()).toThrow('no record is reserved')
  const fresh = attachProducer(records)
  fresh.pushBytes(Uint8Array.of(1), 1, 5)
  expect([writer.pushBytes(Uint8Array.of(2)), writer.reserve(1), await writer.waitAsync()]).toEqual([
    false,
    -1,
    'closed',
  ])
  const reader = attachConsumer(records)
  expect([reader.peek(), reader.tag]).toEqual([1, 5])
  reader.detach()
  expect([reader.peek(), reader.popBytes(new Uint8Array(9)), reader.wait()]).toEqual([-1, -1, 'closed'])

  const many = create({ kind: 'mpmc', capacity: 2, messageBytes: 8 })
  const sender = attachProducer(many)
  sender.detach()
  sender.close()
  expect([sender.push(one(1)), sender.wait()]).toEqual([false, 'closed'])
  expect(attachProducer(many).push(one(1))).toBe(true)
})
