import { attachConsumer, attachProducer, close, create, declareDead, type RingHandle } from 'ipclab/ring'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { laneOf } from '../../../ipc/ring/ends.ts'
import { READ, WRITTEN } from '../../../ipc/ring/layout.ts'
import { CLAIMED, FREE, FULL, phaseOf, STATES, state, TAKEN } from '../../../ipc/ring/mpmc-layout.ts'
import { startAt } from './positions.ts'
import { onAtomics } from './stress/hooks.ts'

/** Waiting in one thread: what is told before sleeping, which marks are left behind, and what ends a wait. */

const spsc = (capacity = 8) => create({ kind: 'spsc', capacity, messageBytes: 8 })
const one = (value = 0): Float64Array => Float64Array.of(value)

afterEach(() => vi.restoreAllMocks())

/** What stands in a lane's cell at the moment when somebody goes to sleep. */
function atSleep(look: () => void): void {
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    look()
    return 'ok'
  })
}

const marked = (handle: RingHandle, cell: number): boolean => {
  const { cells, at } = laneOf(handle, 0, handle.kind)
  return (Atomics.load(cells, at + cell) & 1) === 1
}

describe('before sleeping', () => {
  test('a producer tells of what it has held back, and a consumer gives back what it has read', () => {
    const handle = spsc(32)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    for (let i = 0; i < 31; i++) producer.push(one())
    producer.write(one())
    let seen = 0
    atSleep(() => {
      seen = consumer.popBatch(new Float64Array(32), 32)
    })
    expect(producer.wait({ spin: 0 })).toBe('ready')
    expect(seen).toBe(32)

    while (producer.push(one()));
    consumer.popBatch(new Float64Array(31), 31) // three more than it has given back
    declareDead(handle, 'producer')
    const next = attachProducer(handle)
    consumer.pop(one())
    let room = 0
    atSleep(() => {
      while (next.push(one())) room += 1
    })
    expect(consumer.wait({ spin: 0 })).toBe('ready')
    expect(room).toBe(32)
  })

  test('a mark is set, and taken away when the wait is over', () => {
    const handle = spsc()
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const marks: boolean[] = []
    atSleep(() => marks.push(marked(handle, WRITTEN), marked(handle, READ)))
    consumer.wait({ spin: 0, timeout: 1 })
    while (producer.push(one()));
    atSleep(() => marks.push(marked(handle, WRITTEN), marked(handle, READ)))
    producer.wait({ spin: 0, timeout: 1 })
    expect(marks.slice(0, 2)).toEqual([true, false])
    expect(marks.slice(-2)).toEqual([false, true])
    expect([marked(handle, WRITTEN), marked(handle, READ)]).toEqual([false, false])
  })

  test('what came between the look and the mark is seen, and nobody sleeps', () => {
    for (const event of [close, (handle: RingHandle) => declareDead(handle, 'producer')]) {
      const handle = spsc()
      attachProducer(handle)
      const consumer = attachConsumer(handle)
      const sleep = vi.spyOn(Atomics, 'wait')
      const exchange = Atomics.compareExchange.bind(Atomics) as typeof Atomics.compareExchange
      // The producer closes, or dies, just before the consumer marks that it sleeps.
      vi.spyOn(Atomics, 'compareExchange').mockImplementationOnce((...all: Parameters<typeof exchange>) => {
        event(handle)
        return exchange(...all)
      })
      expect(consumer.wait({ spin: 0 })).toBe(event === close ? 'closed' : 'peer dead')
      expect(sleep).not.toHaveBeenCalled()
      vi.restoreAllMocks()
    }
  })

  test('nobody sleeps for longer than a tenth of a second without looking', () => {
    const consumer = attachConsumer(spsc())
    const timeouts: unknown[] = []
    vi.spyOn(Atomics, 'wait').mockImplementation((...all: unknown[]) => {
      timeouts.push(all[3])
      if (timeouts.length === 3) consumer.detach()
      return 'timed-out'
    })
    expect(consumer.wait()).toBe('closed')
    expect(timeouts).toEqual([100, 100, 100])
  })
})

