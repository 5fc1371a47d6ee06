import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { attachConsumer, attachProducer, close, create, watch } from 'ipclab/ring'
import { expect, test } from 'vitest'
import { sendValue, valuesFrom } from '../../explore/workers/pieces.ts'
import { root } from '../cli/cli.ts'

/** What workers report, through rings that are as small as they can be, and larger. */

const built = (path: string): string => JSON.stringify(join(root, '.build', path))
const SENDER = `
const { workerData: { ring, values } } = require('node:worker_threads')
Promise.all([import(${built('ipc/ring/index.js')}), import(${built('explore/workers/pieces.js')})]).then(
  ([{ attachProducer }, { sendValue }]) => {
    const producer = attachProducer(ring)
    for (const value of values) sendValue(producer, value)
    producer.close()
  },
)`

const values = fc.oneof(
  { weight: 3, arbitrary: fc.anything({ withNullPrototype: false, withSparseArray: true }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 50, maxLength: 500 }) },
  { weight: 1, arbitrary: fc.array(fc.nat(), { minLength: 200, maxLength: 20_000 }) },
)

async function all(ring: ReturnType<typeof small>): Promise<unknown[]> {
  const received: unknown[] = []
  for await (const value of valuesFrom(attachConsumer(ring))) received.push(value)
  return received
}

const small = (capacity = 1) => create({ kind: 'records', capacity })

test.each([1, 4096, 2 ** 17])('values come whole and in order through a ring of %i bytes', async (capacity) => {
  const ring = small(capacity)
  const sent = fc.sample(values, Number(process.env.RUNS ?? 100))
  watch(new Worker(SENDER, { eval: true, workerData: { ring, values: sent } }), ring)
  expect(await all(ring)).toStrictEqual(sent)
})

test('of a value whose sender died over it nothing is seen, and of those before all', async () => {
  const ring = small(1024)
  const producer = attachProducer(ring)
  expect(sendValue(producer, { whole: 'ä' })).toBe(true)
  close(ring)
  // As far as it comes: it sees that the ring is closed when that is full.
  expect(sendValue(producer, 'long'.repeat(1000))).toBe(false)
  expect(await all(ring)).toEqual([{ whole: 'ä' }])
})
