import fc from 'fast-check'
import {
  attachConsumer,
  attachProducer,
  create,
  declareDead,
  type RecordConsumer,
  type RecordProducer,
  type RingHandle,
} from 'ipclab/ring'
import { describe, expect, test } from 'vitest'
import { fill, holds } from './bytes.ts'
import { startAt, TURNS } from './positions.ts'

interface Sent {
  readonly seq: number
  readonly length: number
  readonly tag: number
  /** Words of the ring that are free again once it was read: up to its end. */
  readonly end: number
}

/** The queue that a ring of records is held against, and where its words are. */
interface Model {
  readonly words: number
  /** All that was sent; the first `told` are seen for sure. */
  readonly log: Sent[]
  told: number
  read: number
  /** Where the next record goes, and up to where the oldest ones were read. */
  at: number
  freed: number
  reserved: { readonly length: number; readonly tag: number; readonly offset: number } | null
}

interface Real {
  readonly handle: RingHandle<'records'>
  producer: RecordProducer
  consumer: RecordConsumer
}

type Command = fc.Command<Model, Real>

const command = (
  name: string,
  run: (model: Model, real: Real) => void,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run, toString: () => name })

const free = (model: Readonly<Model>): boolean => model.reserved === null

const wordsFor = (bytes: number): number => 1 + Math.ceil(bytes / 8)

/** Holds an answer against the room that there is, as much as is known: less than an eighth of the ring is held back. */
function fits(model: Model, length: number, answer: boolean): void {
  const slot = model.at % model.words
  const skipped = wordsFor(length) <= model.words - slot ? 0 : model.words - slot
  const need = skipped + wordsFor(length)
  const occupied = model.at - model.freed
  // What is skipped may be given back before the record behind it is read.
  const atMost = model.words - (model.read === model.log.length ? 0 : occupied)
  if (answer) expect(need).toBeLessThanOrEqual(Math.max(atMost, model.words - occupied + skippedBefore(model)))
  else {
    expect(need).toBeGreaterThan(model.words - occupied - (model.words / 8 - 1))
    model.told = model.log.length
  }
  if (answer) model.at += skipped
}

/** Words between what was read and the oldest record. */
function skippedBefore(model: Model): number {
  const oldest = model.log[model.read]
  return oldest === undefined ? model.at - model.freed : oldest.end - wordsFor(oldest.length) - model.freed
}

function sent(model: Model, length: number, tag: number): void {
  model.at += wordsFor(length)
  model.log.push({ seq: model.log.length, length, tag, end: model.at })
}

const lengthIn = (real: Real, share: number): number => Math.floor((real.producer.recordBytesMax * share) / 100)

const push = (share: number, tag: number, shift: number, told: boolean): Command =>
  command(
    `${told ? 'push' : 'write'}Bytes(${share}%, +${shift})`,
    (model, real) => {
      const length = lengthIn(real, share)
      const array = new Uint8Array(new ArrayBuffer(shift + length + 3), shift)
      fill(array.subarray(0, length), model.log.length)
      const { producer } = real
      const answer = told ? producer.pushBytes(array, length, tag) : producer.writeBytes(array, length, tag)
      fits(model, length, answer)
      if (answer) sent(model, length, tag)
      if (told) model.told = model.log.length
    },
    free,
  )

const reserve = (share: number, tag: number): Command =>
  command(
    `reserve(${share}%)`,
    (model, real) => {
      const length = lengthIn(real, share)
      const offset = real.producer.reserve(length, tag)
      fits(model, length, offset >= 0)
      if (offset < 0) return
      model.reserved = { length, tag, offset }
      fill(real.producer.data.subarray(offset, offset + length), model.log.length)
      expect(() => real.producer.reserve(0)).toThrow('reserved already')
      expect(() => real.producer.pushBytes(new Uint8Array(1))).toThrow('reserved already')
    },
    free,
  )

const commit = (share: number): Command =>
  command(
    `commit(${share}%)`,
    (model, real) => {
      if (model.reserved === null) return
      const { length, tag } = model.reserved
      const some = Math.floor((length * share) / 100)
      real.producer.commit(some)
      sent(model, some, tag)
      model.told = model.log.length
      model.reserved = null
    },
    (model) => !free(model),
  )

const abort = command('abort', (model, real) => {
  real.producer.abort()
  model.reserved = null
})

const flush = command('flush', (model, real) => {
  real.producer.flush()
  model.told = model.log.length
})

function took(model: Model, length: number, tag: number): Sent | null {
  const next = model.log[model.read]
  if (length < 0 || next === undefined) {
    expect(length).toBe(-1)
    expect(model.read).toBeGreaterThanOrEqual(model.told)
    return null
  }
  expect({ length, tag }).toEqual({ length: next.length, tag: next.tag })
  return next
}

function readOne(model: Model, { end }: Sent): void {
  model.read += 1
  model.freed = end
}

const pop = (shift: number): Command =>
  command(`popBytes(+${shift})`, (model, real) => {
    const { consumer } = real
    const array = new Uint8Array(new ArrayBuffer(shift + consumer.recordBytesMax + 1), shift)
    const length = consumer.popBytes(array)
    const next = took(model, length, consumer.tag)
    if (next === null) return
    expect(holds(array.subarray(0, length), next.seq)).toBe(true)
    expect(array.subarray(length).every((byte) => byte === 0)).toBe(true)
    readOne(model, next)
  })