describe('awaiting', () => {
  test('a message, room, the end', async () => {
    const handle = spsc(1)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const got = one()
    const coming = consumer.popAsync(got)
    expect(await producer.pushAsync(one(1))).toBe('ready')
    expect([await coming, got[0]]).toEqual(['ready', 1])
    producer.push(one(2))
    const sending = producer.pushAsync(one(3))
    consumer.pop(got)
    consumer.giveBack()
    expect(await sending).toBe('ready')
    expect(await producer.pushAsync(one(4), { timeout: 5 })).toBe('timed out')
    const refused = producer.pushAsync(one(4))
    consumer.close()
    expect(await refused).toBe('closed')
  })

  test('is given up by a signal, with its reason, and leaves no mark', async () => {
    const handle = spsc()
    const consumer = attachConsumer(handle)
    const stop = new AbortController()
    const remove = vi.spyOn(stop.signal, 'removeEventListener')
    const waiting = consumer.waitAsync({ signal: stop.signal })
    expect(marked(handle, WRITTEN)).toBe(true)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(marked(handle, WRITTEN)).toBe(false)
    expect(remove).toHaveBeenCalled()
    await expect(consumer.waitAsync({ signal: stop.signal })).rejects.toThrow('enough')
  })

  test.each(['spsc', 'mpsc'] as const)('of %s: who gives up takes nobody else’s mark away', async (kind) => {
    const handle = create({ kind, capacity: 8, messageBytes: 8, ...(kind === 'mpsc' ? { producers: 2 } : {}) })
    const consumer = attachConsumer(handle)
    const stop = new AbortController()
    const first = consumer.waitAsync({ signal: stop.signal })
    stop.abort(new Error('enough'))
    const second = consumer.waitAsync()
    await expect(first).rejects.toThrow('enough')
    expect(marked(handle, WRITTEN)).toBe(true)
    const before = performance.now()
    attachProducer(handle as RingHandle<'spsc'>).push(one())
    expect(await second).toBe('ready')
    expect(performance.now() - before).toBeLessThan(90) // and not by looking now and then
    expect(marked(handle, WRITTEN)).toBe(false)
  })

  test('goes on where Atomics.waitAsync is missing', async () => {
    const waitAsync = Atomics.waitAsync
    Object.assign(Atomics, { waitAsync: undefined })
    try {
      const handle = spsc(1)
      const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
      setTimeout(() => producer.push(one(1)), 5)
      expect(await consumer.waitAsync()).toBe('ready')
      const stop = new AbortController()
      setTimeout(() => stop.abort(new Error('enough')), 5)
      await expect(producer.waitAsync({ signal: stop.signal })).rejects.toThrow('enough')
    } finally {
      Object.assign(Atomics, { waitAsync })
    }
  })

  test('a stream that never dries up lets timers and signals have their turn', async () => {
    const handle = spsc(64)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const signal = AbortSignal.timeout(15)
    const endless = async (): Promise<void> => {
      while (producer.push(one()));
      for await (const _ of consumer.messages({ signal })) producer.push(one())
    }
    await expect(endless()).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('records come with their tags, until the end', async () => {
    const handle = create({ kind: 'records', capacity: 128 })
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const sending = (async () => {
      for (let i = 0; i < 20; i++) await producer.pushBytesAsync(new Uint8Array(i * 2).fill(i), { tag: -i })
      producer.close()
    })()
    const got: number[][] = []
    for await (const record of consumer) got.push([record.length, record.at(-1) ?? 0, consumer.tag])
    await sending
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => [i * 2, i, 0 - i]))
  })
})

test.each([Number.NaN, -1, '5'])('a timeout, or a spin, of %j is refused', async (bad) => {
  const consumer = attachConsumer(spsc())
  const refused = expect.objectContaining({ code: 'bad argument' })
  expect(() => consumer.wait({ timeout: bad as number })).toThrow(refused)
  expect(() => consumer.wait({ spin: bad as number })).toThrow(refused)
  await expect(consumer.waitAsync({ timeout: bad as number })).rejects.toEqual(refused)
  await expect(consumer.popAsync(one(), { timeout: bad as number })).rejects.toEqual(refused)
})

