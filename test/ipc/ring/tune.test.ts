import { attachConsumer, attachProducer, create, type RingHandle } from 'ipclab/ring'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { kinds } from '../../../ipc/ring/layout.ts'

/** What a consumer's `tune` changes: when it looks, and nothing of what it gets. */

const made = (kind: (typeof kinds)[number]): RingHandle =>
  create({
    kind,
    // Of records, bytes.
    capacity: 1024,
    ...(kind !== 'records' && { messageBytes: 8 }),
    ...(kind === 'mpsc' && { producers: 3 }),
  })

/** A message is sent, and one taken: its number, or `null`. */
function ends(handle: RingHandle, tune: 'latency' | 'throughput' | undefined) {
  const producer = attachProducer(handle)
  const consumer = attachConsumer(handle, { tune })
  const message = new Float64Array(1)
  return {
    send(number: number): void {
      message[0] = number
      if (!('push' in producer ? producer.push(message) : producer.pushBytes(message))) throw new Error('it is full')
    },
    take(): number | null {
      const taken = 'pop' in consumer ? consumer.pop(message) : consumer.popBytes(message) >= 0
      return taken ? (message[0] ?? null) : null
    },
  }
}

/** Idling is looking at a cell that is nobody's: in no shared memory. */
function idled(act: () => void): number {
  const load = vi.spyOn(Atomics, 'load').mockClear()
  act()
  return load.mock.calls.filter(([cells]) => cells.buffer instanceof ArrayBuffer).length
}

afterEach(() => void vi.restoreAllMocks())

describe.each(kinds)('%s:', (kind) => {
  test.each(['latency', 'throughput'] as const)('all messages come, and in order, to one tuned for %s', (tune) => {
    const { send, take } = ends(made(kind), tune)
    let [sent, taken] = [0, 0]
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < round % 12; i++) send(++sent)
      for (let one = take(); one !== null; one = take()) expect(one).toBe(++taken)
    }
    expect(taken).toBe(sent)
  })

  test('who does not ask for throughput does not idle', () => {
    const { send, take } = ends(made(kind), undefined)
    send(1)
    expect(idled(() => expect([take(), take(), take()]).toEqual([1, null, null]))).toBe(0)
  })

  test('who asks for it idles where there is nothing', () => {
    const { take } = ends(made(kind), 'throughput')
    expect(idled(() => take())).toBeGreaterThan(0)
  })
})

test('one of many lanes idles no longer than one of two', () => {
  const time = (producers: number): number => {
    const consumer = attachConsumer(create({ kind: 'mpsc', capacity: 4, messageBytes: 8, producers }), {
      tune: 'throughput',
    })
    return idled(() => expect(consumer.pop(new Float64Array(1))).toBe(false))
  }
  expect(time(100)).toBe(time(2))
})

test('a tune that there is not is refused', () => {
  expect(() => attachConsumer(made('spsc'), { tune: 'speed' as never })).toThrow(/no tune 'speed'.*latency, throughput/)
})
