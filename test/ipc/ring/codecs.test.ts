import fc from 'fast-check'
import { attachConsumer, attachProducer, create, popJson, popText, pushJson, pushText, struct } from 'ipclab/ring'
import { describe, expect, test } from 'vitest'

describe('structs', () => {
  const Order = struct({ side: 'u8', id: 'u64', size: 'i16', price: 'f64', level: 'i32', kind: 'i8' })

  test('are laid out as C lays them out', () => {
    expect(Order.offsets).toEqual({ side: 0, id: 8, size: 16, price: 24, level: 32, kind: 36 })
    expect(Order.byteLength).toBe(40)
    expect(struct({ a: 'u8', b: 'u8', c: 'u16' }).byteLength).toBe(4)
    expect(struct({ a: 'u32', b: 'u8' }).byteLength).toBe(8)
  })

  test('go through a ring as copies, and in place', () => {
    const handle = create({ kind: 'spsc', capacity: 4, messageBytes: Order.byteLength })
    const [producer, consumer] = [attachProducer(handle), attachConsumer(handle)]
    const [out, back] = [Order.make(), Order.make()]
    const here = Order.over(producer.data, producer.offset)
    const there = Order.over(consumer.data)
    for (let i = 0; i < 10; i++) {
      Object.assign(out, { side: i, id: BigInt(i) << 60n, size: -i, price: i / 3, level: -i * 1e8, kind: -i })
      expect(producer.push(Order.bytes(out))).toBe(true)
      producer.claim()
      Order.move(here, producer.offset)
      here.price = i + 0.5
      here.id = 2n ** 64n - 1n
      producer.publish()

      consumer.pop(Order.bytes(back))
      expect({ ...pick(back) }).toEqual({ ...pick(out) })
      expect(consumer.readable()).toBe(1)
      Order.move(there, consumer.offset)
      expect([there.price, there.id]).toEqual([i + 0.5, 2n ** 64n - 1n])
      consumer.consume()
    }
  })

  const pick = ({ side, id, size, price, level, kind }: ReturnType<typeof Order.make>) => ({
    side,
    id,
    size,
    price,
    level,
    kind,
  })

  test('of any fields keep them apart, and read what DataView reads', () => {
    const types = ['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'f32', 'i64', 'u64', 'f64'] as const
    const read = (view: DataView, type: (typeof types)[number], at: number): number | bigint => {
      const methods = { i: 'Int', u: 'Uint', f: 'Float' } as const
      const bits = type.slice(1)
      const name = `get${bits === '64' && type[0] !== 'f' ? 'Big' : ''}${methods[type[0] as 'i']}${bits}`
      return (view[name as 'getInt16'] as (at: number, little: boolean) => number)(...([at, true] as const)) as number
    }
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 9 }),
        fc.nat({ max: 3 }),
        (fields, nth) => {
          const one = struct(Object.fromEntries(fields.map((type, i) => [`f${i}`, type])))
          const memory = new Uint8Array(one.byteLength * 4)
          const values = one.over(memory, one.byteLength * nth) as Record<string, number | bigint>
          for (const [i, type] of fields.entries())
            values[`f${i}`] = /64/.test(type) && type !== 'f64' ? BigInt(i + 1) : i + 1
          const view = new DataView(memory.buffer)
          for (const [i, type] of fields.entries()) {
            expect(Number(values[`f${i}`])).toBe(i + 1)
            const at = one.byteLength * nth + (one.offsets[`f${i}`] as number)
            expect(Number(read(view, type, at))).toBe(i + 1)
          }
          expect(memory.subarray(0, one.byteLength * nth).every((byte) => byte === 0)).toBe(true)
          expect(memory.subarray(one.byteLength * (nth + 1)).every((byte) => byte === 0)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('refuse what they cannot be', () => {
    const bad = (what: () => unknown, why: RegExp) => {
      expect(what).toThrow(expect.objectContaining({ name: 'RingError', code: 'bad argument' }))
      expect(what).toThrow(why)
    }
    bad(() => struct({}), /at least one field/)
    bad(() => struct({ a: 'u128' as 'u64' }), /'a' is of no type 'u128'/)
    bad(() => struct({ a: 'toString' as 'u64' }), /of no type/)
    bad(() => Order.over(new Uint8Array(39)), /has 39 bytes, and the fields need/)
    bad(() => Order.over(new Uint8Array(80), 41), /multiple of 8 up to 40/)
    bad(() => Order.over(new Uint8Array(80), Number.NaN), /not at NaN/)
    bad(() => Order.over(new Uint8Array(new ArrayBuffer(80), 4)), /begins at byte 4/)
    bad(() => Order.over(new ArrayBuffer(80) as unknown as Uint8Array), /typed array/)
    bad(() => Order.move({} as ReturnType<typeof Order.make>, 0), /no fields/)
  })
})

describe('text and JSON', () => {
  const character = fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff)
  const anyText = fc.array(character, { maxLength: 30 }).map((codes) => String.fromCodePoint(...codes))

  const ring = (capacity = 4096) => {
    const handle = create({ kind: 'records', capacity })
    return { producer: attachProducer(handle), consumer: attachConsumer(handle) }
  }

  test('any string comes back, with its tag, in order', () => {
    const { producer, consumer } = ring()
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 5 }), (texts) => {
        for (const [tag, text] of texts.entries()) expect(pushText(producer, text, tag)).toBe(true)
        expect(texts.map(() => [popText(consumer), consumer.tag])).toEqual(texts.map((text, tag) => [text, tag]))
        expect(popText(consumer)).toBe(null)
      }),
      { numRuns: 30 },
    )
    pushText(producer, '\uFEFFa\uD800')
    expect(popText(consumer)).toBe('\uFEFFa\uFFFD')
  })

  test('any value of JSON comes back', () => {
    const { producer, consumer } = ring(65536)
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(pushJson(producer, value)).toBe(true)
        expect(popJson(consumer)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 60 },
    )
    expect(popJson(consumer)).toBe(undefined)
    expect(() => pushJson(producer, undefined)).toThrow('no word for undefined')
    pushText(producer, '{')
    expect(() => popJson(consumer)).toThrow(SyntaxError)
    expect(popJson(consumer)).toBe(undefined)
  })

  test('as long as a record may be, and no longer; and not when the ring is full', () => {
    const { producer, consumer } = ring(64)
    const { recordBytesMax } = producer
    expect(recordBytesMax).toBe(24)
    expect(() => pushText(producer, 'x'.repeat(25))).toThrow('up to 24 bytes')
    expect(() => pushText(producer, 'é'.repeat(13))).toThrow('up to 24 bytes')
    for (let i = 0; i < 2; i++) expect(pushText(producer, 'é'.repeat(12))).toBe(true)
    expect(pushText(producer, '')).toBe(false)
    expect(popText(consumer)).toBe('é'.repeat(12))
  })
})