describe('many to many: an end dies', () => {
  const ring = () => {
    const handle = create({ kind: 'mpmc', capacity: 2, messageBytes: 8 })
    return {
      handle,
      cells: new Int32Array(handle.memory),
      dead: attachProducer(handle),
      consumer: attachConsumer(handle),
    }
  }

  test('while it writes: its slot is void, others go round it, and nobody waits', () => {
    const { handle, cells, dead, consumer } = ring()
    const producer = attachProducer(handle)
    producer.push(one(1))
    // As it stands when a producer is terminated between claiming a slot and publishing it.
    cells[STATES + 1] = state(0, CLAIMED, dead.number)
    consumer.pop(one())
    producer.push(one(3))
    expect(consumer.pop(one())).toBe(false)
    expect(consumer.wait({ timeout: 0 })).toBe('timed out')
    declareDead(handle, 'producer', dead.number)
    expect(consumer.wait({ timeout: 0 })).toBe('ready')
    const got = one()
    expect([consumer.pop(got), got[0], consumer.pop(got)]).toEqual([true, 3, false])
    for (let i = 0; i < 5; i++) expect([producer.push(one(i)), consumer.pop(got), got[0]]).toEqual([true, true, i])
  })

  test('before it has woken who sleeps on what it has sent: the burial wakes', async () => {
    const { handle, cells, dead, consumer } = ring()
    const { sleeps, restore } = onAtomics(() => {})
    const sleeping = consumer.waitAsync()
    cells[STATES] = state(0, FULL, 0)
    declareDead(handle, 'producer', dead.number)
    const woken = await sleeping
    restore()
    expect({ woken, ...sleeps }).toEqual({ woken: 'ready', timedOut: 0 })
  })

  test('while it reads: its slot is free, and its message is gone', () => {
    const { handle, cells, dead: producer, consumer } = ring()
    const reader = attachConsumer(handle)
    producer.push(one(1))
    producer.push(one(2))
    cells[STATES] = state(0, TAKEN, consumer.number)
    expect(producer.push(one(3))).toBe(false)
    declareDead(handle, 'consumer', consumer.number)
    expect(phaseOf(cells[STATES] as number)).toBe(FREE)
    expect(producer.push(one(3))).toBe(true)
    const got = new Float64Array(3)
    const all = [0, 1, 2].map((i) => reader.pop(got.subarray(i)))
    expect({ all, got: [...got] }).toEqual({ all: [true, true, false], got: [2, 3, 0] })
  })

  test('an end is buried by one at a time: a second touches nothing', () => {
    const { handle, cells, dead } = ring()
    cells[STATES] = state(0, CLAIMED, dead.number)
    const load = Atomics.load.bind(Atomics) as typeof Atomics.load
    let fresh = 0
    // A second one comes when the first has seen whose the slot is, and waits until all is over and the number has a new owner.
    vi.spyOn(Atomics, 'load').mockImplementation((...all: Parameters<typeof load>) => {
      if (all[1] === STATES && fresh === 0) {
        fresh = -1
        declareDead(handle, 'producer', dead.number)
        fresh = attachProducer(handle).number
        expect(fresh).not.toBe(dead.number)
      }
      return load(...all)
    })
    declareDead(handle, 'producer', dead.number)
    vi.restoreAllMocks()
    expect(attachProducer(handle).number).toBe(dead.number)
  })

  test('closing while the ring is full, at the wrap of all tickets', () => {
    const handle = startAt(create({ kind: 'mpmc', capacity: 4, messageBytes: 8 }), 2 ** 32 - 2)
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    for (let i = 0; i < 4; i++) producer.push(one(i))
    producer.close()
    const got = one()
    for (let i = 0; i < 4; i++) expect([consumer.pop(got), got[0]]).toEqual([true, i])
    expect([consumer.pop(got), consumer.ended, attachConsumer(handle).wait()]).toEqual([false, true, 'closed'])
    expect(attachProducer(handle).wait()).toBe('closed')
  })
})
