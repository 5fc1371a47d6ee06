import { runInNewContext } from 'node:vm'
import {
  attachConsumer,
  attachProducer,
  create,
  declareDead,
  type RingHandle,
  type RingOptions,
  watch,
} from 'ipclab/ring'
import { afterEach, describe, expect, test, vi } from 'vitest'

/** What is refused, with which word, and that nothing happens to the ring. */

function refuses(what: () => unknown, code: string, why: RegExp): void {
  expect(what).toThrow(expect.objectContaining({ name: 'RingError', code }))
  expect(what).toThrow(why)
}

afterEach(() => vi.unstubAllGlobals())

const spsc = (messageBytes = 8, capacity = 4) => create({ kind: 'spsc', capacity, messageBytes })

describe('create', () => {
  test.each<[Partial<Record<keyof RingOptions, unknown>>, RegExp]>([
    [{ kind: 'pipe' }, /no kind of ring 'pipe'; there are spsc, records, mpsc, mpmc/],
    [{ capacity: 0 }, /capacity must be a whole number from 1/],
    [{ capacity: -1 }, /not -1/],
    [{ capacity: 1.5 }, /not 1.5/],
    [{ capacity: Number.NaN }, /not NaN/],
    [{ capacity: '8' }, /capacity must/],
    [{ capacity: 2 ** 29 }, /from 1 to 268435456/],
    [{ capacity: 2 ** 28, messageBytes: 2 ** 26 }, /no memory for a ring/],
    [{ messageBytes: 0 }, /messageBytes must/],
    [{ messageBytes: undefined }, /messageBytes must/],
    [{ messageBytes: 2 ** 40 }, /messageBytes must/],
    [{ producers: 2 }, /for kind 'mpsc' only/],
    [{ kind: 'mpsc' }, /producers must be a whole number from 1 to 1024, not undefined/],
    [{ kind: 'mpsc', producers: 1025 }, /not 1025/],
    [{ kind: 'mpsc', producers: 0 }, /not 0/],
    [{ kind: 'records' }, /leave messageBytes out/],
    [{ kind: 'records', messageBytes: undefined, capacity: 2 ** 40 }, /capacity \(bytes\) must/],
  ])('refuses %j', (options, why) => {
    const all = { kind: 'spsc', capacity: 8, messageBytes: 8, ...options } as unknown as RingOptions
    refuses(() => create(all), 'bad argument', why)
  })

  test('refuses nothing at all, and an object for a number, by what they are', () => {
    refuses(() => create(undefined as never), 'bad argument', /no kind of ring undefined/)
    refuses(() => create({ kind: 'spsc', capacity: {}, messageBytes: 8 } as never), 'bad argument', /not an object/)
  })

  test('says which headers to send where memory cannot be shared', () => {
    const handle = spsc()
    vi.stubGlobal('SharedArrayBuffer', undefined)
    const why = /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/
    refuses(() => spsc(), 'not here', why)
    refuses(() => attachProducer(handle), 'not here', why)
  })

  test('says to await where threads may not block', async () => {
    const consumer = attachConsumer(spsc())
    vi.spyOn(Atomics, 'wait').mockImplementation(() => {
      throw new TypeError('Atomics.wait cannot be called in this context')
    })
    refuses(() => consumer.wait(), 'not here', /may not block: await waitAsync\(\) instead/)
    vi.restoreAllMocks()
    expect(await consumer.waitAsync({ timeout: 1 })).toBe('timed out')
  })
})

