import { attachConsumer, attachProducer, create, type SpscConsumer, type SpscProducer } from 'ipclab/ring'
import { describe, expect, test } from 'vitest'

function pair(capacity: number, messageBytes = 8): { producer: SpscProducer; consumer: SpscConsumer } {
  const handle = create({ kind: 'spsc', capacity, messageBytes })
  return { producer: attachProducer(handle), consumer: attachConsumer(handle) }
}

describe('one producer, one consumer', () => {
  test('what is pushed is popped, in order, and no more than there is room for', () => {
    const { producer, consumer } = pair(4)
    const message = new Float64Array(1)
    const sent: number[] = []
    for (let i = 0; i < 6; i++) {
      message[0] = i
      if (producer.push(message)) sent.push(i)
    }
    expect(sent).toEqual([0, 1, 2, 3])
    const got: number[] = []
    while (consumer.pop(message)) got.push(message[0] ?? -1)
    expect(got).toEqual(sent)
  })

  test('what is written is seen when it is flushed', () => {
    const { producer, consumer } = pair(32)
    const message = Float64Array.of(7)
    producer.write(message)
    expect(consumer.pop(message)).toBe(false)
    producer.flush()
    expect(consumer.pop(message)).toBe(true)
  })

  test('after close what was sent is read, and then it has ended', async () => {
    const { producer, consumer } = pair(4)
    producer.push(Float64Array.of(1))
    producer.close()
    expect(producer.push(Float64Array.of(2))).toBe(false)
    expect(consumer.ended).toBe(false)
    const got: number[] = []
    for await (const message of consumer) got.push(new Float64Array(message.buffer)[0] ?? -1)
    expect(got).toEqual([1])
    expect(consumer.ended).toBe(true)
  })
})