const peek = (release: boolean): Command =>
  command(release ? 'peek, release' : 'peek', (model, real) => {
    const { consumer } = real
    const length = consumer.peek()
    const next = took(model, length, consumer.tag)
    if (next === null) return expect(() => consumer.release()).toThrow('no record to release')
    expect(holds(consumer.data.subarray(consumer.offset, consumer.offset + length), next.seq)).toBe(true)
    if (length > 0) expect(() => consumer.popBytes(new Uint8Array(length - 1))).toThrow('the array only')
    if (!release) return
    consumer.release()
    readOne(model, next)
  })

const ready = command('wait', (model, real) => {
  const woken = real.consumer.wait({ timeout: 0, spin: 0 })
  if (model.told > model.read) expect(woken).toBe('ready')
  else if (model.log.length === model.read) expect(woken).toBe('timed out')
})

/** Also in the middle of a record, of which nothing is seen. */
const producerDies = command('the producer dies', (model, real) => {
  declareDead(real.handle, 'producer')
  const { consumer } = real
  for (let length = consumer.peek(); length >= 0; length = consumer.peek()) {
    const next = took(model, length, consumer.tag)
    consumer.release()
    if (next !== null) readOne(model, next)
  }
  expect(model.read).toBeGreaterThanOrEqual(model.told)
  const lost = model.log.splice(model.read)
  model.told = model.read
  real.producer = attachProducer(real.handle)
  // From where it goes on is not to be seen; here, from the cells.
  if (lost.length > 0 || model.reserved !== null || model.at !== model.freed) relocate(model, real)
  model.reserved = null
})

/** Finds out where the next record goes, by sending an empty one. */
function relocate(model: Model, real: Real): void {
  const offset = real.producer.reserve(0)
  real.producer.abort()
  const slot = offset / 8 - 1
  model.at = model.freed + ((slot - (model.freed % model.words) + model.words) % model.words)
  model.freed = model.at
}

const consumerDies = command('the consumer dies', (model, real) => {
  declareDead(real.handle, 'consumer')
  real.consumer = attachConsumer(real.handle)
  const { consumer } = real
  const length = consumer.peek()
  if (length < 0) return expect(model.read).toBeGreaterThanOrEqual(model.told)
  const bytes = consumer.data.subarray(consumer.offset, consumer.offset + length)
  let from = model.read
  for (let back = model.read; back >= Math.max(0, model.read - model.words / 8); back--) {
    const one = model.log[back]
    if (one?.length === length && one.tag === consumer.tag && holds(bytes, one.seq)) from = back
  }
  const first = model.log[from]
  expect({ length: first?.length, tag: first?.tag }).toEqual({ length, tag: consumer.tag })
  // Read on to where the other one was.
  for (; from < model.read; from++) {
    expect(consumer.peek()).toBe(model.log[from]?.length)
    consumer.release()
  }
})

const share = fc.oneof(fc.nat({ max: 15 }), fc.nat({ max: 100 }))
const tag = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const shift = fc.constantFrom(0, 8, 3)

const commands = fc.commands(
  [
    fc.tuple(share, tag, shift, fc.boolean()).map((all) => push(...all)),
    fc.tuple(share, tag, shift, fc.boolean()).map((all) => push(...all)),
    fc.tuple(share, tag).map((all) => reserve(...all)),
    share.map(commit),
    share.map(commit),
    shift.map(pop),
    shift.map(pop),
    fc.boolean().map(peek),
    ...[abort, flush, ready, producerDies, consumerDies].map((one) => fc.constant(one)),
  ],
  { maxCommands: 150, size: 'max' },
)

const starts = fc.tuple(fc.constantFrom(...TURNS), fc.nat({ max: 100 })).map(([turn, before]) => turn - before)

describe('records', () => {
  test.each(TURNS)('an eighth of the ring that was read is room again, also where positions wrap: %d', (turn) => {
    // 64 words; a record of eight bytes has two.
    const handle = startAt(create({ kind: 'records', capacity: 512 }), turn - 4)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const record = new Uint8Array(8)
    while (producer.pushBytes(record));
    const room = Array.from({ length: 4 }, () => consumer.popBytes(record) >= 0 && producer.pushBytes(record))
    expect(room).toEqual([false, false, false, true])
  })

  test('a ring of them is a queue, whatever is done to it, also where positions wrap', () => {
    fc.assert(
      fc.property(fc.constantFrom(8, 16, 32, 64), starts, commands, (words, start, run) => {
        const handle = startAt(create({ kind: 'records', capacity: words * 8 }), start)
        const at = (start >>> 0) + 2 ** 32
        const model = { words, log: [], told: 0, read: 0, at, freed: at, reserved: null }
        const real = { handle, producer: attachProducer(handle), consumer: attachConsumer(handle) }
        fc.modelRun(() => ({ model, real }), run)
      }),
      { numRuns: 150 },
    )
  })
})