describe('a handle', () => {
  const shared = (bytes: number) => new SharedArrayBuffer(bytes)

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /no shared memory/],
    ['an empty object', {}, /no shared memory/],
    ['memory that is not shared', { kind: 'spsc', memory: new ArrayBuffer(4096) }, /no shared memory/],
    ['too little memory', { kind: 'spsc', memory: shared(7) }, /only 7 bytes/],
    ['foreign memory', { kind: 'spsc', memory: shared(4096) }, /does not begin as one/],
    [
      'what only calls itself shared',
      { kind: 'spsc', memory: { [Symbol.toStringTag]: 'SharedArrayBuffer' } },
      /no shared memory/,
    ],
  ])('that is %s is refused', (_, handle, why) => {
    refuses(() => attachProducer(handle as RingHandle), 'not a ring', why)
    refuses(() => declareDead(handle as RingHandle, 'producer'), 'not a ring', why)
  })

  test.each<[string, number, number, RegExp]>([
    ['version', 1, 9, /version 9, and this is version 1/],
    ['kind', 2, 7, /no kind/],
    ['kind below all', 2, -1, /no kind/],
    ['size of messages', 3, 0, /makes no sense/],
    ['size of messages', 3, 800, /should have/],
    ['number of slots', 4, 3, /makes no sense/],
    ['number of slots', 4, -4, /makes no sense/],
    ['number of lanes', 5, 0, /makes no sense/],
  ])('with another %s in its head is refused', (_, cell, value, why) => {
    const handle = spsc()
    new Int32Array(handle.memory)[cell] = value
    refuses(() => attachConsumer(handle), 'not a ring', why)
  })

  test('whose memory can grow is refused', () => {
    const { memory } = spsc()
    const growing = new SharedArrayBuffer(memory.byteLength, { maxByteLength: 2 * memory.byteLength } as never) // of ES2024
    new Uint8Array(growing).set(new Uint8Array(memory))
    refuses(() => attachConsumer({ kind: 'spsc', memory: growing }), 'not a ring', /can grow/)
  })

  test('with its memory cut off is refused', () => {
    const { kind, memory } = spsc()
    const cut = shared(memory.byteLength - 4)
    new Uint8Array(cut).set(new Uint8Array(memory, 0, cut.byteLength))
    refuses(() => attachConsumer({ kind, memory: cut }), 'not a ring', /should have/)
  })

  test('of another kind than it says is refused', () => {
    const { memory } = spsc()
    refuses(
      () => attachConsumer({ kind: 'records', memory }),
      'wrong kind',
      /is of kind 'spsc', and 'records' is asked for/,
    )
  })

  test('with memory of another context is one', () => {
    const { kind, memory } = spsc()
    const foreign = runInNewContext('new SharedArrayBuffer(bytes)', { bytes: memory.byteLength }) as SharedArrayBuffer
    new Uint8Array(foreign).set(new Uint8Array(memory))
    expect(attachProducer({ kind, memory: foreign }).push(new Float64Array(1))).toBe(true)
  })
})

test('the death of what is no end is refused, and of a worker that has exited already', () => {
  const handle = spsc()
  attachConsumer(handle)
  refuses(
    () => declareDead(handle, 'Producer' as 'producer'),
    'bad argument',
    /'producer' or 'consumer', not 'Producer'/,
  )
  refuses(() => declareDead(handle, undefined as never), 'bad argument', /not undefined/)
  refuses(() => attachConsumer(handle), 'taken', /somebody is the consumer/)
  const why = /a Worker of Node's that has not exited/
  for (const worker of [{ threadId: -1, once: () => {} }, { postMessage: () => {} }, undefined])
    refuses(() => watch(worker as never, handle), 'bad argument', why)
})

test('attaching with lanes or owners that there are not is refused', () => {
  const handle = create({ kind: 'mpsc', capacity: 4, messageBytes: 8, producers: 2 })
  refuses(() => attachProducer(handle, { lane: 2 }), 'bad argument', /lane must be a whole number from 0 to 1/)
  refuses(() => attachProducer(handle, { lane: Number.NaN }), 'bad argument', /lane must/)
  refuses(() => attachProducer(spsc(), { lane: 0 }), 'bad argument', /only rings of kind 'mpsc' have lanes/)
  refuses(() => attachProducer(handle, { owner: 0 }), 'bad argument', /owner must/)
  refuses(() => attachConsumer(handle, { owner: 2 ** 21 }), 'bad argument', /owner must/)
  attachProducer(handle)
  attachProducer(handle)
  refuses(() => attachProducer(handle), 'taken', /has its 2 producers already/)
  refuses(() => attachProducer(handle, { lane: 1 }), 'taken', /lane 1.*declareDead\(handle, 'producer', 1\)/)
})

test('of the lanes of a ring with many producers all are taken for reading, or none', () => {
  const handle = create({ kind: 'mpsc', capacity: 4, messageBytes: 8, producers: 2 })
  const first = attachConsumer(handle)
  // As it is while somebody declares its owner dead: the first lane is free already.
  const cells = new Int32Array(handle.memory)
  const word = cells[65] as number
  cells[65] = 0
  refuses(() => attachConsumer(handle), 'taken', /lane 1/)
  expect((cells[65] ?? 0) & 1).toBe(0)
  cells[65] = word
  first.detach()
  attachConsumer(handle)
})

describe('messages', () => {
  test.each([1, 3, 8, 12, 16, 136, 4096])('of %i bytes from all kinds of arrays', (size) => {
    const handle = spsc(size)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const room = new ArrayBuffer(2 * size + 64)
    const bytes = new Uint8Array(room)
    bytes.forEach((_, i) => {
      bytes[i] = i * 7 + 1
    })
    const arrays: ArrayBufferView[] = [
      new Uint8Array(room, 0, size),
      new Uint8Array(room, 5, size + 9),
      new DataView(room, 16, size),
      new DataView(room, 3, size),
      Buffer.from(bytes.slice(1)),
    ]
    if (size % 8 === 0) arrays.push(new BigInt64Array(room, 8, size / 8), new Float32Array(room, 4, size / 4))
    for (const array of arrays) {
      expect(producer.push(array)).toBe(true)
      const got = new Uint8Array(size + 3)
      expect(consumer.pop(got)).toBe(true)
      const expected = new Uint8Array(array.buffer, array.byteOffset, size)
      expect([...got]).toEqual([...expected, 0, 0, 0])
    }
  })

  test('that are too small, or none, are refused, and the ring is as it was', () => {
    const handle = spsc(12)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const small = new Uint8Array(11)
    refuses(() => producer.push(small), 'bad argument', /has 11 bytes, and 12 are to be copied/)
    refuses(() => producer.push([1] as unknown as Uint8Array), 'bad argument', /a typed array or a DataView/)
    refuses(() => producer.pushBatch({} as Uint8Array, 1), 'bad argument', /a typed array or a DataView/)
    refuses(() => producer.pushBatch(new Uint8Array(30), 3), 'bad argument', /count must be a whole number from 0 to 2/)
    refuses(() => producer.pushBatch(new Uint8Array(30), 1, 3), 'bad argument', /first must/)
    expect(consumer.ended || consumer.readable() > 0).toBe(false)
    producer.push(new Uint8Array(12).fill(5))
    refuses(() => consumer.pop(small), 'bad argument', /has 11 bytes/)
    const got = new Uint8Array(12)
    expect(consumer.pop(got) && got.every((byte) => byte === 5)).toBe(true)
  })

  test.each([Number.NaN, -1, 0.5, 5])('in place: %d of them are not sent, nor read', (count) => {
    const handle = spsc()
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    refuses(() => producer.publish(count), 'bad argument', /were not claimed/)
    refuses(() => consumer.consume(count), 'bad argument', /to consume/)
    if (!(count >= 0)) {
      refuses(() => producer.claim(count), 'bad argument', /can be claimed/)
      refuses(() => consumer.readable(count), 'bad argument', /can be read/)
    }
    expect(producer.push(Float64Array.of(3))).toBe(true)
    expect(consumer.pop(new Float64Array(1))).toBe(true)
  })

  test.each([8, 12, 256])('of %i bytes, from an array that was taken away since, are refused', (size) => {
    const handle = spsc(size)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const sent = new Uint8Array(size)
    producer.push(sent)
    producer.pushBatch(sent, 1)
    structuredClone(null, { transfer: [sent.buffer] })
    refuses(() => producer.push(sent), 'bad argument', /has 0 bytes/)
    refuses(() => producer.pushBatch(sent, 1), 'bad argument', /count must be/)
    const got = new Uint8Array(size)
    consumer.pop(got)
    structuredClone(null, { transfer: [got.buffer] })
    refuses(() => consumer.pop(got), 'bad argument', /has 0 bytes/)
    expect(consumer.pop(new Uint8Array(size))).toBe(true)
  })

  test('from arrays that grow and shrink are copied as they are then', () => {
    type Resizable = ArrayBuffer & { resize(bytes: number): void }
    const buffer = new (ArrayBuffer as unknown as new (n: number, o: object) => Resizable)(8, { maxByteLength: 64 })
    const array = new Uint8Array(buffer)
    const records = create({ kind: 'records', capacity: 512 })
    const [producer, consumer] = [attachProducer(records), attachConsumer(records)]
    const lanes = spsc(8, 8)
    const batches = attachProducer(lanes)
    const sizes = [8, 32, 3, 64]
    const sent: number[] = []
    for (const size of sizes) {
      buffer.resize(size)
      array.fill(size)
      expect(producer.pushBytes(array)).toBe(true)
      sent.push(batches.pushBatch(array, size >> 3))
    }
    const got = new Uint8Array(64)
    for (const size of sizes) {
      expect(consumer.popBytes(got)).toBe(size)
      expect(got.subarray(0, size).every((byte) => byte === size)).toBe(true)
    }
    const reader = attachConsumer(lanes)
    expect(reader.popBatch(got, 8)).toBe(8)
    expect(sent).toEqual([1, 4, 0, 3])
    expect([...got]).toEqual([8, 32, 64].flatMap((size, i) => Array(([1, 4, 3][i] ?? 0) * 8).fill(size)))
  })

  test('as records, from or into an array that was taken away since, are refused, and stay', () => {
    const handle = create({ kind: 'records', capacity: 256 })
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const [sent, got] = [new Uint8Array(8).fill(3), new Uint8Array(8)]
    producer.pushBytes(sent, 8)
    producer.pushBytes(sent, 8)
    consumer.popBytes(got)
    structuredClone(null, { transfer: [sent.buffer, got.buffer] })
    refuses(() => producer.pushBytes(sent, 8), 'bad argument', /has 0 bytes, not 8/)
    refuses(() => consumer.popBytes(got), 'bad argument', /has 8 bytes, and the array only 0/)
    expect(consumer.popBytes(new Uint8Array(8))).toBe(8)
  })

  test('as records: lengths, tags and targets that do not fit are refused', () => {
    const handle = create({ kind: 'records', capacity: 64 })
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const bytes = new Uint8Array(32)
    refuses(() => producer.pushBytes(bytes), 'bad argument', /from 0 to 24 bytes in this ring, not 32/)
    refuses(() => producer.pushBytes(bytes, -1), 'bad argument', /not -1/)
    refuses(() => producer.pushBytes(bytes, 33), 'bad argument', /has 32 bytes, not 33/)
    refuses(() => producer.pushBytes(bytes, Number.NaN), 'bad argument', /not NaN/)
    refuses(() => producer.pushBytes(bytes, 1, 2 ** 31), 'bad argument', /a tag is a whole number of 32 bits/)
    refuses(() => producer.reserve(25), 'bad argument', /not 25/)
    refuses(() => producer.commit(), 'bad argument', /no record is reserved/)
    producer.reserve(8)
    refuses(() => producer.commit(9), 'bad argument', /from 0 to 8/)
    producer.commit(3)
    expect(consumer.peek()).toBe(3)
  })
})

test('an array that is too small leaves a ring from many to many as it was', () => {
  const handle = create({ kind: 'mpmc', messageBytes: 8, capacity: 2 })
  const producer = attachProducer(handle)
  const consumer = attachConsumer(handle)
  const message = Float64Array.of(1)
  refuses(() => producer.push(new Uint8Array(4)), 'bad argument', /4 bytes/)
  expect(producer.push(message)).toBe(true)
  refuses(() => consumer.pop(new Uint8Array(4)), 'bad argument', /4 bytes/)
  expect(consumer.pop(message)).toBe(true)
  expect(consumer.pop(message)).toBe(false)
})
